"""The panels of the editor for items. They ask in this order: what, why, where, who may read."""

from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, Panel, get_form_for_model

from kb.formats.loading import get_format

CHANGED_IN_THE_SITE = "登録したあと、公開範囲と取り下げは、読む画面の「公開範囲を変える」「取り下げる」で変えます。"


class RowFieldPanel(FieldPanel):
    """A row field (see kb.editor.forms). It can be changed while the page is new, and is shown as text afterwards."""

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


class FormatPanel(RowFieldPanel):
    """Shows the label of the format. The format cannot be changed, because the answers belong to its prompts."""

    def format_value_for_display(self, value: Any) -> Any:
        format = get_format(value)
        return format.label if format else value


class FormInlinePanel(InlinePanel):
    """An inline panel that uses the `base_form_class` of the rows' model. Wagtail's own inline panel ignores this
    class.
    """

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        model = self.db_field.related_model
        deferred = self.child_edit_handler.get_form_options().get("defer_required_on_fields")
        options["formsets"][self.relation_name]["form"] = get_form_for_model(
            model, form_class=model.base_form_class, defer_required_on_fields=deferred
        )
        return options


class SavedPagePanel(MultiFieldPanel):
    """Shows values that a page gets at its first save. On a new page the panel is hidden."""

    class BoundPanel(MultiFieldPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.pk and super().is_shown())


def checkboxes(name: str) -> FieldPanel:
    return FieldPanel(name, widget=forms.CheckboxSelectMultiple)


def item_panels(*type_panels: Panel) -> list[Panel]:
    """Returns the panels of the content tab: title and summary, then the type's own panels, then the panels that all
    types share.
    """
    return [
        FieldPanel("title", heading="件名", help_text="一覧と検索に出る題。何を学んだかが分かるように書きます。"),
        FieldPanel("summary", help_text="200文字まで。一覧と検索の結果に出ます。"),
        *type_panels,
        MultiFieldPanel(
            [
                FieldPanel("occurred_on"),
                RowFieldPanel("owner_unit", help_text="読む人の問い合わせ先になる所属。"),
                FieldRowPanel(
                    [RowFieldPanel("audience"), RowFieldPanel("confidentiality"), RowFieldPanel("attribution")]
                ),
            ],
            heading="いつ・どこの・だれに",
            help_text=CHANGED_IN_THE_SITE,
        ),
        MultiFieldPanel(
            [checkboxes("themes"), checkboxes("scenes"), checkboxes("stances"), FieldPanel("keywords")],
            heading="分類",
            help_text="検索の絞り込みに使います。当てはまるものだけ選びます。",
        ),
        SavedPagePanel(
            [FieldRowPanel([FieldPanel("public_id", read_only=True), RowFieldPanel("state", read_only=True)])],
            heading="番号と状態",
        ),
        MultiFieldPanel([checkboxes("municipalities")], heading="関わる市町村", classname="collapsed"),
        MultiFieldPanel(
            [
                FieldPanel("review_due", help_text="この日を過ぎると「見直し期限切れ」に載ります。"),
                FieldPanel("retention"),
            ],
            heading="管理",
        ),
    ]


def fields(heading: str, *names: str) -> MultiFieldPanel:
    """Returns a group of plain field panels under one heading."""
    return MultiFieldPanel([FieldPanel(name) for name in names], heading=heading)
