"""The pages of reminders and of the call list, below /c/<slug>/."""

from django.urls import path

from messaging.reminders import views

app_name = "reminders"

urlpatterns = [
    path("reminders/", views.page, name="page"),
    path("reminders/sent/", views.sent, name="sent"),
    path("reminders/preview/", views.preview, name="preview"),
    path("reminders/<uuid:appointment_id>/send/", views.send, name="send"),
]
