"""StepProgress: the progress of one step of one assignment. The row is created when the step is first worked on.

Rows refer to the step by `uid`, so that they stay valid when the assignment moves to another version (I10). They do not
record what was read or searched: a reading is done when the person says so.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from learning.models.assignment import Assignment
from organization import clock


class StepProgress(models.Model):
    class State(models.TextChoices):
        SUBMITTED = "submitted", "確認待ち"
        RETURNED = "returned", "差戻し"
        DONE = "done", "すみ"
        SKIPPED = "skipped", "とばした"

    #: The states that count for a group. A skipped step counts, so that an item that cannot be opened blocks nobody.
    COUNTED = (State.DONE, State.SKIPPED)

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="progress", verbose_name="割当")
    step_uid = models.UUIDField("ステップ")
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.DONE)
    done_on = models.DateField("すませた日", null=True, blank=True)
    evidence = models.TextField("証拠", max_length=400, blank=True)
    comment = models.CharField("差戻しのことば", max_length=300, blank=True)
    by = models.ForeignKey(
        "organization.Person", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="した人"
    )
    item = models.ForeignKey(
        "kb.Item", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="読んだ・書いたもの"
    )
    record = models.ForeignKey(
        "learning.TrainingRecord",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="受講記録",
    )
    changed_at = models.DateTimeField("日時", default=clock.now)

    class Meta:
        verbose_name = "ステップの進み"
        verbose_name_plural = "ステップの進み"
        constraints = [
            models.UniqueConstraint(fields=("assignment", "step_uid"), name="progress_once_a_step"),
            models.CheckConstraint(
                condition=~Q(state__in=("done", "skipped")) | Q(done_on__isnull=False), name="progress_done_has_a_day"
            ),
        ]
        indexes = [models.Index(fields=("state",), condition=Q(state="submitted"), name="progress_waiting")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.state}"

    @property
    def counts(self) -> bool:
        return self.state in self.COUNTED
