"""Addresses of learning: each module of views lists its own."""

from learning.views import (
    assign,
    building,
    calendar,
    courses,
    imports,
    learner,
    my,
    office,
    outbox,
    paths,
    proposals,
    records,
    rules,
    team,
    transcript,
)

urlpatterns = [
    *my.urlpatterns,
    *paths.urlpatterns,
    *building.urlpatterns,
    *learner.urlpatterns,
    *transcript.urlpatterns,
    *calendar.urlpatterns,
    *records.urlpatterns,
    *courses.urlpatterns,
    *assign.urlpatterns,
    *team.urlpatterns,
    *office.urlpatterns,
    *rules.urlpatterns,
    *outbox.urlpatterns,
    *proposals.urlpatterns,
    *imports.urlpatterns,
]
