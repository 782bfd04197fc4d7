"""The choices for three fields of every item: state, confidentiality and retention."""

from __future__ import annotations

from django.db import models


class State(models.TextChoices):
    """How far an item has come on its way from its author to its readers. Lesson.maturity is something else: how far a
    lesson is proved.
    """

    SUBMITTED = "submitted", "確認待ち"
    RETURNED = "returned", "差戻し"
    PUBLISHED = "published", "公開"
    SUPERSEDED = "superseded", "置き換え済み"
    WITHDRAWN = "withdrawn", "取り下げ"


class Confidentiality(models.TextChoices):
    """機密性. There is no class 3, because material of that class must not be written in this product. An item may only
    refer to it (I4).
    """

    ONE = "1", "機密性1"
    TWO = "2", "機密性2"


class Retention(models.TextChoices):
    Y1 = "1", "1年"
    Y3 = "3", "3年"
    Y5 = "5", "5年"
    Y10 = "10", "10年"
    Y30 = "30", "30年"
    PERMANENT = "permanent", "常用"
