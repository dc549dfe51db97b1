"""Texts that are chosen by their id: built in, the clinic's own, or approved by WhatsApp."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from clinics.api import fields
from clinics.api.errors import ApiError, UnknownId
from clinics.api.schema import describe
from clinics.api.views import ClinicAPIView
from clinics.models import Channel, Clinic
from medsync.lib import clock
from messaging import catalog, gate, outbox, threads, variables
from messaging.api.reading import message_shapes, messages
from messaging.api.sending import addressee, refusal, unless_sent
from messaging.api.shapes import MessageShape, SendError
from messaging.approved import choosing, offering, saying
from messaging.approved.writing import accounts
from messaging.language import nearest
from messaging.models import ContentTemplate, Conversation, Message, SavedText
from messaging.saved_texts.offering import spoken_in
from scheduling.locks import operation

#: Built-in texts whose approved form stands under the key of what they tell.
_APPROVED_AS = {"appt_reminder": "reminder_default", "appt_confirmed": "accepted"}


class SendTemplateBody(fields.Body):
    """A text by its id, with what its variables are filled with. With `client_message_id` a retry is safe."""

    patient_id = fields.Id(required=False)
    contact_id = fields.Id(required=False)
    template_id = fields.Text(max_length=80)
    variables = serializers.DictField(child=fields.Text(max_length=1600), required=False)
    language = fields.Text(max_length=12, required=False)
    client_message_id = fields.Text(max_length=80, required=False)
    after_message_id = fields.Id(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one addressee."""
        if ("patient_id" in attrs) == ("contact_id" in attrs):
            raise ValidationError({"patient_id": ["Send either patient_id or contact_id."]})
        return attrs


@dataclass(frozen=True, slots=True)
class _Text:
    """What was found under an id: an approved text, or words with {variables}."""

    approved: ContentTemplate | None = None
    body: str = ""
    key: str = ""
    language: str = ""


class SendTemplate(ClinicAPIView):
    """Queue a text that is chosen by its id."""

    @describe(
        "Send a text by its id",
        sends=SendTemplateBody,
        answers=MessageShape,
        status=202,
        creates=True,
        may={
            409: (
                "`no_sender`, `no_consent`, `opted_out`, `window_closed` (each with `remedy`), `not_approved`, "
                "`answered_meanwhile`, `key_reused`",
                SendError,
            )
        },
        tag="messages",
        description=(
            "`template_id` is one of `GET /whatsapp/templates`: a built-in text, one of the clinic's own, or an "
            "approved one (its id or its content SID). `variables` win over what is known of the patient and the "
            "next visit; one without a value is refused by name. Words go as free text while the 24-hour window is "
            "open; after it as the approved text that goes out for them, if there is one."
        ),
    )
    def post(self, request: Request) -> Response:
        """Store the message for the worker."""
        wanted = self.body(SendTemplateBody)
        made = operation(self.once)(lambda: self._send(wanted, self.clinic).pk, status=202)
        return Response(message_shapes([messages().get(pk=made.object_id)])[0], status=202)

    def _send(self, wanted: dict[str, Any], clinic: Clinic) -> Message:
        now = clock.now()
        conversation = threads.thread_of(addressee(wanted), now=now)
        after = wanted.get("after_message_id")
        if after is not None and not Message.objects.filter(pk=after, conversation=conversation).exists():
            raise UnknownId("after_message_id")
        people, visit = variables.people_and_visit(conversation, now=now)
        asked = wanted.get("language", "")
        language = nearest(asked) if asked else variables.language_of(conversation, people, clinic)
        text = _found(wanted["template_id"], language, asked)
        spoken = nearest(text.language or language)
        # What went as an approved text goes on being one when it is asked for again, whatever the window is now.
        instead = text.approved or _sent_before(wanted)
        channel = Channel.WHATSAPP if instead else conversation.last_channel
        known = offering.values_of(people, visit, clinic, spoken, channel=channel)
        values = {**known, **wanted.get("variables", {})}
        if instead is not None:
            return self._approved(conversation, instead, values, wanted)
        missing = [name for name in variables.names_in(text.body) if not values.get(name, "").strip()]
        if missing:
            raise _missing(missing)
        body = variables.fill(text.body, values)
        try:
            with unless_sent(wanted):
                return outbox.send_reply(
                    conversation,
                    body=body,
                    user=self.member,
                    now=now,
                    client_message_id=wanted.get("client_message_id"),
                    after_message_id=after,
                )
        except outbox.GateRefused as error:
            if error.code == gate.WINDOW_CLOSED:
                instead = _instead(text.key, asked or language)
            if instead is None:
                raise refusal(error, wanted) from error
        return self._approved(conversation, instead, values, wanted)

    def _approved(
        self,
        conversation: Conversation,
        template: ContentTemplate,
        values: Mapping[str, str],
        wanted: dict[str, Any],
    ) -> Message:
        try:
            with unless_sent(wanted):
                return saying.say(
                    conversation,
                    template=template,
                    values=values,
                    user=self.member,
                    client_message_id=wanted.get("client_message_id"),
                    after_message_id=wanted.get("after_message_id"),
                    now=clock.now(),
                )
        except saying.NotApproved as error:
            raise ApiError(409, error.code, "WhatsApp does not take this text now.") from error
        except saying.ValueMissing as error:
            raise _missing(error.names) from error
        except outbox.GateRefused as error:
            raise refusal(error, wanted) from error


def _sent_before(wanted: Mapping[str, Any]) -> ContentTemplate | None:
    """Return the approved text that this very request was stored as, None for a new one."""
    key = wanted.get("client_message_id")
    known = Message.objects.filter(client_message_id=key).select_related("template").first() if key else None
    return known.template if known else None


def _found(template_id: str, language: str, asked: str) -> _Text:
    """Return the text of an id. Raises UnknownId."""
    row_id = fields.parse_id(template_id)
    if row_id is not None or template_id.startswith("HX"):
        approved = _approved_text(row_id, template_id)
        if approved is not None:
            return _Text(approved=approved, language=approved.language)
        own = SavedText.objects.filter(pk=row_id, archived_at=None).first() if row_id else None
        if own is None or not (spoken := spoken_in(own.texts, language)):
            raise UnknownId("template_id")
        return _Text(body=own.texts[spoken], language=spoken)
    if template_id in {entry.key for entry in catalog.templates()}:
        return _Text(
            body=catalog.body(f"template.{template_id}", language), key=template_id, language=language
        )
    instead = _instead(template_id, asked or language)
    if instead is None:
        raise UnknownId("template_id")
    return _Text(approved=instead, language=instead.language)


def _approved_text(row_id: UUID | None, content_sid: str) -> ContentTemplate | None:
    which = Q(pk=row_id) if row_id else Q(content_sid=content_sid)
    return ContentTemplate.objects.filter(which, archived_at=None).first()


def _instead(key: str, language: str) -> ContentTemplate | None:
    """Return the approved text that goes out for a text of the catalogue at one of the clinic's accounts."""
    if not key:
        return None
    for account in accounts():
        for one in filter(None, (key, _APPROVED_AS.get(key, ""))):
            if found := choosing.approved_for(one, language, account.pk):
                return found
    return None


def _missing(names: list[str]) -> ValidationError:
    return ValidationError({"variables": [f"There is no value for {name}." for name in names]})
