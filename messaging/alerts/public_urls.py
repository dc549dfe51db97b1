"""What browsers ask outside of any clinic: the background script, and the addresses at which they can be told."""

from django.urls import path

from messaging.alerts import views

urlpatterns = [
    path("worker.js", views.worker, name="push-worker"),
    path("push/subscribe/", views.subscribe, name="push-subscribe"),
    path("push/unsubscribe/", views.unsubscribe, name="push-unsubscribe"),
]
