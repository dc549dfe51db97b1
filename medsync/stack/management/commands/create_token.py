"""`manage.py create_token`: a bearer token for the API."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from clinics.models import ApiToken, User
from clinics.operations import create_token
from medsync.stack.command import StackCommand


class Command(StackCommand):
    """Make a token that opens all clinics of a user."""

    help = "Make an API token for a user, good for all of the user's clinics. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user and what the token is for."""
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="what the token is for")

    def answer(self, **options: Any) -> dict[str, Any]:
        """Return the token."""
        user = User.objects.filter(email__iexact=options["email"].strip(), is_active=True).first()
        if user is None:
            raise CommandError("No active user has this e-mail address.")
        name = options["name"].strip()
        longest = ApiToken._meta.get_field("name").max_length or 80
        if not name or len(name) > longest:
            raise CommandError(f"Give the token a name of 1 to {longest} characters.")
        _row, secret = create_token(user, name=name)
        return {"token": secret}
