"""A member's or an integrator's own words to a patient."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from clinics.api import fields
from clinics.api.errors import ApiError, UnknownId
from clinics.api.schema import describe
from clinics.api.views import ClinicAPIView
from medsync.lib import clock
from messaging import gate, outbox, threads
from messaging.api.reading import message_shapes, messages
from messaging.api.shapes import MessageShape, SendError
from messaging.models import Conversation, Direction, Message
from scheduling.locks import operation
from scheduling.models import ContactPoint, Patient, PatientContact

# What the gate says about the request itself, rather than about the state of things.
_FIELD_OF = {gate.NO_ADDRESS: "patient_id", gate.EMPTY: "body", gate.TOO_LONG: "body"}


class SendBody(fields.Body):
    """A text to a patient, or to a contact. With `client_message_id` a retry is safe."""

    patient_id = fields.Id(required=False)
    contact_id = fields.Id(required=False)
    body = fields.Text(max_length=fields.ANY_LENGTH)
    client_message_id = fields.Text(max_length=80, required=False)
    after_message_id = fields.Id(required=False)

    def validate_body(self, value: str) -> str:
        """Refuse what no provider takes in one message."""
        if len(value) > gate.LONGEST_BODY:
            raise ValidationError(f"Has {len(value)} characters; at most {gate.LONGEST_BODY}.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one addressee."""
        if ("patient_id" in attrs) == ("contact_id" in attrs):
            raise ValidationError({"patient_id": ["Send either patient_id or contact_id."]})
        return attrs


class Send(ClinicAPIView):
    """Queue a message."""

    @describe(
        "Send a message",
        sends=SendBody,
        answers=MessageShape,
        status=202,
        creates=True,
        may={
            409: (
                "`no_sender`, `no_consent`, `opted_out`, `window_closed` (each with `remedy`), "
                "`answered_meanwhile`, `key_reused`",
                SendError,
            )
        },
        tag="messages",
        description=(
            "It goes where the patient wrote last, else by WhatsApp. 202: it is stored and will be sent; watch its "
            "status. Nothing is stored when it is refused. With `after_message_id`, the last message that the "
            "writer saw, it is refused when a colleague has answered since."
        ),
    )
    def post(self, request: Request) -> Response:
        """Store the message for the worker."""
        wanted = self.body(SendBody)
        made = operation(self.once)(lambda: self._send(wanted).pk, status=202)
        return Response(message_shapes([messages().get(pk=made.object_id)])[0], status=202)

    def _send(self, wanted: dict[str, Any]) -> Message:
        now = clock.now()
        conversation = threads.thread_of(addressee(wanted), now=now)
        after = wanted.get("after_message_id")
        if after is not None and not Message.objects.filter(pk=after, conversation=conversation).exists():
            raise UnknownId("after_message_id")
        try:
            with unless_sent(wanted):
                return outbox.send_reply(
                    conversation,
                    body=wanted["body"],
                    user=self.member,
                    now=now,
                    client_message_id=wanted.get("client_message_id"),
                    after_message_id=after,
                )
        except outbox.GateRefused as error:
            raise refusal(error, wanted) from error


@contextmanager
def unless_sent(wanted: Mapping[str, Any]) -> Iterator[None]:
    """Say in the API's words why a message is not stored, but for the gate's reasons."""
    try:
        yield
    except outbox.KeyReused as error:
        raise ApiError(409, "key_reused", "This client_message_id was used for another message.") from error
    except outbox.AnsweredMeanwhile as error:
        raise ApiError(
            409,
            error.code,
            f"{error.by.get_short_name()} has answered since.",
            answered_by=error.by.get_full_name(),
            answered_at=error.at,
        ) from error
    except outbox.BodyRefused as error:
        field = "body" if "body" in wanted else "variables"
        raise ValidationError({field: [gate.sentences(error.code, "")[0]]}) from error


def addressee(wanted: Mapping[str, Any]) -> UUID:
    """Return the contact that a request names, by itself or by its patient. Raises UnknownId, ValidationError."""
    if "contact_id" in wanted:
        contact_id: UUID = wanted["contact_id"]
        if not ContactPoint.objects.filter(pk=contact_id, merged_into=None).exists():
            raise UnknownId("contact_id")
        return contact_id
    patient_id: UUID = wanted["patient_id"]
    if not Patient.objects.filter(pk=patient_id, merged_into=None).exists():
        raise UnknownId("patient_id")
    found = contact_of(patient_id)
    if found is None:
        raise ValidationError({"patient_id": ["This patient has no number and has never written."]})
    return found


def contact_of(patient_id: UUID) -> UUID | None:
    """Return where a patient is written to: where the patient wrote last, else the starred contact."""
    contacts = list(
        PatientContact.objects.filter(patient=patient_id, not_theirs_at=None)
        .order_by("-starred", "created_at", "id")
        .values_list("contact_point_id", flat=True)
    )
    if len(contacts) < 2:
        return contacts[0] if contacts else None
    threads_of_patient = Conversation.objects.filter(contact_point__in=contacts)
    wrote_last = (
        Message.objects.filter(conversation__in=threads_of_patient, direction=Direction.INBOUND)
        .order_by("-created_at", "-id")
        .values_list("conversation__contact_point_id", flat=True)
        .first()
    )
    return wrote_last or contacts[0]


def refusal(error: outbox.GateRefused, wanted: Mapping[str, Any]) -> APIException:
    """Return why the gate lets nothing go, as the API says it."""
    field = _FIELD_OF.get(error.code)
    if field is None:
        return ApiError(409, error.code, error.detail, remedy=error.remedy)
    return ValidationError({field if field in wanted else "contact_id": [error.detail]})
