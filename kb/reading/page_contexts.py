"""The part of the template context that only one item type needs. It contains only what the reader may see.

`Item.PAGE_CONTEXT` names these functions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.http import HttpRequest

from kb.formats.loading import Fact, Format
from kb.items.row_filter import visible_successor
from kb.lifecycle import challenges
from kb.models import Challenge, Item, Lesson, Retrospective
from kb.models.items.states import State
from organization.japanese_dates import era_date
from organization.requests import person_of


def lesson_context(request: HttpRequest, item: Lesson) -> dict[str, Any]:
    """Returns the sources of a lesson. For each source it also says whether the reader may open it."""
    sources = list(item.sources.select_related("retrospective"))
    visible = Item.objects.visible_to(request.user).filter(pk__in=[source.retrospective_id for source in sources])
    readable = set(visible.values_list("pk", flat=True))
    return {
        "sources": [(source, source.retrospective_id in readable) for source in sources],
        "parts": item.markdown_parts(),
        "successor": visible_successor(request.user, item) if item.state == State.SUPERSEDED else None,
    }


def challenge_context(request: HttpRequest, item: Challenge) -> dict[str, Any]:
    """Returns the transitions that the reader may make, and the look-back if the reader may open it."""
    person = person_of(request)
    lookbacks = Retrospective.objects.visible_to(request.user).filter(looks_back_on=item, state=State.PUBLISHED)
    return {
        "parts": item.markdown_parts(),
        "moves": challenges.transitions_for(challenge=item, person=person),
        "outcomes": Challenge.Outcome.choices,
        "lookback": lookbacks.order_by("pk").first(),
        "stages": Challenge.Stage.choices,
    }


def retrospective_context(request: HttpRequest, item: Retrospective) -> dict[str, Any]:
    """Returns the answers with the lessons that were drawn from each answer. Also returns the facts in words, next
    actions, addenda and the challenge.
    """
    format = item.format_file
    lessons_of: dict[str, list[Lesson]] = {}
    lessons = Lesson.objects.visible_to(request.user).filter(sources__retrospective=item)
    for lesson in lessons.annotate(made_from=F("sources__answer_uid")).order_by("pk"):
        lessons_of.setdefault(str(lesson.made_from), []).append(lesson)
    challenge = None
    if item.looks_back_on_id:
        challenge = Challenge.objects.visible_to(request.user).filter(pk=item.looks_back_on_id).first()
    answers = [
        {
            "answer": answer,
            "label": _label(format, answer.section_key),
            "prompt": item.prompts.get(answer.section_key, ""),
            "lessons": lessons_of.get(str(answer.uid), []),
        }
        for answer in item.answers.all()
    ]
    return {
        "format": format,
        "answers": answers,
        "facts": _facts(format, item.facts),
        "next_actions": item.next_actions.all(),
        # If the reader may not open the challenge, its title is not shown either.
        "challenge": challenge,
        "addenda": item.addenda.all(),
        "co_creation": item.rendered.get("co_creation_note", ""),
    }


def _label(format: Format | None, key: str) -> str:
    section = format.section(key) if format else None
    return section.label if section else key


def _facts(format: Format | None, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the facts as text: choices as labels, rows as a table. Empty facts are left out."""
    entries: list[dict[str, Any]] = []
    for fact in format.facts if format else ():
        value = facts.get(fact.key)
        if value in (None, "", []):
            continue
        if fact.type == "rows":
            rows = [[_as_text(column, row.get(column.key)) for column in fact.columns] for row in value]
            entries.append({"label": fact.label, "header": [column.label for column in fact.columns], "rows": rows})
        else:
            entries.append({"label": fact.label, "value": _as_text(fact, value)})
    return entries


def _as_text(fact: Fact, value: Any) -> str:
    """Returns one value as text: 令和8年5月25日 9時10分 for a moment, the label for a choice, and otherwise the
    value itself.
    """
    labels = dict(fact.choices)
    if isinstance(value, list):
        return "、".join(str(labels.get(code, code)) for code in value)
    if fact.type == "datetime" and value:
        moment = datetime.fromisoformat(value)
        return f"{era_date(moment)} {moment.hour}時{moment.minute:02d}分"
    return str(labels.get(value, value if value is not None else ""))
