"""The addresses of search. The addresses never change, because browsers, bookmarks and other intranet sites store
them."""

from django.urls import path

from search import views

urlpatterns = [
    path("", views.search, name="search"),
    path("suggest/", views.suggestions, name="suggest"),
    path("opensearch.xml", views.description, name="opensearch"),
]
