"""Assignment (割当) of one path version to one person with a due date, and what changes it: Extension, Suspension.

Overdue, validity and renewal are derived from dates and never stored as states. Database constraints ensure that a
person has at most one open assignment of a path, and that nobody waives their own (I11).
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from learning.models.path import PathVersion
from organization import clock
from organization.models import Appointment, Person


class AssignmentState(models.TextChoices):
    ASSIGNED = "assigned", "未着手"
    IN_PROGRESS = "in_progress", "学習中"
    SUSPENDED = "suspended", "休止中"
    COMPLETED = "completed", "完了"
    WAIVED = "waived", "免除"
    CANCELLED = "cancelled", "取りやめ"


OPEN = (AssignmentState.ASSIGNED, AssignmentState.IN_PROGRESS, AssignmentState.SUSPENDED)
RUNNING = (AssignmentState.ASSIGNED, AssignmentState.IN_PROGRESS)


class Source(models.TextChoices):
    MANAGER = "manager", "所属長"
    OFFICE = "office", "研修担当"
    RULE = "rule", "割当規則"
    SELF = "self", "自分で"


def valid_q(on: date) -> Q:
    """Completed assignments that are valid on that day (有効な修了)."""
    return Q(state=AssignmentState.COMPLETED) & (Q(valid_until__isnull=True) | Q(valid_until__gte=on))


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> AssignmentQuerySet:
        return self.filter(state__in=OPEN)

    def running(self) -> AssignmentQuerySet:
        """Open and not suspended, so that the due date counts."""
        return self.filter(state__in=RUNNING)

    def begun(self, on: date | None = None) -> AssignmentQuerySet:
        """Started by that day. Before its start, an assignment is announced but cannot be worked on."""
        return self.filter(start_on__lte=on or clock.today())

    def overdue(self, on: date | None = None) -> AssignmentQuerySet:
        """期限を過ぎた: running assignments whose due date is before that day."""
        return self.running().filter(due_on__lt=on or clock.today())

    def holding(self, on: date | None = None) -> AssignmentQuerySet:
        """Completed assignments that are valid on that day."""
        return self.filter(valid_q(on or clock.today()))

    def without_post(self, on: date) -> AssignmentQuerySet:
        """Open and bound to a post that the person no longer holds on the day `on`. A person on leave still holds it."""
        rows = Appointment.objects.on(on).filter(announced_on__lte=clock.today())
        rows = rows.filter(Q(person__left_on__isnull=True) | Q(person__left_on__gte=on))
        held = Exists(rows.filter(person=OuterRef("person_id"), post=OuterRef("post_id")))
        return self.open().filter(~held, post__isnull=False, start_on__lte=on)

    def of(self, person: Person) -> AssignmentQuerySet:
        """The assignments of one person with the rows that their page shows: open ones first, by due date."""
        rows = self.filter(person=person).select_related("path", "version", "assigned_by", "rule")
        return rows.order_by(F("closed_on").desc(nulls_first=True), "due_on", "pk")


class Assignment(models.Model):
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        "organization.Person", on_delete=models.PROTECT, related_name="assignments", verbose_name="職員"
    )
    path = models.ForeignKey(
        "learning.LearningPath", on_delete=models.PROTECT, related_name="assignments", verbose_name="学習パス"
    )
    version = models.ForeignKey(PathVersion, on_delete=models.PROTECT, related_name="assignments", verbose_name="版")
    post = models.ForeignKey(
        "organization.Post",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="職",
        help_text="職に結びつく割当は、職を離れると終わります。空なら人に結びつきます。",
    )
    source = models.CharField("経緯", max_length=8, choices=Source.choices)
    rule = models.ForeignKey(
        "learning.AssignmentRule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name="割当規則",
    )
    assigned_by = models.ForeignKey(
        "organization.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="割当者"
    )
    assigned_on = models.DateField("割当日")
    start_on = models.DateField("開始")
    #: If the person began the path before it was assigned: that day. Retrospectives count from then on. No page shows it.
    begun_on = models.DateField("自分で始めた日", null=True, blank=True, editable=False)
    due_on = models.DateField("期限")
    reason = models.CharField("理由", max_length=300, blank=True)
    shared = models.BooleanField("所属長に見せる", default=False)
    state = models.CharField("状態", max_length=12, choices=AssignmentState.choices, default=AssignmentState.ASSIGNED)
    steps_done = models.PositiveSmallIntegerField("すませた数", default=0)
    steps_needed = models.PositiveSmallIntegerField("要る数", default=0)
    completed_on = models.DateField("完了日", null=True, blank=True)
    valid_until = models.DateField("有効期限", null=True, blank=True)
    closed_on = models.DateField("終わった日", null=True, blank=True)
    closing_reason = models.CharField("終わったわけ", max_length=300, blank=True)
    waived_by = models.ForeignKey(
        "organization.Person",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="免除した人",
    )
    waiver_evidence = models.CharField("免除の根拠", max_length=300, blank=True)
    import_key = models.CharField("取込キー", max_length=120, null=True, blank=True, unique=True, editable=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = "割当"
        verbose_name_plural = "割当"
        ordering = ("due_on", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("person", "path"), condition=Q(state__in=OPEN), name="assignment_one_open_a_path"
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("start_on")), name="assignment_due_after_start"),
            models.CheckConstraint(
                condition=Q(waived_by__isnull=True) | ~Q(waived_by=F("person")), name="assignment_nobody_waives_own"
            ),
            models.CheckConstraint(
                condition=~Q(source="manager") | ~Q(reason=""), name="assignment_by_manager_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, closed_on__isnull=True) | (~Q(state__in=OPEN) & Q(closed_on__isnull=False)),
                name="assignment_closed_has_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=("state", "due_on"), name="assignment_due"),
            models.Index(fields=("path", "state"), name="assignment_path"),
            # All columns that the team matrix reads. An index-only scan takes a third of the time for 1000 people.
            models.Index(
                fields=(
                    "person",
                    "path",
                    "assigned_on",
                    "state",
                    "due_on",
                    "valid_until",
                    "closed_on",
                    "source",
                    "shared",
                ),
                name="assignment_of_people",
            ),
        ]

    def __str__(self) -> str:
        return f"割当{self.pk}"  # without name and title, because it is written to audit events and logs

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    def standing(self, on: date | None = None) -> str:
        """The state as pages show it (a key of STANDINGS), derived from the state and the dates on that day."""
        day = on or clock.today()
        if self.state in RUNNING:
            if self.due_on < day:
                return "late"
            return "not_begun" if self.state == AssignmentState.ASSIGNED else "on_time"
        if self.state == AssignmentState.COMPLETED:
            return "expired" if self.valid_until and self.valid_until < day else "done"
        return str(self.state)

    def days_left(self, on: date | None = None) -> int:
        """Days until the due date; negative when it has passed."""
        return (self.due_on - (on or clock.today())).days

    def renewal_opens_on(self) -> date | None:
        """The day from which the path can be renewed (更新期間); None if the completion never expires."""
        if self.valid_until is None:
            return None
        return self.valid_until - timedelta(days=self.version.renew_window_days)


#: The label of each standing, in the order of the counts on pages.
STANDINGS = {
    "late": "期限切れ",
    "on_time": "学習中",
    "not_begun": "未着手",
    "suspended": "休止中",
    "done": "完了",
    "expired": "有効期限切れ",
    "waived": "免除",
    "cancelled": "取りやめ",
}


def standing_q(standing: str, on: date) -> Q:
    """The SQL form of `Assignment.standing`; a test keeps both alike."""
    state = AssignmentState
    return {
        "late": Q(state__in=RUNNING, due_on__lt=on),
        "on_time": Q(state=state.IN_PROGRESS, due_on__gte=on),
        "not_begun": Q(state=state.ASSIGNED, due_on__gte=on),
        "suspended": Q(state=state.SUSPENDED),
        "done": valid_q(on),
        "expired": Q(state=state.COMPLETED, valid_until__lt=on),
        "waived": Q(state=state.WAIVED),
        "cancelled": Q(state=state.CANCELLED),
    }[standing]


class Extension(models.Model):
    """延長: old and new due date, reason and person. Rows are only added, never changed."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="extensions", verbose_name="割当")
    old_due = models.DateField("元の期限")
    new_due = models.DateField("新しい期限")
    reason = models.CharField("理由", max_length=300)
    by = models.ForeignKey(
        "organization.Person", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="延長した人"
    )
    made_at = models.DateTimeField("日時", default=clock.now)

    class Meta:
        verbose_name = "延長"
        verbose_name_plural = "延長"
        ordering = ("made_at", "pk")

    def __str__(self) -> str:
        return f"{self.old_due} → {self.new_due}"


class Suspension(models.Model):
    """休止: the due date does not count while the person is on leave. `shifted_days` were added to it afterwards."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.CASCADE, related_name="suspensions", verbose_name="割当"
    )
    leave = models.ForeignKey(
        "organization.Appointment", on_delete=models.PROTECT, related_name="+", verbose_name="休職・育休の発令"
    )
    shifted_days = models.PositiveSmallIntegerField("延びた日数", default=0)

    class Meta:
        verbose_name = "休止"
        verbose_name_plural = "休止"
        constraints = [models.UniqueConstraint(fields=("assignment", "leave"), name="suspension_once_a_leave")]

    def __str__(self) -> str:
        return f"{self.assignment_id}: {self.leave_id}"
