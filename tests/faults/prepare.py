"""Fill an empty database: one clinic with a Twilio number and some threads. Run as `python -m tests.faults.prepare`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from clinics.operations import create_clinic  # noqa: E402
from clinics.senders import link_sender  # noqa: E402
from clinics.tenancy import in_clinic  # noqa: E402
from medsync.lib import clock  # noqa: E402
from tests.messaging.outbound import thread  # noqa: E402

THREADS = 3


def main() -> None:
    """Migrate and fill."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    clinic, _ = create_clinic(
        slug="alpha",
        name="Alpha Clinic",
        country="US",
        timezone="America/New_York",
        language="en",
        owner_email="owner@alpha.example",
        owner_name="Olivia",
        phone="+12125550142",
    )
    link_sender(
        clinic,
        phone_number="+12125550142",
        channel="whatsapp",
        provider="twilio",
        account_sid="AC" + "a" * 32,
        auth_token="token-of-alpha",
        now=clock.now(),
    )
    with in_clinic(clinic):
        for n in range(THREADS):
            thread(clinic, address=f"+1500555{n:04}")


if __name__ == "__main__":
    main()
