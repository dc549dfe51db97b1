"""How a member is told, below /c/<slug>/."""

from django.urls import path

from messaging.alerts import views

app_name = "alerts"

urlpatterns = [
    path("notifications/", views.page, name="page"),
    path("notifications/test/", views.test, name="test"),
]
