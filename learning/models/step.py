"""Step (ステップ) and StepGroup: the steps of a version in ordered groups. A step waits only for earlier groups (I12).

A step keeps its `uid` in every version, and progress refers to it (I10). Each of the columns item, format, course, post,
task, held_on and quiz belongs to certain types; `learning.authoring.editing` refuses the others.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from learning.models.path import PathVersion
from organization.counting import things


class StepType(models.TextChoices):
    READ = "read", "読む"
    WRITE = "write_retro", "ふりかえりを書く"
    COURSE = "course", "研修を受ける"
    ON_JOB = "on_job", "仕事でやってみる"
    ASK = "ask_person", "聴きに行く"
    CHECK = "check", "確かめる"
    EVENT = "event", "行事に出る"


class Completion(models.TextChoices):
    SELF = "self", "本人がすませる"
    CONFIRM = "confirm", "所属長などが確認する"
    REVIEWED = "reviewed", "所属長などが内容を見て受理する"


class StepGroup(models.Model):
    """Steps that can be done in any order, after all earlier groups are satisfied."""

    class Rule(models.TextChoices):
        ALL = "all", "すべて"
        ANY = "any", "いくつか"

    version = models.ForeignKey(PathVersion, on_delete=models.CASCADE, related_name="groups", verbose_name="版")
    order = models.PositiveSmallIntegerField("順番")
    title = models.CharField("まとまりの名前", max_length=60)
    rule = models.CharField("組の条件", max_length=3, choices=Rule.choices, default=Rule.ALL)
    any_n = models.PositiveSmallIntegerField(
        "すませる数",
        default=1,
        validators=[MinValueValidator(1)],
        help_text="「いくつか」のとき、この数だけすませます。",
    )

    class Meta:
        verbose_name = "ステップのまとまり"
        verbose_name_plural = "ステップのまとまり"
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.title

    def rule_words(self, size: int) -> str:
        return f"{things(size)}のうち{things(self.any_n)}" if self.rule == self.Rule.ANY else "すべて"


class Step(models.Model):
    #: The types that a fact completes (a publication, a training record), never the learner.
    BY_FACT = (StepType.WRITE, StepType.COURSE)

    version = models.ForeignKey(PathVersion, on_delete=models.CASCADE, related_name="steps", verbose_name="版")
    group = models.ForeignKey(StepGroup, on_delete=models.CASCADE, related_name="steps", verbose_name="まとまり")
    uid = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    order = models.PositiveSmallIntegerField("順番")
    type = models.CharField("種別", max_length=12, choices=StepType.choices)
    title = models.CharField("題", max_length=80)
    why = models.CharField("なぜ", max_length=200, help_text="学ぶ人に見せる一行。何のためのステップかを書きます。")
    minutes = models.PositiveSmallIntegerField(
        "目安の分", default=10, validators=[MinValueValidator(1), MaxValueValidator(6000)]
    )
    required = models.BooleanField("必須", default=True)
    completion = models.CharField("完了条件", max_length=10, choices=Completion.choices, default=Completion.SELF)
    item = models.ForeignKey(
        "kb.Item", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="読むもの"
    )
    format = models.CharField("ふりかえりの書式", max_length=30, blank=True)
    course = models.ForeignKey(
        "learning.TrainingCourse",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="steps",
        verbose_name="研修",
    )
    post = models.ForeignKey(
        "organization.Post",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="聴く相手の職",
    )
    task = models.TextField("やること", max_length=400, blank=True)
    held_on = models.DateField("行事の日", null=True, blank=True)
    place = models.CharField("場所", max_length=80, blank=True)
    #: The questions of a CHECK step: [{"question", "choices": [text…], "answer": index of the right choice, "note"}].
    quiz = models.JSONField("問い", default=list, blank=True)

    class Meta:
        verbose_name = "ステップ"
        verbose_name_plural = "ステップ"
        ordering = ("group__order", "order", "pk")
        constraints = [models.UniqueConstraint(fields=("version", "uid"), name="step_once_a_version")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_by_fact(self) -> bool:
        return self.type in self.BY_FACT

    @property
    def asks_evidence(self) -> bool:
        """Whether the learner has to describe what they did: for ON_JOB, and if somebody reviews the step."""
        return self.type == StepType.ON_JOB or self.completion == Completion.REVIEWED

    def target(self) -> dict[str, Any]:
        """The values of the columns that a copy of this step gets."""
        names = (
            "uid",
            "order",
            "type",
            "title",
            "why",
            "minutes",
            "required",
            "completion",
            "item_id",
            "format",
            "course_id",
            "post_id",
            "task",
            "held_on",
            "place",
            "quiz",
        )
        return {name: getattr(self, name) for name in names}
