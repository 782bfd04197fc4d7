"""Addresses of learning."""

from django.urls import path

from learning.views import my

urlpatterns = [
    path("my/", my.page, name="my"),
    path("my/findable/", my.findable, name="my_findable"),
    path("my/notices/", my.read_notices, name="my_notices"),
    path("my/records/<int:pk>/report/", my.report, name="record_report"),
]
