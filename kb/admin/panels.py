"""The panels of the Wagtail admin, in the order in which the knowledge office thinks: what, why, where, who may read."""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, Panel, get_form_for_model

CHANGED_IN_THE_SITE = "登録したあと、公開範囲と取り下げは、読む画面の「公開範囲を変える」「取り下げる」で変えます。"


class RowPanel(FieldPanel):
    """A field that the row decides: asked when the page is made, shown as text once it is (kb.admin.forms)."""

    def format_value_for_display(self, value: Any) -> Any:
        choices = dict(self.db_field.flatchoices)
        return choices.get(value) or super().format_value_for_display(value) or "（なし）"

    class BoundPanel(FieldPanel.BoundPanel):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            if self.form is not None and self.bound_field is None:
                self.read_only = True
                self.heading = self.panel.heading or self.panel.db_field.verbose_name
                self.help_text = ""


class FormatPanel(RowPanel):
    """The format by its name: its prompts were written with it, so it does not change."""

    def format_value_for_display(self, value: Any) -> Any:
        from kb.formats.loading import get_format

        chosen = get_format(value)
        return chosen.label if chosen else value


class FormInlinePanel(InlinePanel):
    """Rows whose form is their model's `base_form_class`, which Wagtail's own inline panel does not ask for."""

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        row = self.db_field.related_model
        deferred = self.child_edit_handler.get_form_options().get("defer_required_on_fields")
        options["formsets"][self.relation_name]["form"] = get_form_for_model(
            row, form_class=row.base_form_class, defer_required_on_fields=deferred
        )
        return options


class KnownPanel(MultiFieldPanel):
    """What the page is given when it is first saved: nothing to show before."""

    class BoundPanel(MultiFieldPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.pk and super().is_shown())


def ticks(name: str) -> FieldPanel:
    return FieldPanel(name, widget=forms.CheckboxSelectMultiple)


def item_panels(*own: Panel) -> list[Panel]:
    """The content tab of a type: title and summary, the type's own panels, then the common block."""
    return [
        FieldPanel("title", heading="件名", help_text="一覧と検索に出る題。何を学んだかが分かるように書きます。"),
        FieldPanel("summary", help_text="200文字まで。一覧と検索の結果に出ます。"),
        *own,
        MultiFieldPanel(
            [
                FieldPanel("occurred_on"),
                RowPanel("owner_unit", help_text="読む人の問い合わせ先になる所属。"),
                FieldRowPanel([RowPanel("audience"), RowPanel("confidentiality"), RowPanel("attribution")]),
            ],
            heading="いつ・どこの・だれに",
            help_text=CHANGED_IN_THE_SITE,
        ),
        MultiFieldPanel(
            [ticks("themes"), ticks("scenes"), ticks("stances"), FieldPanel("keywords")],
            heading="分類",
            help_text="検索の絞り込みに使います。当てはまるものだけ選びます。",
        ),
        KnownPanel(
            [FieldRowPanel([FieldPanel("public_id", read_only=True), RowPanel("state", read_only=True)])],
            heading="番号と状態",
        ),
        MultiFieldPanel([ticks("municipalities")], heading="関わる市町村", classname="collapsed"),
        MultiFieldPanel(
            [
                FieldPanel("review_due", help_text="この日を過ぎると「見直し期限切れ」に載ります。"),
                FieldPanel("retention"),
            ],
            heading="管理",
        ),
    ]


def fields(heading: str, *names: str) -> MultiFieldPanel:
    return MultiFieldPanel([FieldPanel(name) for name in names], heading=heading)


LESSON = item_panels(
    fields("教訓", "kind", "observation", "applies_when", "not_applicable", "citizen_effect"),
    MultiFieldPanel(
        [
            FieldPanel("context"),
            FieldPanel("discussion"),
            FieldPanel("causes", heading="原因区分"),
            FieldPanel("conclusion"),
            FieldPanel("recommendation", help_text="だれが読んでも、次に何をするかが分かるように。"),
            FieldPanel("early_warning"),
            FieldPanel("priority"),
        ],
        heading="なぜ・どうする",
    ),
    MultiFieldPanel(
        [
            FieldPanel("supersedes", help_text="この教訓に置き換わる、古い教訓。公開すると古いほうに印が付きます。"),
            RowPanel("maturity", read_only=True),
        ],
        heading="ほかの教訓との関わり",
    ),
)
RETROSPECTIVE = item_panels(
    MultiFieldPanel(
        [
            FormatPanel("format", read_only=True),
            FieldPanel("subject", help_text="何についてのふりかえりか。60文字まで。"),
            FieldPanel("looks_back_on", help_text="挑戦のふりかえりのときだけ選びます。"),
            FieldRowPanel([FieldPanel("period_from"), FieldPanel("period_to")]),
            FieldRowPanel([FieldPanel("held_on"), FieldPanel("participants_n")]),
            FieldPanel("outcome"),
        ],
        heading="対象",
    ),
    FormInlinePanel(
        "answers",
        heading="書込み",
        label="書込み",
        panels=[FieldPanel("section_key", heading="問い"), FieldPanel("text")],
    ),
    InlinePanel(
        "next_actions",
        heading="次の行動",
        label="次の行動",
        help_text="人の名前ではなく、担当する職を選びます。",
        panels=[FieldPanel("what"), FieldRowPanel([FieldPanel("owner_post"), FieldPanel("due_on")])],
    ),
    FieldPanel("co_creation_note", help_text="いっしょに取り組んだ相手と、始めた時期。"),
)
CHALLENGE = item_panels(
    MultiFieldPanel(
        [
            FieldPanel("hypothesis", help_text="何をすると、何が良くなると考えるか。"),
            FieldPanel("precedent_gap"),
            FieldPanel("citizen_effect"),
            FieldPanel("premortem", heading="失敗の想定"),
        ],
        heading="挑戦",
    ),
    fields("試し方", "smallest_trial", "success_measure", "stop_rule", "sponsor_post", "budget_yen"),
    MultiFieldPanel([FieldRowPanel([RowPanel("stage", read_only=True), RowPanel("outcome", read_only=True)])], heading="進み方"),
)  # fmt: skip
ARTICLE = item_panels(
    FieldPanel("body", help_text="「＋」で、文章・Markdown・画像・表・囲みを足します。"),
)
