"""Relevance figures of judged questions, and the minimum that no change may go below (floors.toml).

The demo's questions need the demo's data in the database. The development sets are outside the repository; without them
their tests are skipped, with one visible line. Each set is analysed and indexed once, with the configured engine.
"""

import json
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command
from wagtail.models import Collection

from demo.load import load as load_demo
from search.engines import temporary
from search.evaluation import agreeing, ask, figures, load
from search.judgements import JudgedDocumentsMissing, read, read_pairs

HERE = Path(__file__).parent
FLOORS = tomllib.loads((HERE / "floors.toml").read_text(encoding="utf-8"))
#: The figures of plain BM25 are known for this many questions of each set.
FIRST = {"jsquad_valid": None, "togikai_qa": 4500}


def below(figures_by_name, floors):
    return {name: (figures_by_name[name], floor) for name, floor in floors.items() if figures_by_name[name] < floor}


@pytest.mark.slow
@pytest.mark.django_db
def test_questions_about_the_demo(capsys):
    # Wagtail's migration creates it, and tests run without migrations.
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    load_demo("small", lambda *_: None)
    judged = read(HERE)
    with temporary() as engine:
        load(engine, judged)
        answers = ask(engine, judged)
    kinds = {answer.question.kind for answer in answers}
    by_kind = {kind: figures([a for a in answers if a.question.kind == kind]).ndcg for kind in kinds}
    floors = dict(FLOORS["relevance"])
    assert below(by_kind, floors.pop("kinds")) == {}
    assert below(figures(answers).named(), floors) == {}
    assert figures(answers).zero_hits == 0

    call_command("search_evaluate", str(HERE), "--json", "--first", "5")
    printed = json.loads(capsys.readouterr().out)["relevance"]
    assert set(printed) == {
        "engine",
        "questions",
        "ndcg@10",
        "recall@10",
        "mrr@10",
        "success@1",
        "zero_hits",
        "p50_ms",
        "p95_ms",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", FIRST)
def test_development_sets(shared_data, name):
    judged = read(shared_data / "relevance" / name, FIRST[name])
    floors = dict(FLOORS[name])
    least = floors.pop("variants_agree", None)
    with temporary() as engine:
        load(engine, judged)
        assert below(figures(ask(engine, judged)).named(), floors) == {}
        if least is not None:
            pairs = read_pairs(shared_data / "relevance" / "variants" / "orthographic_dev.tsv")
            count, differ = agreeing(engine, pairs)
            assert 1 - len(differ) / count >= least, differ


def rows():
    return [json.loads(line) for line in (HERE / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


def judgements():
    return [line.split("\t") for line in (HERE / "qrels.tsv").read_text(encoding="utf-8").splitlines()]


def test_every_kind_of_question_is_present():
    kinds = [row["kind"] for row in rows()]
    assert len(kinds) >= 100
    assert min(map(kinds.count, set(kinds))) >= 10
    assert set(FLOORS["relevance"]["kinds"]) == set(kinds)


def test_each_question_is_judged_once_with_grades_one_to_three():
    ids = [row["id"] for row in rows()]
    assert len(ids) == len(set(ids))
    pairs = [(question, document) for question, document, _ in judgements()]
    assert len(pairs) == len(set(pairs))
    assert {question for question, _ in pairs} == set(ids)
    assert {grade for *_, grade in judgements()} == {"1", "2", "3"}


@pytest.mark.django_db
def test_without_the_demo_the_command_fails_with_a_message():
    with pytest.raises(JudgedDocumentsMissing):
        read(HERE)
