"""`manage.py link_sender`: register a number with a clinic."""

import os
from typing import Any

from django.core.management.base import CommandError, CommandParser

from clinics.admin.forms import LINK_ERRORS
from clinics.carriers import CARRIERS
from clinics.models import Channel
from clinics.senders import LinkError, link_sender
from clinics.tenancy import clinic_by_slug
from medsync.lib import clock, phone
from medsync.lib.ed25519 import is_public_key
from medsync.stack.command import StackCommand


class Command(StackCommand):
    """Link a number that exists at its provider."""

    help = (
        "Link a number to a clinic. With --account-sid the account's token is read from MEDSYNC_AUTH_TOKEN; "
        "without, the platform's own account is used. A Telnyx account has a --public-key instead of a SID, and "
        "its API key stands in MEDSYNC_AUTH_TOKEN."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take clinic, number, channel, provider, account."""
        parser.add_argument("slug", help="the clinic's short name")
        parser.add_argument(
            "number", help="as people of the clinic's country write it, or with + and country code"
        )
        parser.add_argument("--channel", required=True, choices=[Channel.WHATSAPP.value, Channel.SMS.value])
        parser.add_argument("--provider", required=True, choices=[*CARRIERS, "local"])
        parser.add_argument("--account-sid", default="")
        parser.add_argument("--public-key", default="", help="Telnyx: of the clinic's own account")
        parser.add_argument(
            "--messaging-profile", default="", help="Telnyx: a profile that only this number has"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """Return the sender's id."""
        clinic = clinic_by_slug(options["slug"])
        if clinic is None:
            raise CommandError("No clinic that is ready has this short name.")
        try:
            number = phone.parse_own(options["number"], clinic.country)
        except phone.InvalidPhone as error:
            raise CommandError(f"This is no phone number ({error.code}).") from error
        if options["public_key"] and not is_public_key(options["public_key"]):
            raise CommandError("This is no public key: it has 44 characters and ends with =.")
        try:
            sender = link_sender(
                clinic,
                phone_number=number,
                channel=options["channel"],
                provider=options["provider"],
                account_sid=options["account_sid"],
                auth_token=os.environ.get("MEDSYNC_AUTH_TOKEN", ""),
                public_key=options["public_key"],
                messaging_profile_id=options["messaging_profile"],
                now=clock.now(),
            )
        except LinkError as error:
            raise CommandError(str(LINK_ERRORS.get(error.code, error.code))) from error
        return {"id": str(sender.id)}
