"""The saved texts' pages, below /c/<slug>/."""

from django.urls import path

from messaging.saved_texts import own_views, views

app_name = "saved-texts"

urlpatterns = [
    path("saved-texts/", views.page, name="page"),
    path("saved-texts/new/", views.new, name="new"),
    path("saved-texts/own/", own_views.page, name="own"),
    path("saved-texts/own/<str:key>/", own_views.edit, name="own-edit"),
    path("saved-texts/own/<str:key>/restore/", own_views.restore, name="own-restore"),
    path("saved-texts/<uuid:text_id>/", views.edit, name="edit"),
    path("saved-texts/<uuid:text_id>/archive/", views.archive, name="archive"),
    path("saved-texts/<uuid:text_id>/restore/", views.restore, name="restore"),
]
