"""AssignmentRule (割当規則), which assigns a path automatically to people by criteria, and SuccessorProposal.

A person matches if all criteria that are set hold (``learning.rules.matching``). A rule without criteria would match
everybody, so it is refused.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from organization import clock
from organization.models.post import dates_in_order


class AssignmentRule(models.Model):
    path = models.ForeignKey(
        "learning.LearningPath", on_delete=models.CASCADE, related_name="rules", verbose_name="学習パス"
    )
    unit = models.ForeignKey(
        "organization.OrgUnit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="所属",
        help_text="この所属と、その下の所属。空なら全庁です。",
    )
    newcomers = models.BooleanField("新任（今年度に採用）", default=False)
    transferred = models.BooleanField("転入（今年度に今の職へ異動）", default=False)
    heads = models.BooleanField("所属長の職", default=False)
    titles = models.JSONField("職名", default=list, blank=True)
    unit_kinds = models.JSONField("所属区分", default=list, blank=True)
    years = models.JSONField("年次（採用から何年目）", default=list, blank=True)
    bound_to_post = models.BooleanField(
        "職に結びつける", default=False, help_text="職を離れると終わり、後任への割当を所属長に提案します。"
    )
    reason = models.CharField("理由（本人が読みます）", max_length=300)
    by_post = models.ForeignKey(
        "organization.Post", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="決めた職"
    )
    starts_on = models.DateField("この日から")
    ends_on = models.DateField("この日まで", null=True, blank=True)
    made_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "割当規則"
        verbose_name_plural = "割当規則"
        ordering = ("path_id", "pk")
        constraints = [dates_in_order("rule_dates")]

    def __str__(self) -> str:
        return f"{self.path.title}：{self.words()}"

    def clean(self) -> None:
        if not (self.newcomers or self.transferred or self.heads or self.titles or self.unit_kinds or self.years):
            raise ValidationError("だれに割り当てるかを、一つ以上選んでください。", code="criteria_required")

    def words(self) -> str:
        """The criteria as a sentence part: 「新任・所属長の職」."""
        from organization.models import OrgUnit

        kinds = dict(OrgUnit.Kind.choices)
        criteria = [
            word
            for word, holds in (("新任", self.newcomers), ("転入", self.transferred), ("所属長の職", self.heads))
            if holds
        ]
        criteria += [f"職名が{'・'.join(self.titles)}"] if self.titles else []
        criteria += (
            [f"{'・'.join(str(kinds.get(kind, kind)) for kind in self.unit_kinds)}の職員"] if self.unit_kinds else []
        )
        criteria += [f"{'・'.join(str(year) for year in self.years)}年目"] if self.years else []
        return "、".join(criteria)


class SuccessorProposal(models.Model):
    """A post-bound assignment ended because its person left the post: the head decides whether the successor gets it."""

    class State(models.TextChoices):
        OPEN = "open", "提案中"
        ACCEPTED = "accepted", "割り当てた"
        DECLINED = "declined", "見送った"

    ended = models.OneToOneField(
        "learning.Assignment", on_delete=models.CASCADE, related_name="proposal", verbose_name="終わった割当"
    )
    post = models.ForeignKey("organization.Post", on_delete=models.CASCADE, related_name="+", verbose_name="職")
    path = models.ForeignKey(
        "learning.LearningPath", on_delete=models.CASCADE, related_name="+", verbose_name="学習パス"
    )
    state = models.CharField("状態", max_length=8, choices=State.choices, default=State.OPEN)
    made_on = models.DateField("提案日")
    decided_by = models.ForeignKey(
        "organization.Person", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="決めた人"
    )

    class Meta:
        verbose_name = "後任への提案"
        verbose_name_plural = "後任への提案"
        ordering = ("-made_on", "-pk")
        indexes = [models.Index(fields=("post",), condition=Q(state="open"), name="proposal_open")]

    def __str__(self) -> str:
        return f"{self.post_id} {self.state}"
