"""What providers fetch outside of any clinic."""

from django.urls import path

from messaging.attachments import views

urlpatterns = [path("m/<str:token>", views.public, name="public-file")]
