"""The tags, attributes and addresses that may remain in rendered HTML. nh3 removes everything else."""

import re

import nh3

TAGS = set("p br hr h3 h4 h5 h6 ul ol li blockquote pre code strong em del a sup div span".split())
TAGS |= set("table thead tbody tr th td".split())
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "li": {"id"}, "sup": {"id"}, "div": {"aria-label"}}
ATTRIBUTES["span"] = {"aria-label"}
VALUES = {
    "div": {"role": {"region"}, "tabindex": {"0"}},
    "span": {"role": {"img"}},
    "th": {"scope": {"col"}, "align": {"left", "center", "right"}},
    "td": {"align": {"left", "center", "right"}},
}
CLASSES = {
    "div": {"kb-table-scroll", "footnote"},
    "span": {"kb-task-box"},
    "li": {"kb-task"},
    "a": {"footnote-ref", "footnote-backref"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
FOOTNOTE_ID = re.compile(r"fn(ref\d*)?-[A-Za-z0-9_-]+")


def _footnote_ids_only(tag: str, attribute: str, value: str) -> str | None:
    """Removes every id that is not the id of a footnote. A text must not use an id of the page, such as ``main``."""
    return value if attribute != "id" or FOOTNOTE_ID.fullmatch(value) else None


CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    tag_attribute_values=VALUES,
    allowed_classes=CLASSES,
    url_schemes=SCHEMES,
    attribute_filter=_footnote_ids_only,
    link_rel="noopener",
)
