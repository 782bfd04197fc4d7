"""Memo (メモ): the smallest type of item."""

from django.db import models
from wagtail.admin.panels import FieldPanel

from kb.editor.listing import AdminListing
from kb.editor.panels import item_panels
from kb.models import Item


class Memo(Item):
    PREFIX = "M"
    TYPE_LABEL = "メモ"
    INDEX = ("memos", "メモ")
    FORM = "tests.toy.forms.MemoForm"
    FORM_FIELDS = ("idea",)
    MARKDOWN_FIELDS = ("idea",)
    ADMIN_LISTING = AdminListing(icon="doc-full", order=9)

    idea = models.TextField("思いつき", max_length=300, blank=True)

    template = "toy/memo.html"
    content_panels = item_panels(FieldPanel("idea"))
    is_creatable = True

    class Meta:
        verbose_name = "メモ"
        verbose_name_plural = "メモ"
