"""From a draft to an item and back: what was typed, cleaned by its form, becomes columns and rows.

It refuses to overwrite: where somebody else published since the draft began, `store` raises
EditConflict and the screen shows both texts (0002).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from kb.formats.loading import get_format
from kb.lifecycle import transitions
from kb.models import Answer, Challenge, Draft, Item, Lesson, LessonSource, NextAction, Retrospective
from kb.models.item import State
from kb.writing.forms.retrospective import answer_name, first_sentence, without_stop
from organization import audit, clock
from organization.audience import Audience
from organization.models import Person

COMMON = ("title", "summary", "occurred_on", "attribution", "keywords")
SETS = ("themes", "scenes", "stances", "municipalities")
LESSON = (
    "kind", "observation", "applies_when", "citizen_effect", "recommendation", "context", "discussion", "conclusion",
    "early_warning", "not_applicable", "causes",
)  # fmt: skip
CHALLENGE = (
    "hypothesis", "precedent_gap", "citizen_effect", "premortem", "smallest_trial", "success_measure", "stop_rule",
    "sponsor_post", "budget_yen",
)  # fmt: skip
RETROSPECTIVE = (
    "subject", "period_from", "period_to", "participants_n", "outcome", "co_creation_note", "blameless_ok", "facts",
)  # fmt: skip


class EditConflict(Exception):  # noqa: N818  (an outcome that the screen shows, not an error)
    """Somebody published a newer version of the item since this draft was opened."""


def start(*, author: Person, kind: str, format: str = "", data: dict[str, Any] | None = None) -> Draft:
    """A new draft of `kind` (and `format`), prefilled with `data` as the form names its fields."""
    return Draft.objects.create(author=author, kind=kind, format=format, data=data or {})


def save_typed(*, draft: Draft, typed: dict[str, Any], version: int) -> bool:
    """Autosave: keep what was typed. False where another window saved since `version` was read."""
    data = {**{k: v for k, v in draft.data.items() if k.startswith("source_")}, **typed}
    changed = Draft.objects.filter(pk=draft.pk, version=version, submitted_at__isnull=True).update(
        data=data, version=version + 1, updated_at=clock.now()
    )
    if changed:
        draft.data, draft.version, draft.updated_at = data, version + 1, clock.now()
    return bool(changed)


@transaction.atomic
def store(*, draft: Draft, values: dict[str, Any], by: Person) -> Item:
    """Submit a draft whose form was valid: a new item, or a new revision of the one it edits.

    `values` is the form's cleaned_data. Submitting the same draft twice answers the same item.
    Raises EditConflict (nothing written) where the item moved on meanwhile, PermissionDenied or
    ValidationError where it may no longer be edited.
    """
    locked = Draft.objects.select_for_update().get(pk=draft.pk)
    if locked.submitted_at is not None and locked.item is not None:
        return locked.item.specific
    if locked.item_id is not None:
        item = Item.objects.select_for_update().get(pk=locked.item_id).specific
        _require_editable(item, by)
        if item.latest_revision_id != locked.base_revision_id:
            raise EditConflict
        _fill(item, values, locked)
        _update(item, by)
    else:
        item = _blank(locked)
        item.audience = values["audience"]
        _fill(item, values, locked)
        transitions.create(item=item, by=by)
        _link_source(item, locked, values)
        # Known before it is sent: whoever hears of the publication may ask what it was begun for.
        locked.item = item
        locked.save()
        transitions.submit(item=item, by=by)
    locked.item, locked.submitted_at = item, clock.now()
    locked.save()
    return item


def _require_editable(item: Item, by: Person) -> None:
    """A draft may outlive its writer's post, or its item's life; it must not bring either back."""
    transitions.require(
        transitions.may_edit(item=item, user=by.user),
        "この記録を直せるのは、書いた人と所管所属の担当です。直したい所は、所管所属に知らせてください。",
    )
    if item.state == State.WITHDRAWN:
        raise ValidationError("この記録は取り下げられたので、直せません。残したいことは、新しく書いてください。")
    if item.state == State.SUPERSEDED:
        raise ValidationError("この記録は新しいものに置き換わりました。新しいほうを直してください。")


def _update(item: Item, by: Person) -> None:
    if item.state in (State.SUBMITTED, State.RETURNED):
        transitions.submit(item=item, by=by)
        return
    transitions.publish(item=item)
    audit.record(actor=by.user, action="item.edited", obj=item, after={"revision": item.latest_revision_id})


def _blank(draft: Draft) -> Item:
    if draft.kind == Draft.Kind.LESSON:
        return Lesson()
    if draft.kind == Draft.Kind.CHALLENGE:
        return Challenge()
    return Retrospective(format=draft.format)


def _fill(item: Item, values: dict[str, Any], draft: Draft) -> None:
    names = {Lesson: LESSON, Challenge: CHALLENGE, Retrospective: RETROSPECTIVE}[type(item)]
    for name in (*COMMON, *names):
        if name == "attribution" and name not in values:
            continue  # an editor who is not the author is not asked
        value = values.get(name)
        if value is None and item._meta.get_field(name).get_internal_type() in ("CharField", "TextField"):
            value = ""
        setattr(item, name, value)
    if "audience" in values and item.state != State.PUBLISHED:
        item.audience = values["audience"]
    for name in SETS:
        getattr(item, name).set(values.get(name) or [])
    if isinstance(item, Retrospective):
        _fill_retrospective(item, values)


def _fill_retrospective(item: Retrospective, values: dict[str, Any]) -> None:
    chosen = get_format(item.format)
    assert chosen is not None
    item.prompts = chosen.prompts()
    item.participants_n = values.get("participants_n") or 1
    item.held_on = item.occurred_on
    item.period_to = item.period_to or item.occurred_on
    item.period_from = item.period_from or item.period_to
    item.looks_back_on = values.get("challenge") or item.looks_back_on
    # An answer keeps its uid through edits: lessons drawn from it are linked by it.
    known: dict[str, list[uuid.UUID]] = {}
    for answer in item.answers.all():
        known.setdefault(answer.section_key, []).append(answer.uid)
    rows: list[Answer] = []
    for key, text in values["answers"]:
        uids = known.get(key, [])
        rows.append(Answer(section_key=key, text=text, uid=uids.pop(0) if uids else uuid.uuid4(), sort_order=len(rows)))
    item.answers.set(rows)
    if values.get("next_action"):
        first = item.next_actions.first()
        rest = list(item.next_actions.all())[1:]
        owner = first.owner_post if first else None
        made = NextAction(
            what=values["next_action"], due_on=values.get("next_action_due"), owner_post=owner, sort_order=0
        )
        item.next_actions.set([made, *rest])


def _link_source(item: Item, draft: Draft, values: dict[str, Any]) -> None:
    """I2: a lesson has a source; one drawn from a retrospective is linked by the answer's uid."""
    if not isinstance(item, Lesson):
        return
    origin = Retrospective.objects.filter(public_id=draft.data.get("source_retrospective")).first()
    if origin is not None:
        uid = draft.data.get("source_answer")
        LessonSource.objects.create(lesson=item, retrospective=origin, answer_uid=uid or None)
    else:
        LessonSource.objects.create(lesson=item, external=values.get("external") or "日々の仕事での気づき")


# --- Back: an item as a draft ---------------------------------------------------------------------


@transaction.atomic
def edit(*, item: Item, by: Person) -> Draft:
    """The draft in which `by` edits `item`: the open one, or a new one from the newest revision."""
    open_one = Draft.objects.open_of(by).filter(item_id=item.pk).first()
    if open_one is not None:
        return open_one
    kind = {Lesson: Draft.Kind.LESSON, Challenge: Draft.Kind.CHALLENGE, Retrospective: Draft.Kind.RETROSPECTIVE}[
        type(item)
    ]
    return Draft.objects.create(
        author=by, kind=kind, format=getattr(item, "format", ""), data=as_typed(item),
        item_id=item.pk, base_revision_id=item.latest_revision_id,
    )  # fmt: skip


def reopen(*, item: Item, comment: str) -> str:
    """After 差戻し: the author's draft comes back with the reviewer's comment. Returns its address."""
    specific = item.specific
    url = specific.get_absolute_url()
    for row in specific.authorships.select_related("person"):
        draft = edit(item=specific, by=row.person)
        Draft.objects.filter(pk=draft.pk).update(comment=comment, base_revision_id=specific.latest_revision_id)
        url = draft.get_absolute_url()
    return url


def as_typed(item: Item) -> dict[str, Any]:
    """The item's content under the names of its form's fields."""
    data: dict[str, Any] = {
        "title": item.title, "summary": item.summary, "audience": item.audience, "attribution": item.attribution,
        "occurred_on": item.occurred_on.isoformat() if item.occurred_on else "",
        "keywords": "、".join(item.keywords),
    }  # fmt: skip
    for name in SETS:
        data[name] = [row.code for row in getattr(item, name).all()]
    if isinstance(item, Lesson):
        data.update({name: getattr(item, name) for name in LESSON})
        origin = item.sources.first()
        data["external"] = origin.external if origin else ""
    elif isinstance(item, Challenge):
        data.update({name: getattr(item, name) for name in CHALLENGE if name != "sponsor_post"})
        data["premortem"] = "\n".join(item.premortem)
        data["sponsor_post"] = str(item.sponsor_post.uid) if item.sponsor_post else ""
    elif isinstance(item, Retrospective):
        data.update(_retrospective_as_typed(item))
    return data


def _retrospective_as_typed(item: Retrospective) -> dict[str, Any]:
    action = item.next_actions.first()
    data: dict[str, Any] = {
        "subject": item.subject, "participants_n": item.participants_n, "outcome": item.outcome,
        "co_creation_note": item.co_creation_note, "blameless_ok": item.blameless_ok,
        "period_from": item.period_from.isoformat() if item.period_from else "",
        "period_to": item.period_to.isoformat() if item.period_to else "",
        "next_action": action.what if action else "",
        "next_action_due": action.due_on.isoformat() if action and action.due_on else "",
        "challenge": item.looks_back_on.public_id if item.looks_back_on else "",
    }  # fmt: skip
    counts: dict[str, int] = {}
    for answer in item.answers.all():
        n = counts.get(answer.section_key, 0)
        data[answer_name(answer.section_key, n)] = answer.text
        counts[answer.section_key] = n + 1
    for key, value in item.facts.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for n, row in enumerate(value):
                data.update({f"fact-{key}-{n}-{column}": cell for column, cell in row.items()})
        else:
            data[f"fact-{key}"] = value
    return data


def promote(*, retrospective: Retrospective, answer_uid: str, by: Person) -> Draft:
    """「教訓にする」: a lesson draft prefilled from one answer, or the one already begun from it."""
    answer = next((a for a in retrospective.answers.all() if str(a.uid) == answer_uid), None)
    if answer is None:
        raise LookupError(answer_uid)
    begun = Draft.objects.open_of(by).filter(kind=Draft.Kind.LESSON, data__source_answer=answer_uid).first()
    if begun is not None:
        return begun
    citizen = next((a.text for a in retrospective.answers.all() if a.section_key == "citizen"), "")
    data = {
        "title": first_sentence(answer.text)[:60],
        "observation": answer.text,
        "applies_when": f"{without_stop(retrospective.subject)}のような仕事をするとき"[:200],
        "citizen_effect": citizen[:200],
        "kind": Lesson.Kind.GOOD_PRACTICE if answer.section_key in ("keep", "good") else Lesson.Kind.IMPROVE,
        # I3: what is derived starts no wider than what it was derived from.
        "audience": Audience.SELF if retrospective.audience == Audience.SELF else Audience.UNIT,
        "themes": [t.code for t in retrospective.themes.all()],
        "scenes": [s.code for s in retrospective.scenes.all()],
        "occurred_on": retrospective.occurred_on.isoformat() if retrospective.occurred_on else "",
        "source_retrospective": retrospective.public_id,
        "source_answer": answer_uid,
    }
    return start(author=by, kind=Draft.Kind.LESSON, data=data)
