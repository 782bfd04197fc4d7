"""What the page of each type of kb shows besides the frame of an item, trimmed to the reader (Item.PAGE_CONTEXT)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.http import HttpRequest

from kb.formats.loading import Fact, Format
from kb.lifecycle import challenges
from kb.models import Challenge, Item, Lesson, Retrospective
from kb.models.states import State
from organization.fiscal import era_date
from organization.requests import person_of


def lesson(request: HttpRequest, item: Lesson) -> dict[str, Any]:
    sources = list(item.sources.select_related("retrospective"))
    visible = Item.objects.visible_to(request.user).filter(pk__in=[source.retrospective_id for source in sources])
    readable = set(visible.values_list("pk", flat=True))
    return {
        "sources": [(source, source.retrospective_id in readable) for source in sources],
        "parts": item.markdown_parts(),
        "successor": item.successor() if item.state == State.SUPERSEDED else None,
    }


def challenge(request: HttpRequest, item: Challenge) -> dict[str, Any]:
    person = person_of(request)
    lookbacks = Retrospective.objects.visible_to(request.user).filter(looks_back_on=item, state=State.PUBLISHED)
    return {
        "parts": item.markdown_parts(),
        "moves": challenges.transitions_for(challenge=item, person=person),
        "outcomes": Challenge.Outcome.choices,
        "lookback": lookbacks.order_by("pk").first(),
        "stages": Challenge.Stage.choices,
    }


def retrospective(request: HttpRequest, item: Retrospective) -> dict[str, Any]:
    format = item.format_file
    drawn: dict[str, list[Lesson]] = {}
    lessons = Lesson.objects.visible_to(request.user).filter(sources__retrospective=item)
    for lesson in lessons.annotate(drawn_from=F("sources__answer_uid")).order_by("pk"):
        drawn.setdefault(str(lesson.drawn_from), []).append(lesson)
    challenge = (
        Challenge.objects.visible_to(request.user).filter(pk=item.looks_back_on_id) if item.looks_back_on_id else None
    )
    answers = [
        {
            "answer": answer,
            "label": _label(format, answer.section_key),
            "prompt": item.prompts.get(answer.section_key, ""),
            "lessons": drawn.get(str(answer.uid), []),
        }
        for answer in item.answers.all()
    ]
    return {
        "format": format,
        "answers": answers,
        "facts": _facts(format, item.facts),
        "next_actions": item.next_actions.all(),
        # What the reader may not open is not named either.
        "challenge": challenge.first() if challenge is not None else None,
        "addenda": item.addenda.all(),
        "co_creation": item.rendered.get("co_creation_note", ""),
    }


def _label(format: Format | None, key: str) -> str:
    section = format.section(key) if format else None
    return section.label if section else key


def _facts(format: Format | None, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of the format in words: labels of choices, rows as a table."""
    shown: list[dict[str, Any]] = []
    for fact in format.facts if format else ():
        value = facts.get(fact.key)
        if value in (None, "", []):
            continue
        if fact.type == "rows":
            rows = [[_in_words(column, row.get(column.key)) for column in fact.columns] for row in value]
            shown.append({"label": fact.label, "header": [column.label for column in fact.columns], "rows": rows})
        else:
            shown.append({"label": fact.label, "value": _in_words(fact, value)})
    return shown


def _in_words(fact: Fact, value: Any) -> str:
    """One value as an office writes it: 令和8年5月25日 9時10分, the label of a choice, or the text itself."""
    labels = dict(fact.choices)
    if isinstance(value, list):
        return "、".join(str(labels.get(code, code)) for code in value)
    if fact.type == "datetime" and value:
        moment = datetime.fromisoformat(value)
        return f"{era_date(moment)} {moment.hour}時{moment.minute:02d}分"
    return str(labels.get(value, value if value is not None else ""))
