"""Reference (外部の事例): a text from outside the organisation, stored as a plain row. ReferenceSource: where such texts
come from.

A reference is not a page, because publishing a Wagtail page costs about a hundred queries (0011). Search finds
references and /k/ opens them in the same way as items. kb.references.loading imports files of references. Label,
licence, audience and withdrawal apply to a whole source, and only kb.references.sources changes them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import URLValidator
from django.db import models
from django.urls import reverse

from kb.editor.forms import ReferenceForm
from kb.markdown.plain_text import plain_text
from kb.markdown.rendering import render_rows
from kb.models.items.identifiers import next_public_id
from organization import clock
from organization.access_policy import Viewer, reader_for, visible_q
from organization.audience import Audience

#: A reference has no unit and no author in this product, so with a narrower audience nobody could open it.
IMPORT_AUDIENCES = [choice for choice in Audience.choices if choice[0] in ("prefecture", "municipal", "public")]


class ReferenceSource(models.Model):
    """A source of references. The name of the source and the external id together identify a reference."""

    wagtail_reference_index_ignore = True

    name = models.SlugField(
        "出典コード", max_length=50, unique=True, help_text="半角の英数字と - _。あとで変えません。"
    )
    label = models.CharField("出典", max_length=100, help_text="読む人に見せる名前。例：信山県市町村広報")
    licence = models.CharField("利用条件", max_length=100, blank=True, help_text="例：CC BY 4.0")
    audience = models.CharField("公開範囲", max_length=12, choices=IMPORT_AUDIENCES, default=Audience.PREFECTURE)
    withdrawn = models.BooleanField("取り下げ", default=False, editable=False)

    class Meta:
        verbose_name = "外部の事例の出典"
        verbose_name_plural = "外部の事例の出典"
        ordering = ["label", "pk"]

    def __str__(self) -> str:
        return self.label


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def published(self) -> ReferenceQuerySet:
        """Returns the references that are not withdrawn. A reference is withdrawn alone or with its whole source."""
        return self.filter(withdrawn=False, source__withdrawn=False)

    def visible_to(self, user: Viewer) -> ReferenceQuerySet:
        """Returns the published references that `user` may open. This is the access policy in SQL. A reference has no
        author.
        """
        return self.published().filter(visible_q(reader_for(user), authored_pks=None))


class Reference(models.Model):
    PREFIX: ClassVar[str] = "X"
    TYPE_LABEL: ClassVar[str] = "外部の事例"
    # Otherwise Wagtail would index the links of every row, with three queries per row. No page links to a reference.
    wagtail_reference_index_ignore = True

    public_id = models.CharField("管理番号", max_length=16, unique=True, editable=False)
    source = models.ForeignKey(
        ReferenceSource, on_delete=models.PROTECT, related_name="references", verbose_name="出典"
    )
    external_id = models.CharField("出典での番号", max_length=200)
    licence = models.CharField("この事例の利用条件", max_length=100, blank=True, help_text="空なら出典の利用条件と同じ")
    url = models.URLField("原文のアドレス", max_length=500, blank=True, validators=[URLValidator(["http", "https"])])
    language = models.CharField("言語", max_length=10, default="ja")
    title = models.CharField("件名", max_length=300)
    text = models.TextField("本文", blank=True)
    html = models.TextField(blank=True, editable=False)
    occurred_on = models.DateField("日付", null=True, blank=True)
    fiscal_year = models.PositiveSmallIntegerField("年度", null=True, db_index=True)
    unit_as_given = models.CharField("原文の組織", max_length=200, blank=True)
    owner_unit = models.ForeignKey(
        "organization.OrgUnit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="所管所属",
    )
    audience = models.CharField("公開範囲", max_length=12, choices=Audience.choices, default=Audience.PREFECTURE)
    keywords = models.JSONField("キーワード", default=list, blank=True)
    imported_at = models.DateTimeField("取込み日時", default=clock.now)
    withdrawn = models.BooleanField("取り下げ", default=False)

    objects = ReferenceQuerySet.as_manager()
    base_form_class = ReferenceForm

    class Meta:
        verbose_name = "外部の事例"
        verbose_name_plural = "外部の事例"
        constraints = [models.UniqueConstraint(fields=("source", "external_id"), name="reference_import_key")]

    def __str__(self) -> str:
        return f"{self.public_id} {self.title}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves the row. Without `update_fields` (as the admin's form calls it) it also sets the public id and renders
        the text. An import does both itself.
        """
        if kwargs.get("update_fields") is None:
            if not self.public_id:
                self.public_id = next_public_id(self.PREFIX)
            self.html = render_rows({"": self.text})[""]
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.public_id])

    def words(self, characters: int | None = None) -> str:
        """Returns the text without Markdown and HTML. If `characters` is given, only that many characters at the
        beginning are used.
        """
        return plain_text(self.html[:characters]) if self.html else self.text[:characters]

    @property
    def licence_label(self) -> str:
        """The licence of the reference itself, or the licence of its source if the reference has none."""
        return self.licence or self.source.licence

    @property
    def language_label(self) -> str:
        return {"ja": "日本語", "en": "英語"}.get(self.language, self.language)
