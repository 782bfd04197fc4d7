"""OrgUnit: a unit keeps its id for ever. Its name and its parent unit are stored in versions with dates.

A reorganisation rewrites no old data: it ends versions, adds new versions and writes an OrgEvent
(``organization.reorganisation``). Code that needs the unit tree asks ``organization.units.tree``. Such code does not
read the rows of this module.

This module and ``organization.units.tree`` import each other. This is the only import circle in this room. The tree
reads these rows. The name of a unit and the validation of a version need the tree. This module imports the tree inside
a function, because all modules are loaded when the function runs. The name and the validation cannot move out of the
models, because `str(unit)` needs the name and Django's forms call `clean`.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from organization.errors import field_error
from organization.models.identity import Identified


class TreeStamp(models.Model):
    """One row with a random value. The value is renewed whenever a unit, version, event or synonym of the office
    changes.

    Each process caches the units and the synonyms together with this value. If the value differs, the process reads
    them again. A count or a highest id could not replace the value: after a rollback, different rows can have the same
    count and the same highest id.
    """

    value = models.UUIDField(default=uuid.uuid4)
    #: The last day that was done: its beginning and ending versions were sent to search
    #: (organization.units.effective_dating).
    day = models.DateField(null=True)

    class Meta:
        verbose_name = "組織図の版"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def touch(cls) -> None:
        """Renews the value. Everything that processes have cached under the old value is then stale."""
        cls.objects.update_or_create(pk=1, defaults={"value": uuid.uuid4()})


class StampedQuerySet(models.QuerySet[Any]):
    """A queryset whose bulk methods renew the stamp, because Django sends no signals for them.

    For saves and deletions, apps.py connects signals. The stamp is renewed after the rows are written. If it was
    renewed earlier, another process could cache the old rows under the new stamp (outside a transaction).
    """

    def update(self, **values: Any) -> int:
        changed = super().update(**values)
        TreeStamp.touch()
        return changed

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        created = super().bulk_create(*args, **kwargs)
        TreeStamp.touch()
        return created

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        changed = super().bulk_update(*args, **kwargs)
        TreeStamp.touch()
        return changed


class OrgUnit(Identified):
    class Kind(models.TextChoices):
        DEPARTMENT = "department", "部局"
        DIVISION = "division", "課室"
        SECTION = "section", "係"
        FIELD_OFFICE = "field_office", "現地機関"
        REGIONAL_BUREAU = "regional_bureau", "地域振興局"
        COMMISSION = "commission", "行政委員会"
        ENTERPRISE = "enterprise", "企業局"
        MUNICIPALITY = "municipality", "市町村"
        OUTSIDE = "outside", "外部"

    code = models.SlugField("所属コード", max_length=40, unique=True, help_text="変わらない短い符号。例：bosai")
    kind = models.CharField("区分", max_length=16, choices=Kind.choices, default=Kind.DIVISION)

    objects = StampedQuerySet.as_manager()

    class Meta:
        verbose_name = "所属"
        verbose_name_plural = "所属"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The unit's name of today. While the unit has no version, its code."""
        from organization.units.tree import unit_tree

        return (unit_tree().name(self.pk) if self.pk else "") or self.code


class OrgUnitVersion(models.Model):
    """The name and the parent of a unit from `valid_from` to `valid_to`. Both days are included."""

    unit = models.ForeignKey(OrgUnit, on_delete=models.CASCADE, related_name="versions", verbose_name="所属")
    name = models.CharField("名称", max_length=60)
    short = models.CharField("略称", max_length=30, blank=True)
    kana = models.CharField("読み", max_length=120)
    parent = models.ForeignKey(
        OrgUnit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="child_versions",
        verbose_name="上位の所属",
    )
    valid_from = models.DateField("この日から")
    valid_to = models.DateField("この日まで", null=True, blank=True, help_text="最後の日。続いている間は空にします。")

    objects = StampedQuerySet.as_manager()

    class Meta:
        verbose_name = "所属の名称と位置"
        verbose_name_plural = "所属の名称と位置"
        ordering = ("unit_id", "valid_from")
        constraints = [
            models.UniqueConstraint(
                fields=("unit", "valid_from"),
                name="unit_version_once_a_day",
                violation_error_message="同じ日に始まる名称があります。そちらを直してください。",
            ),
            models.UniqueConstraint(
                fields=("unit",),
                condition=Q(valid_to__isnull=True),
                name="unit_version_one_open",
                violation_error_message="終わりの日のない名称が、もうあります。先にそちらの終わりの日を入れてください。",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="unit_version_dates",
                violation_error_message="終わりの日が始まりの日より前です。日付を確かめてください。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.valid_from}～{self.valid_to or ''}）"

    def clean(self) -> None:
        """I5: the versions of one unit must not overlap or leave a gap. The parent must be in force on the first day.

        Raises ValidationError with the code ends_before_start, versions_overlap, versions_gap, parent_circle or
        parent_not_in_force.
        """
        super().clean()
        if self.unit_id is None or self.valid_from is None:
            return  # The form already reports the missing field.
        if self.valid_to and self.valid_to < self.valid_from:
            raise field_error(
                "valid_to", "終わりの日が始まりの日より前です。日付を確かめてください。", code="ends_before_start"
            )
        others = OrgUnitVersion.objects.filter(unit_id=self.unit_id).exclude(pk=self.pk)
        overlap = others.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=self.valid_from))
        if self.valid_to:
            overlap = overlap.filter(valid_from__lte=self.valid_to)
        if overlapping := overlap.first():
            raise ValidationError(
                f"期間が「{overlapping}」と重なります。そちらの終わりの日を、始まりの日の前日にしてください。",
                code="versions_overlap",
            )
        before = others.filter(valid_to__lt=self.valid_from).order_by("-valid_to").first()
        if before and before.valid_to and not self._follows(before.valid_to):
            raise ValidationError(
                f"「{before}」との間に空きがあります。前日まで続けるか、廃止の組織改正を先に登録してください。",
                code="versions_gap",
            )
        if self.parent_id is not None:
            self._clean_parent(self.parent_id)

    def _follows(self, last_day: date) -> bool:
        """Whether this version may follow a version that ended on `last_day`.

        This version may follow if it begins on the next day, or if the unit was abolished on the next day.
        """
        next_day = last_day + timedelta(days=1)
        events = OrgEvent.objects.filter(from_units=self.unit_id, effective_on=next_day)
        return self.valid_from == next_day or events.exclude(to_units=self.unit_id).exists()

    def _clean_parent(self, parent_id: int) -> None:
        from organization.units.tree import unit_tree

        tree = unit_tree(self.valid_from)
        if parent_id == self.unit_id or self.unit_id in tree.ancestors(parent_id):
            raise field_error(
                "parent", "上位の所属をたどると自分に戻ります。別の所属を選んでください。", code="parent_circle"
            )
        if not tree.is_in_force(parent_id):
            raise field_error(
                "parent",
                "始まりの日に、この所属はありません。その日にある所属を選んでください。",
                code="parent_not_in_force",
            )


class OrgEvent(models.Model):
    """組織改正: one event. The event records the units before and after, and the unit that carries on the work
    (`main_successor`)."""

    class Kind(models.TextChoices):
        CREATE = "create", "新設"
        ABOLISH = "abolish", "廃止"
        RENAME = "rename", "改称"
        MERGE = "merge", "統合"
        SPLIT = "split", "分割"
        TRANSFER = "transfer", "移管"

    kind = models.CharField("区分", max_length=8, choices=Kind.choices)
    effective_on = models.DateField("施行日", help_text="ふつうは4月1日です。")
    from_units = models.ManyToManyField(OrgUnit, related_name="events_from", blank=True, verbose_name="改正前の所属")
    to_units = models.ManyToManyField(OrgUnit, related_name="events_to", blank=True, verbose_name="改正後の所属")
    main_successor = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="主たる後継の所属"
    )

    objects = StampedQuerySet.as_manager()

    class Meta:
        verbose_name = "組織改正"
        verbose_name_plural = "組織改正"
        ordering = ("-effective_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}（{self.effective_on:%Y-%m-%d}）"

    def clean(self) -> None:
        """Refuses a merger, a split or an abolition without a main successor (code main_successor_required)."""
        super().clean()
        if self.kind in (self.Kind.MERGE, self.Kind.SPLIT, self.Kind.ABOLISH) and self.main_successor_id is None:
            message = "統合・分割・廃止では、仕事を引き継ぐ「主たる後継の所属」を選んでください。"
            raise field_error("main_successor", message, code="main_successor_required")
