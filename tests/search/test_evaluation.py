"""The relevance measures on hand-made rankings, and collections read from folders."""

import gzip
import json

import pytest

from search.engines import temporary
from search.evaluation import agreeing, ask, figures, load, ndcg, recall, reciprocal_rank
from search.judgements import _with_years, read, read_pairs

GRADES = {"a": 3, "b": 1}


def test_ndcg_is_one_in_the_best_order_and_less_in_any_other():
    assert ndcg(["a", "b", "x"], GRADES) == pytest.approx(1)
    assert 0 < ndcg(["b", "a"], GRADES) < 1
    assert ndcg(["x"], GRADES) == ndcg([], GRADES) == ndcg(["a"], {}) == 0


def test_a_gain_doubles_with_each_grade():
    """2^grade − 1: 7 for an answer, 1 for a related text, discounted by the logarithm of the rank."""
    assert ndcg(["b"], GRADES) == pytest.approx(1 / (7 + 1 / 1.584962500721156))


def test_only_the_first_page_counts():
    late = [f"x{n}" for n in range(10)] + ["a"]
    assert ndcg(late, GRADES) == recall(late, GRADES) == reciprocal_rank(late, GRADES) == 0


def test_reciprocal_rank_and_recall():
    assert reciprocal_rank(["x", "b"], GRADES) == 0.5
    assert recall(["x", "b"], GRADES) == 0.5


@pytest.fixture
def folder(tmp_path):
    corpus = [
        {"id": "d1", "title": "除雪の記録", "text": "道路の除雪"},
        {"id": "d2", "title": "", "text": "引継ぎの記録"},
    ]
    questions = [{"id": "q1", "text": "除雪"}, {"id": "q2", "text": "引き継ぎ"}, {"id": "q3", "text": "判定なし"}]
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in corpus)
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("q1\td1\t3\nq2\td2\t2\n", encoding="utf-8")
    return tmp_path


def test_a_folder_with_a_corpus_is_self_contained(folder):
    judged = read(folder)
    with temporary() as engine:
        load(engine, judged)
        named_figures = figures(ask(engine, judged)).named()
        only_pairs = figures(ask(engine, judged, ("b",)))
    assert (
        named_figures["questions"],
        named_figures["ndcg@10"],
        named_figures["success@1"],
        named_figures["zero_hits"],
    ) == (2, 1, 1, 0)
    assert only_pairs.questions == 2


def test_pairs_with_an_unused_form_are_left_out(folder):
    table = folder / "pairs.tsv"
    table.write_text(
        "a\tb\tfield\tgroup\tn\tn\n引継ぎ\t引き継ぎ\t\t\t3\t1\n除雪\t除雪作業\t\t\t5\t2\n死語\t廃語\t\t\t0\t9\n"
    )
    assert read_pairs(table) == [("引継ぎ", "引き継ぎ"), ("除雪", "除雪作業")]
    with temporary() as engine:
        load(engine, read(folder))
        count, differ = agreeing(engine, [("引継ぎ", "引き継ぎ"), ("除雪", "引継ぎ"), ("死語", "廃語")])
    assert (count, differ) == (2, [("除雪", "引継ぎ")])


def test_a_question_names_the_year_of_its_document():
    years = {"one": 2019, "two": 2026}
    assert _with_years("{令和:one}年度 {R:two} {西暦:two}年度", years) == "令和元年度 R8 2026年度"


def test_without_answers_all_figures_are_zero():
    assert set(figures([]).named().values()) == {0}
