"""The screens of a form. A phone shows one prompt at a time, and a desktop shows the same HTML as one page.

A screen is visible if its control is the target of the address, that is, the part after # (capture.css). So "next" and
"back" are plain links and need no script. This module decides which screen opens first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kb.text_cleaning import is_blank

if TYPE_CHECKING:
    from django.forms import BoundField

    from kb.writing.forms.common import ItemForm

#: The id of the heading of the last screen. The link leads to a heading and not to a control, so that a phone does not
#: open its keyboard.
FINISH = "finish"


@dataclass(frozen=True)
class Prompt:
    """One question with its field. `more` contains the fields for a second and a third answer."""

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
    """One screen of a form. `kind` is "prompt", "facts" or "last". `anchor` is the id to which links lead. `opens` is
    true for the screen that is shown first.

    `previous` and `following` are the anchors of the screens before and after. `previous` is empty for the first
    screen, `following` for the last.
    """

    kind: str
    number: int
    total: int
    anchor: str
    prompt: Prompt | None = None
    previous: str = ""
    following: str = ""
    opens: bool = False


def screens_of(form: ItemForm, *, start_over: bool) -> list[Screen]:
    """Returns the screens of `form` in order.

    The first screen with an error opens. If there is no error, `start_over` decides: with it the very first screen
    opens, without it the first screen that has no answer.
    """
    prompts = form.prompts
    parts: list[tuple[str, str, Prompt | None]] = [("prompt", prompt.field.auto_id, prompt) for prompt in prompts]
    if form.facts:
        parts.append(("facts", "facts", None))
    parts.append(("last", FINISH, None))
    opening = _opening(form, parts, start_over)
    return [
        Screen(
            kind,
            n + 1,
            len(parts),
            anchor,
            prompt,
            previous=parts[n - 1][1] if n else "",
            following=parts[n + 1][1] if n + 1 < len(parts) else "",
            opens=n == opening,
        )
        for n, (kind, anchor, prompt) in enumerate(parts)
    ]


def _opening(form: ItemForm, parts: list[tuple[str, str, Prompt | None]], start_over: bool) -> int:
    if form.is_bound and form.errors:
        with_errors = {name for name in form.errors if name != "__all__"}
        for n, (kind, _, prompt) in enumerate(parts):
            if prompt is not None and any(field.name in with_errors for field in prompt.fields):
                return n
            if kind == "facts" and any(name.startswith("fact-") for name in with_errors):
                return n
        return len(parts) - 1
    if start_over:
        return 0
    unanswered = (n for n, (_, _, prompt) in enumerate(parts) if prompt is not None and not prompt.answered)
    return next(unanswered, len(parts) - 1)


def initial_values(form: ItemForm, data: Any) -> dict[str, Any]:
    """Returns Draft.data as initial values of the form. Only known fields are returned, each in a type that its control
    can show.

    The JSON of a draft may be old or may have been written by another program. A value of a wrong type becomes text or
    is left out; it never causes an error page.
    """
    from django import forms

    values: dict[str, Any] = {}
    for name, value in data.items() if isinstance(data, dict) else ():
        field = form.fields.get(name)
        if field is None or value is None:
            continue
        if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
            values[name] = [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
        elif isinstance(field, forms.BooleanField):
            values[name] = value is True
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            values[name] = str(value)
    return values
