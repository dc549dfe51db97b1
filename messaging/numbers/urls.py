"""The clinic's numbers, below /c/<slug>/."""

from django.urls import path

from messaging.numbers import views

app_name = "numbers"

urlpatterns = [
    path("numbers/", views.page, name="page"),
    path("numbers/add/", views.add, name="add"),
    path("numbers/add/telnyx/", views.add, {"provider": "telnyx"}, name="add-telnyx"),
    path("numbers/<uuid:sender_id>/", views.one, name="one"),
    path("numbers/<uuid:sender_id>/primary/", views.primary, name="primary"),
    path("numbers/<uuid:sender_id>/deactivate/", views.deactivate, name="deactivate"),
    path("numbers/<uuid:sender_id>/check/", views.check, name="check"),
    path("numbers/<uuid:sender_id>/test/", views.test, name="test"),
    path("numbers/<uuid:sender_id>/token/", views.token, name="token"),
    path("numbers/<uuid:sender_id>/rate/", views.rate, name="rate"),
]
