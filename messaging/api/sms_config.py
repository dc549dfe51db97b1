"""How a clinic confirms by SMS, by API: the configuration, and a test message."""

from typing import Any, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api import fields
from clinics.api.schema import describe
from clinics.api.views import ClinicAPIView
from clinics.permissions import Action
from medsync.lib import clock, phone
from messaging import gate, sms_config

TAG = "sms"


class SmsConfigBody(fields.Body):
    """Any subset; what is not sent stays as it is. An empty text is the built-in one again."""

    smsEnabled = fields.Yes(required=False)
    smsSenderNumber = fields.Text(max_length=64, required=False, allow_blank=True)
    smsInboundWebhookEnabled = fields.Yes(required=False)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with a text for each event and language."""
        found = super().get_fields()
        for name in sms_config.TEMPLATES:
            found[name] = fields.Text(
                max_length=gate.LONGEST_BODY, required=False, allow_blank=True, allow_null=True
            )
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse texts that ask for a carrier's word, know no such placeholder, or do not say how to stop."""
        wrong = {
            name: found
            for name in sms_config.TEMPLATES.keys() & attrs.keys()
            if (found := sms_config.problems(name, attrs[name] or ""))
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


class ValidateBody(fields.Body):
    """Where a test message goes."""

    testPhone = fields.Text(max_length=64)


class SmsConfigShape(TypedDict):
    """The switch, the number, and the words that go now."""

    smsEnabled: bool
    smsSenderNumber: str
    smsInboundWebhookEnabled: bool
    smsTemplateBookEn: str
    smsTemplateBookZh: str
    smsTemplateBookEs: str
    smsTemplateCancelEn: str
    smsTemplateCancelZh: str
    smsTemplateCancelEs: str
    smsTemplateRescheduleEn: str
    smsTemplateRescheduleZh: str
    smsTemplateRescheduleEs: str


class SmsConfigAnswerShape(TypedDict):
    """The configuration as it is now."""

    success: bool
    data: SmsConfigShape


class _SmsValidationOk(TypedDict):
    valid: bool


class SmsValidationShape(_SmsValidationOk, total=False):
    """Whether a test message went: the provider's id of it, or the word for what is wrong."""

    error: str
    messageId: str


class SmsConfig(ClinicAPIView):
    """How the clinic confirms by SMS."""

    actions = {"get": Action.MANAGE_SETTINGS, "post": Action.MANAGE_SETTINGS}

    @describe("Return how the clinic confirms by SMS", answers=SmsConfigAnswerShape, roles=True, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return the configuration, with the words that go now."""
        return Response({"success": True, "data": sms_config.config()})

    @describe(
        "Change how the clinic confirms by SMS",
        sends=SmsConfigBody,
        answers=SmsConfigAnswerShape,
        roles=True,
        tag=TAG,
        description=(
            "Any subset of the fields. Texts may use {clinicName} {date} {time} {providerName} {clinicPhone} "
            "{address} {mapUrl} {instructions}, and {oldDate} {oldTime} where a visit moves; a text of a booking "
            "says how to stop. With smsInboundWebhookEnabled off, SMS are stored and STOP is honoured, but the bot "
            "stays silent."
        ),
    )
    def post(self, request: Request) -> Response:
        """Store any subset."""
        wanted = self.body(SmsConfigBody)
        if wanted.get("smsSenderNumber"):
            try:
                wanted["smsSenderNumber"] = phone.parse(wanted["smsSenderNumber"], self.clinic.country)
            except phone.InvalidPhone as error:
                raise serializers.ValidationError(
                    {"smsSenderNumber": ["This is no phone number."]}
                ) from error
        sms_config.change(wanted, by=self.member, now=clock.now())
        return Response({"success": True, "data": sms_config.config()})


class ValidateSms(ClinicAPIView):
    """A test of the configuration."""

    actions = {"post": Action.MANAGE_SETTINGS}

    @describe(
        "Send a test SMS",
        sends=ValidateBody,
        answers=SmsValidationShape,
        roles=True,
        tag=TAG,
        description="Always 200 when the request is well formed: `valid` says whether the provider took the message.",
    )
    def post(self, request: Request) -> Response:
        """Send a test message, and say what came of it."""
        wanted = self.body(ValidateBody)
        try:
            to = phone.parse(wanted["testPhone"], self.clinic.country)
        except phone.InvalidPhone:
            return Response({"valid": False, "error": "invalid_phone"})
        done = sms_config.validate(to)
        if done.error:
            return Response({"valid": False, "error": done.error})
        return Response({"valid": True, "messageId": done.message_id})
