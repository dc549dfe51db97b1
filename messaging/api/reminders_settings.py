"""Reminders by API: the clinic's rules, and "send now" for one visit."""

from typing import Any, TypedDict
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from clinics.api import fields
from clinics.api.errors import ApiError
from clinics.api.schema import describe
from clinics.api.views import ClinicAPIView
from clinics.permissions import Action
from medsync.lib import clock
from messaging.api.reading import message_shapes, messages
from messaging.api.shapes import MessageShape, SendError
from messaging.models import ReminderSettings
from messaging.reminders import reminding, words
from messaging.reminders.rules import Rules, RulesRefused, save
from scheduling.locks import operation

TAG = "reminders"


class ReminderSettingsShape(TypedDict):
    """When and how the clinic reminds. `hours_before` is the last of `steps`."""

    enabled: bool
    hours_before: int
    steps: list[int]
    language: str
    template_key: str
    custom_message: str


class ReminderSettingsBody(fields.Body):
    """The rules; what is left out stays as it is. Send `steps`, or `hours_before` for a single one."""

    enabled = fields.Yes(required=False)
    hours_before = fields.Count(required=False)
    steps = serializers.ListField(child=fields.Count(), required=False)
    language = fields.Text(max_length=12, required=False, allow_blank=True)
    template_key = fields.Text(max_length=60, required=False)
    custom_message = fields.Text(max_length=fields.ANY_LENGTH, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One way of saying when; both only where they agree, as in what a GET answers."""
        if "steps" in attrs and "hours_before" in attrs and attrs["hours_before"] not in attrs["steps"]:
            raise ValidationError({"hours_before": ["Send either steps or hours_before."]})
        return attrs


class Nothing(fields.Body):
    """No fields."""


class Settings(ClinicAPIView):
    """The clinic's rules."""

    actions = {"put": Action.MANAGE_SETTINGS}

    @describe("Read the reminder settings", answers=ReminderSettingsShape, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return the rules, or the defaults: switched off, one day before."""
        return Response(_shape(ReminderSettings.load(), self.clinic.language))

    @describe(
        "Change the reminder settings",
        sends=ReminderSettingsBody,
        answers=ReminderSettingsShape,
        roles=True,
        tag=TAG,
        description="Each step is 1 to 72 whole hours before the visit. What is due at once goes at once.",
    )
    def put(self, request: Request) -> Response:
        """Store the rules."""
        wanted = self.body(ReminderSettingsBody)
        present = ReminderSettings.load()
        steps = wanted.get("steps", [wanted["hours_before"]] if "hours_before" in wanted else present.steps)
        rules = Rules(
            enabled=wanted.get("enabled", present.enabled),
            steps=steps,
            language=wanted.get("language", present.language),
            template_key=wanted.get("template_key", present.template_key),
            custom_message=wanted.get("custom_message", present.custom_message),
        )
        try:
            saved = save(rules, by=self.member, now=clock.now())
        except RulesRefused as error:
            alone = "hours_before" in wanted and "steps" not in wanted
            raise ValidationError(
                {
                    "hours_before" if field == "steps" and alone else field: list(sentences)
                    for field, sentences in error.problems.items()
                }
            ) from error
        return Response(_shape(saved, self.clinic.language))


class Remind(ClinicAPIView):
    """The reminder of one visit, now."""

    @describe(
        "Remind of an appointment now",
        sends=Nothing,
        answers=MessageShape,
        status=202,
        creates=True,
        may={
            409: (
                "`not_accepted`, `over`, `answered`, `already_reminded`, or why nobody can be reached: `no_sender`, "
                "`no_consent`, `opted_out`, `window_closed`, `no_address` … (each with `remedy`)",
                SendError,
            )
        },
        tag="appointments",
        description=(
            "Sends what the next step would, once: that step does not come again. Also while reminders are off. Other "
            "visits of the same contact on that day are named in the same message."
        ),
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Queue the reminder."""
        self.body(Nothing, optional=True)
        made = operation(self.once)(lambda: _sent(id), status=202)
        return Response(message_shapes([messages().get(pk=made.object_id)])[0], status=202)


def _sent(appointment_id: UUID) -> UUID:
    try:
        reminded = reminding.send_now(appointment_id, now=clock.now())
    except LookupError as error:
        raise Http404 from error
    except reminding.NotReminded as error:
        detail, remedy = words.sentences(error.code, error.channel)
        raise ApiError(409, error.code, f"{detail}.", remedy=remedy) from error
    assert reminded.message is not None
    return reminded.message.pk


def _shape(row: ReminderSettings, language: str) -> ReminderSettingsShape:
    return {
        "enabled": row.enabled,
        "hours_before": min(row.steps),
        "steps": list(row.steps),
        "language": row.language or language or "es",
        "template_key": row.template_key,
        "custom_message": row.custom_message,
    }
