"""Each with and without a closing slash: a redirect would lose the form."""

from django.urls import re_path

from messaging.webhooks import views

urlpatterns = [
    re_path(r"^sms/telnyx/?$", views.telnyx_event, name="webhook-telnyx"),
    re_path(r"^(?:whatsapp|sms)/?$", views.twilio_message, name="webhook-message"),
    re_path(r"^(?:whatsapp|sms)/status/?$", views.twilio_status, name="webhook-status"),
]
