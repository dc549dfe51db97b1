"""The search, below /c/<slug>/."""

from django.urls import path

from messaging.search import views

app_name = "search"

urlpatterns = [path("search/", views.search, name="search")]
