"""Clinic numbers by API: list, link one that exists, take one off."""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import senders
from clinics.api import fields
from clinics.api.errors import ApiError
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.shapes import SenderShape, sender_shape
from clinics.api.views import ClinicAPIView
from clinics.carriers import CARRIERS
from clinics.models import Channel, Sender
from clinics.permissions import Action
from medsync.lib import clock
from medsync.lib.ed25519 import is_public_key

TAG = "senders"
OLDEST_FIRST = Order("senders", ("created_at", "id"))

_ACCOUNT_SID = re.compile(r"AC[0-9A-Za-z]{1,62}", re.ASCII)

# The provider's own words for numbers of both channels; voice has none of its own here.
_LINKABLE = [(channel.value, channel.label) for channel in (Channel.WHATSAPP, Channel.SMS)]

LOCAL_REFUSED = "Practice phones are switched off here."
CONFLICTS = {
    "already_linked": "This number is already linked",
    "linked_elsewhere": "WhatsApp number is already linked to another workspace",
    "profile_taken": "Another number has this messaging profile: a STOP to the one would silence the other.",
    "sender_limit": f"This clinic has {senders.MAX_ACTIVE} active numbers on this channel; take one off first.",
}


class LinkBody(fields.Body):
    """A number that exists at the provider."""

    phone_number = fields.Phone(own=True)
    display_name = fields.Text(max_length=120, required=False)
    channel = serializers.ChoiceField(_LINKABLE, required=False, default=Channel.WHATSAPP)
    provider = serializers.ChoiceField([*CARRIERS, "local"], required=False, default="twilio")
    provider_sender_id = fields.Text(max_length=64, required=False, default="", allow_blank=True)
    twilio_subaccount_sid = fields.Text(max_length=64, required=False, default="", allow_blank=True)
    twilio_subaccount_token = fields.Text(max_length=255, required=False, default="", allow_blank=True)

    messaging_profile_id = fields.Text(max_length=64, required=False, default="", allow_blank=True)
    telnyx_api_key = fields.Text(max_length=255, required=False, default="", allow_blank=True)
    telnyx_public_key = fields.Text(max_length=64, required=False, default="", allow_blank=True)

    def validate_provider(self, value: str) -> str:
        """Refuse the practice phones where they are switched off."""
        if value == "local" and not settings.LOCAL_PROVIDER_ALLOWED:
            raise serializers.ValidationError(LOCAL_REFUSED)
        return value

    def validate_twilio_subaccount_sid(self, value: str) -> str:
        """Refuse what cannot be an account's SID."""
        if value and not _ACCOUNT_SID.fullmatch(value):
            raise serializers.ValidationError("An account SID begins with AC.")
        return value

    def validate_telnyx_public_key(self, value: str) -> str:
        """Refuse what cannot be a key."""
        if value and not is_public_key(value):
            raise serializers.ValidationError("A public key is the base64 of 32 bytes.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A token belongs to an account, and what is one provider's own to that provider."""
        _refuse_strays(attrs)
        if attrs["telnyx_api_key"] and not attrs["telnyx_public_key"]:
            raise serializers.ValidationError(
                {"telnyx_public_key": ["Send the public key of the same account too."]}
            )
        if attrs["twilio_subaccount_token"] and not attrs["twilio_subaccount_sid"]:
            raise serializers.ValidationError(
                {"twilio_subaccount_sid": ["Whose token is it? Send the SID too."]}
            )
        return attrs


def _refuse_strays(attrs: dict[str, Any]) -> None:
    """Raise ValidationError for fields of another provider than the one that is asked for."""
    prefixes = {"twilio": "twilio_subaccount_", "telnyx": "telnyx_"}
    for provider, prefix in prefixes.items():
        strays = [name for name, value in attrs.items() if name.startswith(prefix) and value]
        if provider != attrs["provider"] and strays:
            raise serializers.ValidationError(
                {name: [f"This belongs to the provider {provider}."] for name in strays}
            )


class Senders(ClinicAPIView):
    """All numbers of the clinic, also those taken off."""

    @describe("List the clinic's numbers", answers=listing(SenderShape), pages=True, since=False, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return the numbers in the order they were linked."""
        rows = Sender.objects.filter(clinic=self.clinic).select_related("account")
        return Response(
            page(
                rows, request, OLDEST_FIRST, lambda found: [sender_shape(s) for s in found], scope=self.scope
            )
        )


class OneSender(ClinicAPIView):
    """One number."""

    actions = {"delete": Action.MANAGE_SENDERS}

    @describe(
        "Take a number off",
        status=204,
        roles=True,
        tag=TAG,
        description=(
            "The number stays at the provider; the next active one of its channel becomes primary. Again: 204 again."
        ),
    )
    def delete(self, request: Request, id: UUID) -> Response:
        """Deactivate a number."""
        sender = Sender.objects.filter(clinic=self.clinic, pk=id).first()
        if sender is None:
            raise Http404
        senders.retire_sender(sender, now=clock.real_now())
        return Response(status=204)


class LinkExisting(ClinicAPIView):
    """A number that the clinic has already."""

    actions = {"post": Action.MANAGE_SENDERS}

    @describe(
        "Link a number that exists at the provider",
        sends=LinkBody,
        answers=SenderShape,
        status=201,
        creates=True,
        roles=True,
        may={409: "`already_linked`, `linked_elsewhere`, `profile_taken`, `sender_limit`, `key_reused`"},
        tag=TAG,
        description="Without a subaccount the platform's own account sends. The first number of a channel is primary.",
    )
    def post(self, request: Request) -> Response:
        """Link a number; the first of its channel becomes primary."""
        wanted = self.body(LinkBody)
        made = self.once(lambda: self._link(wanted).pk)
        return Response(
            sender_shape(Sender.objects.select_related("account").get(pk=made.object_id)), status=201
        )

    def _link(self, wanted: dict[str, Any]) -> Sender:
        try:
            return senders.link_sender(
                self.clinic,
                phone_number=wanted["phone_number"],
                channel=wanted["channel"],
                provider=wanted["provider"],
                provider_sender_id=wanted["provider_sender_id"],
                display_name=wanted.get("display_name") or self.clinic.name,
                account_sid=wanted["twilio_subaccount_sid"],
                auth_token=wanted["twilio_subaccount_token"] or wanted["telnyx_api_key"],
                public_key=wanted["telnyx_public_key"],
                messaging_profile_id=wanted["messaging_profile_id"],
                now=clock.real_now(),
            )
        except senders.WrongChannel as error:
            raise serializers.ValidationError(
                {"channel": ["This provider does not carry this channel."]}
            ) from error
        except senders.ProfileMissing as error:
            raise serializers.ValidationError(
                {"messaging_profile_id": ["A STOP holds for a whole profile: send one of this number's own."]}
            ) from error
        except senders.AccountMissing as error:
            if wanted["provider"] == "telnyx":
                problem = {"telnyx_api_key": ["Send the account's API key and public key."]}
            elif wanted["twilio_subaccount_sid"]:
                problem = {"twilio_subaccount_token": ["This account is new to us: send its token too."]}
            else:
                problem = {
                    "twilio_subaccount_sid": ["The platform has no account of its own: send a subaccount."]
                }
            raise serializers.ValidationError(problem) from error
        except senders.DemoClinic as error:
            raise serializers.ValidationError(
                {"provider": ["A demo clinic's patients are invented: link practice phones only."]}
            ) from error
        except senders.LocalRefused as error:
            raise serializers.ValidationError({"provider": [LOCAL_REFUSED]}) from error
        except senders.LinkError as error:
            raise ApiError(409, error.code, CONFLICTS[error.code]) from error
