"""Reference (外部の事例): a text from elsewhere, as a plain row with its source and licence.

Not a page: publishing a Wagtail page costs about a hundred queries (decided.md, Reference). It is
found, filtered and opened at /k/ like everything else. Importing them is `import_records`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.urls import reverse

from kb.markdown import render
from kb.office_forms import ReferenceForm
from organization import clock
from organization.audience import Audience
from organization.policy import reader_for, visible_q


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def visible_to(self, user: Any) -> ReferenceQuerySet:
        """The same policy as for items; a reference has no author."""
        return self.filter(withdrawn=False).filter(visible_q(reader_for(user), authored_pks=None))


class Reference(models.Model):
    PREFIX: ClassVar[str] = "X"
    TYPE_LABEL: ClassVar[str] = "外部の事例"

    public_id = models.CharField("管理番号", max_length=16, unique=True, editable=False)
    source = models.SlugField("出典コード", max_length=50)
    source_label = models.CharField("出典", max_length=100)
    external_id = models.CharField("出典での番号", max_length=100)
    licence = models.CharField("利用条件", max_length=100, blank=True)
    url = models.URLField("原文のアドレス", max_length=500, blank=True)
    language = models.CharField("言語", max_length=10, default="ja")
    title = models.CharField("件名", max_length=300)
    text = models.TextField("本文", blank=True)
    html = models.TextField(blank=True, editable=False)
    occurred_on = models.DateField("日付", null=True, blank=True)
    fiscal_year = models.PositiveSmallIntegerField("年度", null=True, db_index=True)
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
        if kwargs.get("update_fields") is None:
            if not self.public_id:
                from kb.identifiers import next_public_id  # imports the models

                self.public_id = next_public_id(self.PREFIX)
            if self.text and not self.html:
                self.html = render(self.text)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("item", args=[self.public_id])
