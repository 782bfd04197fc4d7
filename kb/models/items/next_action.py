"""NextAction (次の行動): a plain row with a uid that never changes, so that other rows can refer to it (0032).

A revision contains a copy of the actions. The history needs the copy, and so does an edit that is not published yet.
When the retrospective is saved, the rows are written from the copy. They are matched by uid, so an edited action keeps
its row.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.fields.related_descriptors import ReverseManyToOneDescriptor
from modelcluster.models import get_serializable_data_for_fields, model_from_serializable_data
from modelcluster.queryset import FakeQuerySet
from wagtail.models import Orderable

if TYPE_CHECKING:
    from kb.models.items.retrospective import Retrospective


class UnsavedActions:
    """The next actions of a retrospective that is not saved yet. They come from a form or a revision. Has the methods
    of a manager.
    """

    def __init__(self, actions: Iterable[NextAction]) -> None:
        self._actions = list(actions)

    def all(self) -> FakeQuerySet:
        return FakeQuerySet(NextAction, sorted(self._actions, key=lambda action: action.sort_order or 0))

    def first(self) -> NextAction | None:
        return next(iter(self.all()), None)

    def add(self, *actions: NextAction) -> None:
        """Adds the given actions. An action replaces another action with the same uid."""
        self.remove(*actions)
        self._actions += actions

    def remove(self, *actions: NextAction) -> None:
        uids = {action.uid for action in actions}
        self._actions = [action for action in self._actions if action.uid not in uids]


class ActionsDescriptor(ReverseManyToOneDescriptor):
    """The attribute `retrospective.next_actions`: the unsaved actions if there are any, or else the stored rows."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is not None and instance.unsaved_actions is None and instance.pk is None:
            instance.unsaved_actions = UnsavedActions(())
        if instance is not None and instance.unsaved_actions is not None:
            return instance.unsaved_actions
        return super().__get__(instance, cls)


class RetrospectiveKey(models.ForeignKey):
    """The foreign key from an action to its retrospective. For migrations and the database it is a plain ForeignKey."""

    related_accessor_class = ActionsDescriptor

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs


class NextAction(Orderable):
    """次の行動: what will be done, which post does it, and until when. It names a post and never a person (0007)."""

    # Otherwise Wagtail would index which actions refer to a post. Nobody needs that index.
    wagtail_reference_index_ignore = True

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    retrospective = RetrospectiveKey("kb.Retrospective", on_delete=models.CASCADE, related_name="next_actions")
    what = models.CharField("何を", max_length=120)
    owner_post = models.ForeignKey(
        "organization.Post", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="担当職"
    )
    due_on = models.DateField("期限", null=True, blank=True)

    class Meta(Orderable.Meta):
        verbose_name = "次の行動"
        verbose_name_plural = "次の行動"

    def __str__(self) -> str:
        return self.what

    def as_content(self) -> dict[str, Any]:
        """Returns the copy of the action for a revision: its columns as JSON values."""
        return get_serializable_data_for_fields(self)


def actions_from(content: Iterable[Mapping[str, Any]], retrospective: Retrospective) -> list[NextAction]:
    """Returns the actions of a revision as unsaved objects. A copy from the time before uids has no uid and is matched
    by pk.
    """
    known = dict(NextAction.objects.filter(retrospective_id=retrospective.pk).values_list("pk", "uid"))
    actions = []
    for data in content:
        action: NextAction | None = model_from_serializable_data(
            NextAction, {**data, "retrospective": retrospective.pk}
        )
        if action is None:
            continue
        if "uid" not in data and action.pk in known:
            action.uid = known[action.pk]
        actions.append(action)
    return actions


def write_actions(retrospective: Retrospective, actions: Iterable[NextAction]) -> None:
    """Writes `actions` to the rows of a saved retrospective. A row that is kept keeps pk and uid. A row that matches no
    action is deleted.
    """
    rows = {row.uid: row for row in NextAction.objects.filter(retrospective_id=retrospective.pk)}
    kept = set()
    for order, action in enumerate(actions):
        row = rows.get(action.uid) or NextAction(uid=action.uid, retrospective_id=retrospective.pk)
        row.what, row.owner_post_id, row.due_on = action.what, action.owner_post_id, action.due_on
        row.sort_order = order
        row.save()
        kept.add(row.uid)
    NextAction.objects.filter(pk__in=[row.pk for uid, row in rows.items() if uid not in kept]).delete()
