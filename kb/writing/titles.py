"""Default titles: a retrospective without a title is named after its subject and its format."""

from __future__ import annotations

#: Endings of subjects that already say "look back".
LOOKING_BACK = ("ふりかえり", "振り返り", "振返り", "ふり返り", "反省", "反省会")


def default_title(subject: str, label: str) -> str:
    """The title from the subject and the label of the format (対象＋書式), at most 60 characters.

    A long subject is cut so that the format stays visible. ふりかえり is not added to a subject that ends with it.
    """
    name = without_stop(subject)
    if label.endswith(("ふりかえり", "報告")):
        suffix = f"：{label}"
    elif name.endswith(LOOKING_BACK):
        suffix = f"（{label}）"
    else:
        suffix = f"のふりかえり（{label}）"
    return f"{without_stop(name[: 60 - len(suffix)])}{suffix}"


def without_stop(text: str) -> str:
    """The text without its full stop and spaces at the end, so that other words can follow it."""
    return text.rstrip("。 　") or text


def first_sentence(text: str) -> str:
    """The text up to the first full stop or line end, without list marks."""
    line = next(iter(text.strip().splitlines()), "").lstrip("-*・ 　")
    return line.split("。")[0].strip() or line[:120]
