"""`manage.py create_clinic`: a clinic that can take bookings at once, and its owner."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from clinics.accounts import password_link
from clinics.operations import BadClinic, create_clinic
from medsync.stack.command import StackCommand


class Command(StackCommand):
    """Make a clinic with its schema, its defaults and its owner."""

    help = "Make a clinic and its owner. A clinic that a crash left half made is finished by the same call."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the admin's form takes."""
        parser.add_argument("slug", help="short name in URLs: a-z, 0-9 and hyphens")
        parser.add_argument("--name", required=True)
        parser.add_argument("--country", required=True, help="two letters, such as US or MX")
        parser.add_argument("--timezone", required=True, help="IANA time zone, such as America/New_York")
        parser.add_argument(
            "--language", default="en", help=", ".join(code for code, _ in settings.LANGUAGES)
        )
        parser.add_argument("--owner-email", required=True)

    def answer(self, **options: Any) -> dict[str, Any]:
        """Return the clinic's id and slug, and where its owner sets a password."""
        try:
            clinic, owner = create_clinic(
                slug=options["slug"],
                name=options["name"],
                country=options["country"],
                timezone=options["timezone"],
                language=options["language"],
                owner_email=options["owner_email"],
            )
        except BadClinic as error:
            raise CommandError(f"{error.field}: {error}") from error
        return {
            "id": str(clinic.id),
            "slug": clinic.slug,
            "owner_email": owner.email,
            "set_password_url": password_link(owner),
        }
