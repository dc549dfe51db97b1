"""The pages of reminders and of the call list, below /c/<slug>/."""

from django.urls import path

from messaging.reminders import call_views, views

app_name = "reminders"

urlpatterns = [
    path("reminders/", views.page, name="page"),
    path("reminders/save/", views.save, name="save"),
    path("reminders/sent/", views.sent, name="sent"),
    path("reminders/preview/", views.preview, name="preview"),
    path("reminders/<uuid:appointment_id>/send/", views.send, name="send"),
    path("call-list/", call_views.page, name="calls"),
    path("call-list/<uuid:appointment_id>/called/", call_views.called, name="called"),
]
