"""Titles made from what was typed: a retrospective without one is called after its subject and format."""

from __future__ import annotations

#: Subjects that already say what they are.
LOOKING_BACK = ("ふりかえり", "振り返り", "振返り", "ふり返り", "反省", "反省会")


def made_title(subject: str, label: str) -> str:
    """対象＋書式; a long subject is cut so that the format still shows, and one that says ふりかえり is not told so twice."""
    named = without_stop(subject)
    if label.endswith(("ふりかえり", "報告")):
        suffix = f"：{label}"
    elif named.endswith(LOOKING_BACK):
        suffix = f"（{label}）"
    else:
        suffix = f"のふりかえり（{label}）"
    return f"{without_stop(named[: 60 - len(suffix)])}{suffix}"


def without_stop(text: str) -> str:
    """A sentence as a name that words follow: 「…。のふりかえり」 is none."""
    return text.rstrip("。 　") or text


def first_sentence(text: str) -> str:
    """Up to the first full stop or line end, without list marks."""
    line = next(iter(text.strip().splitlines()), "").lstrip("-*・ 　")
    return line.split("。")[0].strip() or line[:120]
