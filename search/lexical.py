"""A request's words → what an engine has to match and to score, and what to try where nothing does.

Several words mean AND; a sentence is ranked as OR with a minimum match; where AND finds nothing,
fewer words are tried. Pure but for the dictionary: the same request and synonyms give the same attempts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from search import ranking
from search.analysis import Analysis, analyse, bigrams, kana_reading, query_forms
from search.engines.base import Clause, Kind, Match, Scoring
from search.query import SearchRequest, Word
from search.spelling import respell

#: Each reviewed word, as forms, with the forms of the others of its group.
Groups = dict[tuple[str, ...], set[tuple[str, ...]]]

#: From so many words, with particles between them, a text is a sentence and not a list of nouns.
_SENTENCE_WORDS = 3
_MAX_ALTERNATIVES = 8
_MAX_SENTENCE_WORDS = 24
#: The dictionary may cut a word otherwise in a text (県庁について: 県, 庁), so its characters in a row match too. They
#: bring in 東京都 for 京都, but below what matches as a word: only the small weight of character pairs counts there.
_EXACT_FROM = 2


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to ask: how many of the clauses must match. `fewer` says that the reader asked for more.

    With fewer than `enough` hits the next way, a wider one, is tried too. `scoring` puts what matches in order.
    """

    clauses: tuple[Clause, ...]
    minimum: int
    fewer: bool = False
    enough: int = 1
    scoring: tuple[Scoring, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexical:
    """All that a request says about words."""

    attempts: tuple[Attempt, ...]
    required: tuple[Clause, ...]
    excluded: tuple[Clause, ...]
    sentence: bool
    ignored: tuple[str, ...]  # words of which nothing is left to look for (particles, signs)
    forms: frozenset[str]  # to mark in the texts that are shown
    typed: tuple[str, ...]  # respelled, to mark where no form matches


def lexical(request: SearchRequest, synonyms: Iterable[Collection[str]]) -> Lexical:
    """What to ask an engine for, in the order to try it."""
    groups = _groups(synonyms)
    wanted = [word for word in request.words if not word.excluded]
    analyses = {word: analyse(word.text) for word in wanted}
    sentence = _is_sentence(wanted, analyses)
    clauses: list[Clause] = []
    units: list[Clause] = []
    required: list[Clause] = []
    ignored: list[str] = []
    others: set[str] = set()
    for word in wanted:
        forms = query_forms(word.text)
        alternatives = [] if word.phrase else list(_alternatives(forms, groups))
        others.update(form for alternative in alternatives for form in alternative)
        clause = _clause(word, forms, alternatives)
        if not clause.any_of:
            ignored.append(word.text)
        elif word.phrase:
            required.append(clause)
        else:
            clauses.append(clause)
            units += _unit_clauses(forms, groups)
    excluded = [
        _clause(replace(word, phrase=True), query_forms(word.text), ()) for word in request.words if word.excluded
    ]
    tokens = frozenset(form for word in wanted for form in query_forms(word.text))
    own = tuple(_scoring(analyses, tokens))
    attempts = _sentence(units[:_MAX_SENTENCE_WORDS]) if sentence else _attempts(clauses, units)
    return Lexical(
        attempts=tuple(replace(one, scoring=(*own, *_synonyms(one, others - tokens))) for one in attempts),
        required=tuple(required),
        excluded=tuple(clause for clause in excluded if clause.any_of),
        sentence=sentence,
        ignored=tuple(ignored),
        forms=tokens | others,
        typed=tuple(respell(word.text).text for word in wanted),
    )


def _is_sentence(words: list[Word], analyses: dict[Word, Analysis]) -> bool:
    """Whether somebody wrote as they would ask a colleague: several words in one piece, held by particles."""
    return any(
        not word.phrase and len(analyses[word].a) >= _SENTENCE_WORDS and analyses[word].particles >= 2 for word in words
    )


def _clause(word: Word, forms: tuple[str, ...], alternatives: Collection[tuple[str, ...]]) -> Clause:
    """Every way in which one word may be written in a document."""
    text = respell(word.text).text
    ways: list[Match] = []
    if forms:
        ways.append(Match("a", forms, phrase=word.phrase))
    ways += [Match("a", alternative) for alternative in alternatives]
    pairs = tuple(bigrams(text))
    exact = len(text) >= _EXACT_FROM and text.isalnum() and pairs
    if (exact and not word.excluded) or (len(text) == 1 and pairs):  # one kanji: titles hold each of theirs alone
        ways.append(Match("b", pairs, phrase=True))
    if forms and (reading := kana_reading(word.text)):
        ways.append(Match("r", (reading,)))
    return Clause(tuple(ways))


def _unit_clauses(forms: tuple[str, ...], groups: Groups) -> Iterator[Clause]:
    """Each unit by itself. What holds a synonym of a reviewed word holds all units of that word: ひやり and ハット."""
    ways: dict[str, dict[Match, None]] = {form: {} for form in forms}
    for begin, end, other in _reviewed(forms, groups):
        for form in forms[begin:end]:
            ways[form][Match("a", other)] = None
    for form, others in ways.items():
        yield Clause((Match("a", (form,)), *islice(others, _MAX_ALTERNATIVES)))


def _sentence(units: list[Clause]) -> Iterator[Attempt]:
    """A third of its words, then fewer. Where some document holds the third, that is what was asked for."""
    first, *others = ranking.minimum_matches(len(units))
    yield Attempt(tuple(units), first, enough=ranking.ENOUGH_FOR_SENTENCE)
    for minimum in others:
        yield Attempt(tuple(units), minimum, fewer=True, enough=ranking.ENOUGH_FOR_SENTENCE)


def _attempts(clauses: list[Clause], units: list[Clause]) -> Iterator[Attempt]:
    count = len(clauses)
    close = tuple(map(_close, clauses))
    if close != tuple(clauses):
        yield Attempt(close, count, enough=ranking.ENOUGH_CLOSE)
    yield Attempt(tuple(clauses), count)
    for minimum in ranking.fewer(count):
        yield Attempt(tuple(clauses), minimum, fewer=True)
    if len(units) > count:  # 避難所運営訓練 as one word: 避難, 所, 運営, 訓練
        for minimum in ranking.fewer(len(units)):
            yield Attempt(tuple(units), minimum, fewer=True)


def _close(clause: Clause) -> Clause:
    """The same word with its units next to each other: 説明会, not 説明 here and 会 a page later."""
    return Clause(tuple(replace(way, phrase=True) if len(way.tokens) > 1 else way for way in clause.any_of))


def _scoring(analyses: dict[Word, Analysis], tokens: frozenset[str]) -> Iterator[Scoring]:
    found: dict[Kind, dict[str, None]] = {"a": dict.fromkeys(sorted(tokens)), "c": {}, "b": {}, "r": {}}
    for word, analysis in analyses.items():
        found["c"].update(dict.fromkeys(analysis.forms("c")))
        found["b"].update(dict.fromkeys(analysis.b))
        if reading := kana_reading(word.text):
            found["r"][reading] = None
    for kind, forms in found.items():
        if forms:
            yield Scoring(kind, tuple(forms), ranking.KIND_WEIGHTS[kind])


def _synonyms(attempt: Attempt, others: set[str]) -> Iterator[Scoring]:
    """What the synonyms add: more where a document may hold one of them and no other word that was asked for."""
    if others:
        alone = attempt.minimum < len(attempt.clauses)
        yield Scoring("a", tuple(sorted(others)), ranking.SYNONYM_ALONE if alone else ranking.SYNONYM_WEIGHT)


# --- synonyms -----------------------------------------------------------------------------------


def _groups(synonyms: Iterable[Collection[str]]) -> Groups:
    """Each reviewed word, as forms, with the forms of the others of its group."""
    table: Groups = {}
    for group in synonyms:
        members = {forms for word in group if (forms := query_forms(word))}
        for forms in members:
            table.setdefault(forms, set()).update(members - {forms})
    return table


def _alternatives(forms: tuple[str, ...], table: Groups) -> Iterator[tuple[str, ...]]:
    """The word again with a reviewed part of it replaced by each of its synonyms."""
    for begin, end, other in islice(_reviewed(forms, table), _MAX_ALTERNATIVES):
        yield forms[:begin] + other + forms[end:]


def _reviewed(forms: tuple[str, ...], table: Groups) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a reviewed word begins and ends, and one of its synonyms; longer words first."""
    for size in range(min(len(forms), max(map(len, table), default=0)), 0, -1):
        for begin in range(len(forms) - size + 1):
            for other in sorted(table.get(forms[begin : begin + size], ())):
                yield begin, begin + size, other
