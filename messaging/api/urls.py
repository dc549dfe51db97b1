"""URLs of this room's part of the API."""

from clinics.api.paths import both
from messaging.api import (
    conversations,
    patients,
    reminders,
    reminders_settings,
    sending,
    sending_templates,
    sms_config,
    templates,
)

_CONVERSATIONS = "whatsapp/conversations"

urlpatterns = [
    *both("whatsapp/send", sending.Send.as_view(), "api-send"),
    *both("whatsapp/send-template", sending_templates.SendTemplate.as_view(), "api-send-template"),
    *both(_CONVERSATIONS, conversations.Conversations.as_view(), "api-conversations"),
    *both(f"{_CONVERSATIONS}/<uuid:id>", conversations.OneConversation.as_view(), "api-conversation"),
    *both(f"{_CONVERSATIONS}/<uuid:id>/messages", conversations.Messages.as_view(), "api-messages"),
    *both("whatsapp/templates", templates.Templates.as_view(), "api-templates"),
    *both("whatsapp/reminder-settings", reminders_settings.Settings.as_view(), "api-reminder-settings"),
    *both("appointments/<uuid:id>/remind", reminders_settings.Remind.as_view(), "api-remind"),
    *both("clinic/config/sms", sms_config.SmsConfig.as_view(), "api-sms-config"),
    *both("clinic/config/sms/validate", sms_config.ValidateSms.as_view(), "api-sms-validate"),
    *both("reminder", reminders.Reminders.as_view(), "api-api-reminders"),
    *both("reminder/<str:id>", reminders.OneReminder.as_view(), "api-api-reminder"),
    *both("patients", patients.Patients.as_view(), "api-patients"),
    *both("patients/<uuid:id>", patients.OnePatient.as_view(), "api-patient"),
]
