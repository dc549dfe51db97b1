"""The saved texts' pages, below /c/<slug>/."""

from django.urls import path

from messaging.saved_texts import views

app_name = "saved-texts"

urlpatterns = [
    path("saved-texts/", views.page, name="page"),
    path("saved-texts/new/", views.new, name="new"),
    path("saved-texts/<uuid:text_id>/", views.edit, name="edit"),
    path("saved-texts/<uuid:text_id>/archive/", views.archive, name="archive"),
    path("saved-texts/<uuid:text_id>/restore/", views.restore, name="restore"),
]
