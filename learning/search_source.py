"""Search sources of learning: paths (items with steps) and courses (rows). No module imports this one.

A path is found by its text and its steps. A reading step is left out if some readers of the path may not open its item,
so that no search discloses the title (I16). Drafts, retired paths and retired courses are not found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model, Prefetch, Q, QuerySet, prefetch_related_objects

from kb.items.authorship import author_label
from kb.items.row_filter import filter_visible
from kb.lifecycle.publication import WIDTH
from kb.models import Authorship, Item, Scene, Stance, Theme
from kb.models.items.item_queries import ItemQuerySet
from kb.models.items.states import State
from learning.models import LearningPath, PathVersion, Stage, Step, StepGroup, TrainingCourse
from learning.models.course import COURSE_TOKENS
from organization.access_policy import Viewer
from organization.audience import Audience, audience_tokens
from organization.japanese_dates import era_date
from organization.models import OrgUnitVersion
from organization.units.owner_units import owned_by_lineage, unit_part
from organization.units.tree import UnitTree, unit_tree
from search.documents import Card, SearchDocument

#: The columns that a card and `_texts` use. A missing column would cost one query a row (a test counts the queries).
_PATH_COLUMNS = (
    "title",
    "public_id",
    "summary",
    "about",
    "unit_name_at_time",
    "owner_unit",
    "occurred_on",
    "audience",
    "state",
    "review_due",
    "live",
    *LearningPath.BADGE_COLUMNS,
)
_STEP_COLUMNS = (
    "version",
    "title",
    "why",
    "task",
    "item__state",
    "item__audience",
    "item__owner_unit",
    "course__title",
)
TYPE_LABELS = {"learningpath": LearningPath.TYPE_LABEL, "course": "研修"}


class Labels:
    """The labels of the types of learning. The labels of other facets come from kb."""

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        return TYPE_LABELS if facet == "type" else {}

    def synonyms(self) -> Iterable[Collection[str]]:
        return ()


class PathSource(Labels):
    name = "path"
    model: type[Model] = LearningPath

    def eligible(self) -> QuerySet[Any]:
        return _active(LearningPath.objects.published()).select_related("owner_unit", "content_type")

    def document(self, obj: Any) -> SearchDocument:
        path: LearningPath = obj
        tree = unit_tree()
        authors = path.authorships.select_related("person")
        words = [word.label for name in ("themes", "scenes", "stances") for word in getattr(path, name).all()]
        return SearchDocument(
            key=f"path:{path.pk}",
            source="path",
            type="learningpath",
            public_id=path.public_id or "",
            url=path.get_absolute_url(),
            title=path.title,
            summary=path.summary,
            audience=tuple(
                sorted(
                    audience_tokens(
                        audience=path.audience,
                        owner_unit_id=path.owner_unit_id,
                        author_uids=[str(row.person.uid) for row in authors],
                        tree=tree,
                    )
                )
            ),
            body="\n".join(_texts(path, _current_versions([path.pk]).get(path.pk), tree)),
            keywords=(*path.keywords, LearningPath.TYPE_LABEL, *words),
            author_label=author_label(path),
            fiscal_year=path.fiscal_year,
            occurred_on=path.occurred_on,
            published_at=path.first_published_at,
            theme=tuple(t.code for t in path.themes.all()),
            stance=tuple(s.code for s in path.stances.all()),
            scene=tuple(s.code for s in path.scenes.all()),
            reuse=path.reactions.count(),
            **unit_part(path.owner_unit_id, tree),
        )

    def visible_to(self, user: Viewer, pks: Collection[Any]) -> set[Any]:
        return set(_active(LearningPath.objects.visible_to(user)).filter(pk__in=pks).values_list("pk", flat=True))

    def cards(self, user: Viewer, pks: Collection[Any]) -> Mapping[Any, Card]:
        paths = _active(LearningPath.objects.published()).filter(pk__in=pks).order_by()
        rows = filter_visible(user, paths.only(*_PATH_COLUMNS))
        tree, versions = unit_tree(), _current_versions([row.pk for row in rows])
        return {path.pk: self._card(path, versions.get(path.pk), tree) for path in rows}

    def _card(self, path: LearningPath, version: PathVersion | None, tree: UnitTree) -> Card:
        current_unit = tree.name(tree.successor(path.owner_unit_id)) if path.owner_unit_id else ""
        return Card(
            type="learningpath",
            type_label=LearningPath.TYPE_LABEL,
            public_id=path.public_id or "",
            url=path.get_absolute_url(),
            title=path.title,
            summary=path.summary,
            text="\n".join(_texts(path, version, tree)),
            unit_label=path.unit_name_at_time,
            unit_now_label=current_unit if current_unit != path.unit_name_at_time else "",
            date_label=era_date(path.occurred_on) if path.occurred_on else "",
            badges=tuple(path.badges),
        )

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {
            PathVersion: lambda row: [row.path_id],
            StepGroup: lambda row: _path_pks(versions=row.version_id),
            Step: lambda row: _path_pks(versions=row.version_id),
            TrainingCourse: lambda row: _path_pks(versions__steps__course=row.pk),
            # The audience or state of an item to read may have changed.
            Item: lambda row: _path_pks(versions__steps__item=row.pk),
            Authorship: lambda row: _path_pks(pk=row.item_id),
            OrgUnitVersion: lambda row: owned_by_lineage(LearningPath, row),
            **{model: (lambda row: _path_pks(pk__in=row.items.values("pk"))) for model in (Theme, Scene, Stance)},
        }

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[Any]:
        paths = _active(LearningPath.objects.visible_to(user))
        for word in words:
            paths = paths.filter(Q(title__icontains=word) | Q(summary__icontains=word))
        return list(paths.newest().values_list("pk", flat=True)[:limit])


class CourseSource(Labels):
    name = "course"
    model: type[Model] = TrainingCourse

    def eligible(self) -> QuerySet[Any]:
        return TrainingCourse.objects.standing()

    def document(self, obj: Any) -> SearchDocument:
        course: TrainingCourse = obj
        return SearchDocument(
            key=f"course:{course.pk}",
            source="course",
            type="course",
            public_id=course.code,
            url=course.get_absolute_url(),
            audience=tuple(sorted(COURSE_TOKENS)),
            title=course.title,
            body=course.about,
            keywords=(
                TYPE_LABELS["course"],
                course.get_provider_display(),
                course.get_type_display(),
                course.get_obligation_display(),
            ),
        )

    def visible_to(self, user: Viewer, pks: Collection[Any]) -> set[Any]:
        courses = TrainingCourse.objects.visible_to(user).standing()
        return set(courses.filter(pk__in=pks).values_list("pk", flat=True))

    def cards(self, user: Viewer, pks: Collection[Any]) -> Mapping[Any, Card]:
        return {
            course.pk: Card(
                type="course",
                type_label=TYPE_LABELS["course"],
                public_id=course.code,
                url=course.get_absolute_url(),
                title=course.title,
                text=course.about,
                unit_label=str(course.get_provider_display()),
            )
            for course in TrainingCourse.objects.visible_to(user).standing().filter(pk__in=pks)
        }

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        return {}

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[Any]:
        # Without words, search wants the newest rows; courses have no date.
        if not words:
            return []
        courses = TrainingCourse.objects.visible_to(user).standing()
        for word in words:
            courses = courses.filter(Q(title__icontains=word) | Q(about__icontains=word))
        return list(courses.order_by("code").values_list("pk", flat=True)[:limit])


def _active(paths: ItemQuerySet) -> ItemQuerySet:
    return paths.filter(stage=Stage.ACTIVE)


def _path_pks(**conditions: Any) -> Iterable[Any]:
    return LearningPath.objects.filter(**conditions).order_by().distinct().values_list("pk", flat=True)


def _current_versions(pks: Collection[Any]) -> dict[Any, PathVersion]:
    """Maps the pk of each path to its current version, with the steps. Two queries."""
    released = PathVersion.objects.filter(path__in=pks, released_at__isnull=False).order_by("number")
    newest = {version.path_id: version for version in released}
    steps = Step.objects.select_related("item", "course").only(*_STEP_COLUMNS)
    steps = steps.order_by("group__order", "order", "pk")
    prefetch_related_objects(list(newest.values()), Prefetch("steps", steps))
    return newest


def _texts(path: LearningPath, version: PathVersion | None, tree: UnitTree) -> list[str]:
    """Goal, description and steps, in reading order. A step is left out if a reader of the path may not open its item."""
    if version is None:
        return [path.about] if path.about else []
    texts: list[str] = [version.goal, path.about]
    for step in version.steps.all():
        if step.item is None or _opens_to_all(step.item, path, tree):
            texts += [step.title, step.why, step.task, step.course.title if step.course else ""]
    return [text for text in texts if text]


def _opens_to_all(item: Item, path: LearningPath, tree: UnitTree) -> bool:
    """Whether everybody who may open the path may open the item; False if that is uncertain."""
    if item.state not in (State.PUBLISHED, State.SUPERSEDED) or item.audience not in WIDTH:
        return False
    item_width, path_width = WIDTH[Audience(item.audience)], WIDTH[Audience(path.audience)]
    if item_width >= WIDTH[Audience.PREFECTURE]:
        return item_width >= path_width
    if (
        item.audience == Audience.SELF
        or path_width > item_width
        or item.owner_unit_id is None
        or path.owner_unit_id is None
    ):
        return False
    if item.audience == Audience.DEPARTMENT:
        return tree.department(item.owner_unit_id) == tree.department(path.owner_unit_id)
    return item.owner_unit_id == path.owner_unit_id
