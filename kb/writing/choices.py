"""What a person can begin to write on /write/. The forms offer the choices (ItemForm.choices); this module makes one
list of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from kb.models.items.item_queries import item_types


@dataclass(frozen=True)
class Choice:
    """One thing that can be begun: a format of a retrospective, a lesson or a challenge. `key` is the last part of the
    choice's address.
    """

    key: str
    label: str
    description: str
    when_to_use: str
    #: The time that it takes to fill in the form, in words.
    minutes: int
    #: The code of the item type (Item.type_code).
    type: str
    #: The position in the list. Formats set their position in their data files, below 1000.
    order: int
    #: The key of the format, for a type that has several formats.
    format: str = ""
    #: The answers to the three questions for which this choice is suitable (kb.writing.forms.questions).
    situations: tuple[str, ...] = ()
    #: What the form will ask. The page before the form lists it.
    questions: tuple[str, ...] = ()


def choices() -> list[Choice]:
    """Returns all choices of all item types that have a form, in order."""
    offered = [choice for model in item_types() if model.FORM for choice in model.form_class().choices()]
    return sorted(offered, key=lambda choice: (choice.order, choice.key))


def find_choice(key: str) -> Choice | None:
    """Returns the choice with that key, or None if no form offers it."""
    return next((choice for choice in choices() if choice.key == key), None)
