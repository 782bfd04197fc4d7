"""Controlled vocabularies: themes, scenes, stances, and the reviewed terms with which search expands queries.

The knowledge office edits them in the admin. A code never changes once items use it. A label may change, and then
search is informed through its registry.
"""

from django.db import models

from kb.editor.forms import TermForm, VocabularyForm
from organization.models.unit import StampedQuerySet


class Vocabulary(models.Model):
    """One entry of a vocabulary: an ASCII code that never changes and a Japanese label that may change."""

    code = models.SlugField("コード", max_length=30, unique=True, help_text="英小文字で。あとから変えられません。")
    label = models.CharField("名前", max_length=40)
    scope_note = models.CharField("使い方", max_length=200, blank=True)
    order = models.PositiveSmallIntegerField("並び順", default=0)

    objects = StampedQuerySet.as_manager()
    base_form_class = VocabularyForm

    class Meta:
        abstract = True
        ordering = ("order", "code")

    def __str__(self) -> str:
        return self.label


class Theme(Vocabulary):
    class Meta(Vocabulary.Meta):
        verbose_name = "分野"
        verbose_name_plural = "分野"


class Scene(Vocabulary):
    class Meta(Vocabulary.Meta):
        verbose_name = "業務場面"
        verbose_name_plural = "業務場面"


class Stance(Vocabulary):
    class Meta(Vocabulary.Meta):
        verbose_name = "基本姿勢"
        verbose_name_plural = "基本姿勢"


class Term(models.Model):
    """A reviewed word and its synonyms. Search uses a changed term at once, without a new index."""

    class Origin(models.TextChoices):
        OFFICE = "office", "KM推進"
        OLD_UNIT = "old_unit", "旧組織名"
        ZERO_HITS = "zero_hits", "ゼロ件検索"

    label = models.CharField("用語", max_length=60, unique=True)
    kana = models.CharField("読み", max_length=100, blank=True)
    synonyms = models.JSONField("同義語", default=list, blank=True)
    scope_note = models.CharField("使い方", max_length=200, blank=True)
    origin = models.CharField("由来", max_length=20, choices=Origin.choices, default=Origin.OFFICE)

    objects = StampedQuerySet.as_manager()
    base_form_class = TermForm

    class Meta:
        ordering = ("kana", "label")
        verbose_name = "用語"
        verbose_name_plural = "用語"

    def __str__(self) -> str:
        return self.label
