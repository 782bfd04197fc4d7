"""Addresses of search. They stay for ever: browsers, bookmarks and other sites of the intranet hold them."""

from django.urls import path

from search import views

urlpatterns = [
    path("", views.search, name="search"),
    path("suggest/", views.suggestions, name="suggest"),
    path("opensearch.xml", views.description, name="opensearch"),
]
