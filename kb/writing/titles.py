"""Default titles. A retrospective without a title gets a title from its subject and its format."""

from __future__ import annotations

#: Endings of subjects that already mean "look back".
LOOKING_BACK = ("ふりかえり", "振り返り", "振返り", "ふり返り", "反省", "反省会")


def default_title(subject: str, label: str) -> str:
    """Returns a title made of the subject and the label of the format (対象＋書式), at most 60 characters.

    A long subject is cut so that the format stays visible. If the subject already ends with ふりかえり, the word is not
    added again.
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
    """Returns the text without the full stop and the spaces at its end, so that other words can follow."""
    return text.rstrip("。 　") or text


def first_sentence(text: str) -> str:
    """Returns the text up to the first full stop or line end, without list marks."""
    line = next(iter(text.strip().splitlines()), "").lstrip("-*・ 　")
    return line.split("。")[0].strip() or line[:120]
