"""Reads the formats of retrospectives from data files, so that a new format needs no code.

Each format is one TOML file in settings.RETROSPECTIVE_FORMATS_DIR. Check kb.E001 reports an incomplete file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

FACT_TYPES = ("text", "number", "datetime", "choice", "choices", "rows")


@dataclass(frozen=True)
class Section:
    """One prompt. `key` is stored with the answer. `prompt` and `example` are shown to the writer."""

    key: str
    label: str
    prompt: str
    required: bool = False
    example: str = ""


@dataclass(frozen=True)
class Fact:
    """One structured question besides the prompts. If `type` is "rows", `columns` are the facts of each row."""

    key: str
    label: str
    type: str
    required: bool = False
    min: int | None = None
    max: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    columns: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A condition on facts. The only kind is `order`: those of the named date-times that are filled in must be in
    ascending order.
    """

    kind: str
    facts: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Format:
    key: str
    label: str
    description: str
    when_to_use: str
    minutes: int
    order: int
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...] = ()
    rules: tuple[Rule, ...] = ()
    subject: str = "free"
    next_action_from: str = ""
    situations: tuple[str, ...] = field(default=())

    def section(self, key: str) -> Section | None:
        return next((s for s in self.sections if s.key == key), None)

    def prompts(self) -> dict[str, str]:
        """Returns the prompts by key, as they are today. A retrospective stores these prompts, because the file may
        change later.
        """
        return {s.key: s.prompt for s in self.sections}

    def broken_rules(self, facts: dict[str, Any]) -> list[str]:
        """Returns the messages of the rules that `facts` break. Date-times in `facts` are ISO texts."""
        messages = []
        for rule in self.rules:
            times = [datetime.fromisoformat(facts[key]) for key in rule.facts if facts.get(key)]
            if times != sorted(times):
                messages.append(rule.message)
        return messages


def _fact(data: dict[str, Any]) -> Fact:
    if data["type"] not in FACT_TYPES:
        raise ValueError(f"fact {data.get('key')}: type {data['type']} is not one of {', '.join(FACT_TYPES)}")
    choices = tuple((c["code"], c["label"]) for c in data.get("choices", []))
    columns = tuple(_fact(c) for c in data.get("columns", []))
    plain = {k: v for k, v in data.items() if k not in ("choices", "columns")}
    return Fact(**plain, choices=choices, columns=columns)


def read_format(path: Path) -> Format:
    """Returns the format in a file. Raises ValueError with the name of the file if something is missing or unknown."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        format_file = Format(
            **{k: v for k, v in data.items() if k not in ("sections", "facts", "rules", "situations")},
            sections=tuple(Section(**s) for s in data["sections"]),
            facts=tuple(_fact(f) for f in data.get("facts", [])),
            rules=tuple(Rule(r["kind"], tuple(r["facts"]), r["message"]) for r in data.get("rules", [])),
            situations=tuple(data.get("situations", [])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if format_file.key != path.stem or not any(s.required for s in format_file.sections):
        raise ValueError(f"{path.name}: the key is the file's name, and one section at least is required")
    return format_file


@lru_cache(maxsize=4)
def _formats(folder: str) -> dict[str, Format]:
    files = [read_format(path) for path in Path(folder).glob("*.toml")]
    return {f.key: f for f in sorted(files, key=lambda f: (f.order, f.key))}


def formats() -> dict[str, Format]:
    """Returns all formats by key, in their order. Each process reads the files once."""
    return _formats(str(settings.RETROSPECTIVE_FORMATS_DIR))


def get_format(key: str) -> Format | None:
    return formats().get(key)


def format_choices() -> list[tuple[str, str]]:
    """Returns key and label of every format, for the choices of a field."""
    return [(format_file.key, format_file.label) for format_file in formats().values()]
