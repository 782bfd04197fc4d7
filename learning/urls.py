"""Addresses of learning: each module of views lists its own."""

from learning.assignments.views import assign, proposals
from learning.authoring.views import path
from learning.imports import views as imports
from learning.learner.views import assignment, calendar, catalogue, my_learning
from learning.notifications import views as notifications
from learning.office import views as office
from learning.records.views import courses, records, transcript
from learning.rules import views as rules
from learning.team.views import team

urlpatterns = [
    *my_learning.urlpatterns,
    *catalogue.urlpatterns,
    *path.urlpatterns,
    *assignment.urlpatterns,
    *transcript.urlpatterns,
    *calendar.urlpatterns,
    *records.urlpatterns,
    *courses.urlpatterns,
    *assign.urlpatterns,
    *team.urlpatterns,
    *office.urlpatterns,
    *rules.urlpatterns,
    *notifications.urlpatterns,
    *proposals.urlpatterns,
    *imports.urlpatterns,
]
