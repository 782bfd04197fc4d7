"""The panels of the Wagtail admin, in the order in which the knowledge office thinks: what, why, where, who may read."""

from __future__ import annotations

from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel, Panel


def item_panels(*own: Panel) -> list[Panel]:
    """The content tab of a type: title and summary, the type's own panels, then the common block."""
    return [
        FieldPanel("title", heading="件名"),
        FieldPanel("summary"),
        *own,
        MultiFieldPanel(
            [FieldPanel("occurred_on"), FieldPanel("owner_unit"), FieldPanel("audience"), FieldPanel("attribution")],
            heading="いつ・どこの・だれに",
        ),
        MultiFieldPanel(
            [FieldPanel("themes"), FieldPanel("scenes"), FieldPanel("stances"), FieldPanel("municipalities"), FieldPanel("keywords")],
            heading="分類",
        ),
        MultiFieldPanel(
            [FieldPanel("confidentiality"), FieldPanel("review_due"), FieldPanel("retention")], heading="管理"
        ),
    ]  # fmt: skip


def fields(heading: str, *names: str) -> MultiFieldPanel:
    return MultiFieldPanel([FieldPanel(name) for name in names], heading=heading)


LESSON = item_panels(
    fields("教訓", "kind", "observation", "applies_when", "not_applicable", "citizen_effect"),
    fields(
        "なぜ・どうする", "context", "discussion", "causes", "conclusion", "recommendation", "early_warning", "priority"
    ),
    FieldPanel("supersedes"),
)
RETROSPECTIVE = item_panels(
    fields(
        "対象", "format", "subject", "looks_back_on", "period_from", "period_to", "held_on", "participants_n", "outcome"
    ),
    InlinePanel("answers", heading="書込み", panels=[FieldPanel("section_key"), FieldPanel("text")]),
    InlinePanel(
        "next_actions", heading="次の行動", panels=[FieldPanel("what"), FieldPanel("owner_post"), FieldPanel("due_on")]
    ),
    fields("そのほか", "facts", "co_creation_note", "blameless_ok"),
)
CHALLENGE = item_panels(
    fields("挑戦", "hypothesis", "precedent_gap", "citizen_effect", "premortem"),
    fields("試し方", "smallest_trial", "success_measure", "stop_rule", "sponsor_post", "budget_yen"),
)
ARTICLE = item_panels(FieldPanel("body"))
