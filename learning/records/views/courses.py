"""The catalogue of courses (/courses/), and the page of one course with the paths that include it.

These pages only read; a record is entered under /my/. A user who may not open the catalogue gets 404.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from learning.models import LearningPath, Obligation, PathVersion, Stage, TrainingCourse
from learning.models.course import TrainingCourseQuerySet
from learning.paths.reading_targets import reads_courses
from organization.access_policy import Viewer

PAGE_SIZE = 30
MAX_WORDS = 8
ANY = ("", "すべて")


class CourseFilter(forms.Form):
    """The filter of the catalogue. Every field may be empty; an invalid value is ignored."""

    q = forms.CharField(label="ことば", required=False, max_length=100, help_text="名称・内容・科目番号から探します。")
    type = forms.ChoiceField(label="区分", required=False, choices=[ANY, *TrainingCourse.Type.choices])
    provider = forms.ChoiceField(label="実施機関", required=False, choices=[ANY, *TrainingCourse.Provider.choices])
    obligation = forms.ChoiceField(label="受講区分", required=False, choices=[ANY, *Obligation.choices])

    def chosen(self) -> dict[str, str]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, courses: TrainingCourseQuerySet) -> TrainingCourseQuerySet:
        chosen = self.chosen()
        words = chosen.pop("q", "").split()[:MAX_WORDS]
        narrowed = courses.filter(**chosen)
        for word in words:
            narrowed = narrowed.filter(Q(title__icontains=word) | Q(about__icontains=word) | Q(code__iexact=word))
        return narrowed


def _readable_courses(user: Viewer) -> TrainingCourseQuerySet:
    if not reads_courses(user):
        raise Http404
    return TrainingCourse.objects.all()


@login_required
@require_safe
def courses_page(request: HttpRequest) -> HttpResponse:
    offered = _readable_courses(request.user).standing()
    form = CourseFilter(request.GET)
    courses = Paginator(form.narrow(offered).order_by("code"), PAGE_SIZE).get_page(request.GET.get("page"))
    chosen = form.chosen()
    page_links = {
        name: f"?{urlencode({**chosen, 'page': number})}"
        for name, exists, number in (
            ("previous", courses.has_previous(), courses.number - 1),
            ("next", courses.has_next(), courses.number + 1),
        )
        if exists
    }
    context = {"form": form, "courses": courses, "turns": page_links, "narrowed": bool(chosen)}
    return render(request, "learning/courses.html", context)


@login_required
@require_safe
def course_page(request: HttpRequest, code: str) -> HttpResponse:
    course = _readable_courses(request.user).filter(code=code).first()
    if course is None:
        raise Http404
    crumbs = [{"url": reverse("courses"), "label": "研修の目録"}, {"label": course.title}]
    context = {"course": course, "paths": _paths_with_course(course, request.user), "crumbs": crumbs}
    return render(request, "learning/course.html", context)


def _paths_with_course(course: TrainingCourse, user: Viewer) -> list[LearningPath]:
    """The active paths that `user` may open and whose newest released version has a step for this course."""
    visible = LearningPath.objects.visible_to(user).filter(stage=Stage.ACTIVE, versions__steps__course=course)
    paths = {row.pk: row for row in visible.distinct().order_by("title", "pk")}
    released = PathVersion.objects.filter(path__in=paths, released_at__isnull=False)
    newest = dict(released.order_by("number").values_list("path_id", "pk"))
    with_course = set(
        PathVersion.objects.filter(pk__in=newest.values(), steps__course=course).values_list("path_id", flat=True)
    )
    return [row for pk, row in paths.items() if pk in with_course]


urlpatterns: list[URLPattern] = [
    path("courses/", courses_page, name="courses"),
    path("courses/<path:code>/", course_page, name="course"),
]
