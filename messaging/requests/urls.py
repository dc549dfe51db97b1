"""The Requests screen and what it answers, below /c/<slug>/."""

from django.urls import path

from messaging.requests import views

app_name = "requests"

urlpatterns = [
    path("requests/", views.page, name="page"),
    path("requests/list/", views.listing, name="list"),
    path("requests/<uuid:appointment_id>/", views.one, name="one"),
    path("requests/<uuid:appointment_id>/words/", views.words_fragment, name="words"),
    path("requests/<uuid:appointment_id>/accept/", views.accept, name="accept"),
    path("requests/<uuid:appointment_id>/decline/", views.decline, name="decline"),
    path("requests/<uuid:appointment_id>/decline/text/", views.decline_text, name="decline-text"),
    path("requests/<uuid:appointment_id>/offer/", views.offer, name="offer"),
    path("requests/<uuid:appointment_id>/offer/text/", views.offer_text, name="offer-text"),
]
