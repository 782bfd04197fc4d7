"""Makes a plan from the words of a request: the clauses to match, the tokens to score, and the attempts in order.

Several words are joined with AND. A sentence is joined with OR and needs a minimum number of matches. If AND finds
nothing, fewer words are required. Apart from the dictionary, the functions are pure: the same request and synonyms
always give the same plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from search import ranking
from search.analysis import Analysis, analyse, bigrams, kana_reading, query_forms
from search.engines.base import Clause, Match, Scoring, TokenKind
from search.normalization import normalize
from search.query import SearchRequest, Word

#: The short units of one word or of one synonym.
Forms = tuple[str, ...]
#: Each word with reviewed synonyms → the other words of its synonym groups.
SynonymTable = dict[Forms, set[Forms]]

#: A text with at least this many words and with particles between them is a sentence. A shorter text, or a text without
#: particles, is a list of nouns.
_SENTENCE_WORDS = 3
_MAX_ALTERNATIVES = 8
_MAX_SENTENCE_WORDS = 24
#: In a text, the dictionary may cut a word differently (県庁について: 県, 庁). So a text with the same characters in a row
#: matches, too. These characters also match where the word is not meant (東京都 for 京都). Such a match gets a lower rank
#: than a match of the word, because it scores only with the small weight of bigrams.
_EXACT_FROM = 2


@dataclass(frozen=True, slots=True)
class AnalysedWord:
    """One word of a request, with everything that is derived from its text."""

    text: str  # normalised
    phrase: bool
    excluded: bool
    analysis: Analysis
    forms: Forms
    bigrams: Forms
    reading: str  # in katakana; only if the word consists of kana


@dataclass(frozen=True, slots=True)
class Attempt:
    """One query that is tried. At least `minimum` of the clauses must match. `scoring` orders the documents that match.

    If there are fewer than `enough` hits, the next, wider attempt is made. `fewer` is True if the attempt requires less
    than the reader asked for.
    """

    clauses: tuple[Clause, ...]
    minimum: int
    fewer: bool = False
    enough: int = 1
    scoring: tuple[Scoring, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Everything that search needs to know about the words of a request."""

    attempts: tuple[Attempt, ...]
    required: tuple[Clause, ...]
    excluded: tuple[Clause, ...]
    sentence: bool
    ignored: tuple[str, ...]  # words that contain no token to search for (particles, punctuation)
    forms: frozenset[str]  # to highlight in the texts that are shown
    typed: tuple[str, ...]  # normalised; these words are highlighted if no form matches


@dataclass(frozen=True, slots=True)
class _PlannedWord:
    """A word with its alternatives by synonym. The clause matches any of them."""

    word: AnalysedWord
    alternatives: tuple[Forms, ...]
    clause: Clause


def plan_query(request: SearchRequest, synonyms: Iterable[Collection[str]]) -> QueryPlan:
    """Returns the plan of a request. Its attempts must be made in order."""
    table = _synonym_table(synonyms)
    required_words = [word for word in request.words if not word.excluded]
    words = [_analyse_word(word) for word in required_words]
    planned = [_plan_word(word, table) for word in words]
    optional = [entry for entry in planned if entry.clause.any_of and not entry.word.phrase]
    clauses = [entry.clause for entry in optional]
    units = [clause for entry in optional for clause in _unit_clauses(entry.word.forms, table)]
    sentence = any(_is_sentence(word) for word in words)
    attempts = _sentence_attempts(units[:_MAX_SENTENCE_WORDS]) if sentence else _word_attempts(clauses, units)
    forms = frozenset(form for word in words for form in word.forms)
    synonym_forms = {form for entry in planned for alternative in entry.alternatives for form in alternative}
    scoring = tuple(_word_scoring(words, forms))
    excluded = [_excluding_clause(_analyse_word(word)) for word in request.words if word.excluded]
    return QueryPlan(
        attempts=tuple(
            replace(attempt, scoring=(*scoring, *_synonym_scoring(attempt, synonym_forms - forms)))
            for attempt in attempts
        ),
        required=tuple(entry.clause for entry in planned if entry.clause.any_of and entry.word.phrase),
        excluded=tuple(clause for clause in excluded if clause.any_of),
        sentence=sentence,
        ignored=tuple(
            word.text for word, entry in zip(required_words, planned, strict=True) if not entry.clause.any_of
        ),
        forms=forms | synonym_forms,
        typed=tuple(word.text for word in words),
    )


def _analyse_word(word: Word) -> AnalysedWord:
    text = normalize(word.text).text
    return AnalysedWord(
        text=text,
        phrase=word.phrase,
        excluded=word.excluded,
        analysis=analyse(word.text),
        forms=query_forms(word.text),
        bigrams=tuple(bigrams(text)),
        reading=kana_reading(word.text),
    )


def _plan_word(word: AnalysedWord, table: SynonymTable) -> _PlannedWord:
    alternatives = () if word.phrase else tuple(_alternatives(word.forms, table))
    return _PlannedWord(word, alternatives, _clause(word, alternatives))


def _excluding_clause(word: AnalysedWord) -> Clause:
    """Returns the clause of an excluded word.

    The word excludes only documents that contain it as typed: synonyms are not used, and its units must be next to each
    other.
    """
    return _clause(replace(word, phrase=True), ())


def _is_sentence(word: AnalysedWord) -> bool:
    """Whether the reader wrote a sentence: several words without spaces, with particles between them."""
    return not word.phrase and len(word.analysis.units) >= _SENTENCE_WORDS and word.analysis.particles >= 2


def _clause(word: AnalysedWord, alternatives: Collection[Forms]) -> Clause:
    """Returns a clause with every way in which a document may write this word."""
    matches: list[Match] = []
    if word.forms:
        matches.append(Match(TokenKind.UNIT, word.forms, phrase=word.phrase))
    matches += [Match(TokenKind.UNIT, alternative) for alternative in alternatives]
    exact = len(word.text) >= _EXACT_FROM and word.text.isalnum() and not word.excluded
    one_kanji = len(word.text) == 1  # a title also stores each of its kanji as a separate token
    if word.bigrams and (exact or one_kanji):
        matches.append(Match(TokenKind.BIGRAM, word.bigrams, phrase=True))
    if word.forms and word.reading:
        matches.append(Match(TokenKind.READING, (word.reading,)))
    return Clause(tuple(matches))


def _unit_clauses(forms: Forms, table: SynonymTable) -> Iterator[Clause]:
    """Returns a clause for each unit of a word.

    If a part of the word has a reviewed synonym, the synonym also matches for each unit of this part (ひやり, ハット).
    """
    alternatives: dict[str, dict[Match, None]] = {form: {} for form in forms}
    for begin, end, synonym in _synonyms_within(forms, table):
        for form in forms[begin:end]:
            alternatives[form][Match(TokenKind.UNIT, synonym)] = None
    for form, matches in alternatives.items():
        yield Clause((Match(TokenKind.UNIT, (form,)), *islice(matches, _MAX_ALTERNATIVES)))


# --- attempts -----------------------------------------------------------------------------------


def _sentence_attempts(units: Sequence[Clause]) -> Iterator[Attempt]:
    """Returns the attempts for a sentence. The first attempt requires a third of the words. Each later attempt requires
    fewer words.

    An attempt with fewer words is made only if the attempt before had too few hits.
    """
    first, *others = ranking.minimum_matches(len(units))
    yield Attempt(tuple(units), first, enough=ranking.ENOUGH_FOR_SENTENCE)
    for minimum in others:
        yield Attempt(tuple(units), minimum, fewer=True, enough=ranking.ENOUGH_FOR_SENTENCE)


def _word_attempts(clauses: Sequence[Clause], units: Sequence[Clause]) -> Iterator[Attempt]:
    """Returns the attempts for words, in order: all words with their units adjacent, all words, fewer words, fewer
    units."""
    count = len(clauses)
    adjacent = tuple(map(_adjacent, clauses))
    if adjacent != tuple(clauses):
        yield Attempt(adjacent, count, enough=ranking.ENOUGH_CLOSE)
    yield Attempt(tuple(clauses), count)
    for minimum in ranking.fewer(count):
        yield Attempt(tuple(clauses), minimum, fewer=True)
    if len(units) > count:  # 避難所運営訓練 typed as one word: 避難, 所, 運営, 訓練
        for minimum in ranking.fewer(len(units)):
            yield Attempt(tuple(units), minimum, fewer=True)


def _adjacent(clause: Clause) -> Clause:
    """Returns a clause for the same word with adjacent units. With this clause, 説明会 does not match a text that
    contains 説明 here and 会 a page later."""
    return Clause(tuple(replace(match, phrase=True) if len(match.tokens) > 1 else match for match in clause.any_of))


# --- scoring ------------------------------------------------------------------------------------


def _word_scoring(words: Sequence[AnalysedWord], forms: frozenset[str]) -> Iterator[Scoring]:
    tokens: dict[TokenKind, dict[str, None]] = {
        TokenKind.UNIT: dict.fromkeys(sorted(forms)),
        TokenKind.COMPOUND: {},
        TokenKind.BIGRAM: {},
        TokenKind.READING: {},
    }
    for word in words:
        tokens[TokenKind.COMPOUND].update(dict.fromkeys(word.analysis.forms(TokenKind.COMPOUND)))
        tokens[TokenKind.BIGRAM].update(dict.fromkeys(word.analysis.bigrams))
        if word.reading:
            tokens[TokenKind.READING][word.reading] = None
    for kind, unique in tokens.items():
        if unique:
            yield Scoring(kind, tuple(unique), ranking.KIND_WEIGHTS[kind])


def _synonym_scoring(attempt: Attempt, synonym_forms: set[str]) -> Iterator[Scoring]:
    """Returns the scoring of the synonyms.

    The weight is higher if a document may match by a synonym although another word of the request is missing.
    """
    if synonym_forms:
        alone = attempt.minimum < len(attempt.clauses)
        weight = ranking.SYNONYM_ALONE if alone else ranking.SYNONYM_WEIGHT
        yield Scoring(TokenKind.UNIT, tuple(sorted(synonym_forms)), weight)


# --- synonyms -----------------------------------------------------------------------------------


def _synonym_table(synonyms: Iterable[Collection[str]]) -> SynonymTable:
    table: SynonymTable = {}
    for group in synonyms:
        members = {forms for word in group if (forms := query_forms(word))}
        for forms in members:
            table.setdefault(forms, set()).update(members - {forms})
    return table


def _alternatives(forms: Forms, table: SynonymTable) -> Iterator[Forms]:
    """Returns the word several times. In each result, a part that has reviewed synonyms is replaced by a synonym."""
    for begin, end, synonym in islice(_synonyms_within(forms, table), _MAX_ALTERNATIVES):
        yield forms[:begin] + synonym + forms[end:]


def _synonyms_within(forms: Forms, table: SynonymTable) -> Iterator[tuple[int, int, Forms]]:
    """Returns (begin, end, synonym) for each part of `forms` that has reviewed synonyms. Longer parts are first."""
    for size in range(min(len(forms), max(map(len, table), default=0)), 0, -1):
        for begin in range(len(forms) - size + 1):
            for synonym in sorted(table.get(forms[begin : begin + size], ())):
                yield begin, begin + size, synonym
