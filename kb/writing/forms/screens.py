"""One prompt a screen: the capture form cut into the screens that a phone shows one after the other.

The same HTML is one page on a desk. A screen is shown where its control is the address's target (capture.css), so
that going on and back are plain links and need no script. Which screen opens first is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kb.text_cleaning import is_blank

if TYPE_CHECKING:
    from django.forms import BoundField

    from kb.writing.forms.common import ItemForm

#: The heading of the last screen; going there must not open the keyboard of a phone.
FINISH = "finish"


@dataclass(frozen=True)
class Prompt:
    """One question with its field; `more` are the fields for a second and third answer."""

    field: BoundField
    title: str = ""
    ask: str = ""
    example: str = ""
    more: tuple[BoundField, ...] = ()

    @property
    def fields(self) -> tuple[BoundField, ...]:
        return (self.field, *self.more)

    @property
    def answered(self) -> bool:
        return any(not is_blank(str(field.value() or "")) for field in self.fields)


@dataclass(frozen=True)
class Screen:
    """`kind` is "prompt", "facts" or "last"; `anchor` the id that going here targets; `opens` marks the first shown."""

    kind: str
    number: int
    total: int
    anchor: str
    prompt: Prompt | None = None
    previous: str = ""
    following: str = ""
    opens: bool = False


def screens_of(form: ItemForm, *, start_over: bool) -> list[Screen]:
    """The screens of `form`. The first with an error opens; else the first unanswered one, or the first of all."""
    prompts = form.asked
    parts: list[tuple[str, str, Prompt | None]] = [("prompt", p.field.auto_id, p) for p in prompts]
    if form.facts:
        parts.append(("facts", "facts", None))
    parts.append(("last", FINISH, None))
    opening = _opening(form, parts, start_over)
    return [
        Screen(
            kind, n + 1, len(parts), anchor, prompt,
            previous=parts[n - 1][1] if n else "",
            following=parts[n + 1][1] if n + 1 < len(parts) else "",
            opens=n == opening,
        )
        for n, (kind, anchor, prompt) in enumerate(parts)
    ]  # fmt: skip


def _opening(form: ItemForm, parts: list[tuple[str, str, Prompt | None]], start_over: bool) -> int:
    if form.is_bound and form.errors:
        wrong = {name for name in form.errors if name != "__all__"}
        for n, (kind, _, prompt) in enumerate(parts):
            if prompt is not None and any(field.name in wrong for field in prompt.fields):
                return n
            if kind == "facts" and any(name.startswith("fact-") for name in wrong):
                return n
        return len(parts) - 1
    if start_over:
        return 0
    return next((n for n, (_, _, p) in enumerate(parts) if p is not None and not p.answered), len(parts) - 1)


def shaped(form: ItemForm, data: Any) -> dict[str, Any]:
    """`data` of a draft as the form's initial values: known fields only, each in the form its control can show.

    A draft's JSON may be old, or written by other hands: a wrong type becomes text or nothing, never an error page.
    """
    from django import forms

    found: dict[str, Any] = {}
    for name, value in data.items() if isinstance(data, dict) else ():
        field = form.fields.get(name)
        if field is None or value is None:
            continue
        if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
            found[name] = [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
        elif isinstance(field, forms.BooleanField):
            found[name] = value is True
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found[name] = str(value)
    return found
