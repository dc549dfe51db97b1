"""The phone's pages, below /c/<slug>/."""

from django.urls import path

from messaging.phone import views

app_name = "phone"

urlpatterns = [
    path("phone/", views.desk, name="desk"),
    path("phone/update/", views.update, name="update"),
    path("phone/new/", views.new, name="new"),
    path("phone/lines/", views.behave_alike, name="lines"),
    path("phone/clock/", views.move_clock, name="clock"),
    path("phone/<uuid:address_id>/send/", views.send, name="send"),
    path("phone/<uuid:address_id>/sign/", views.sign, name="sign"),
    path("phone/<uuid:address_id>/settings/", views.behave, name="settings"),
]
