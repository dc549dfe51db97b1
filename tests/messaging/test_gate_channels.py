"""On which one channel we begin, and from which of the clinic's numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinics.models import Clinic
from clinics.senders import retire_sender
from clinics.tenancy import in_clinic
from messaging import gate
from messaging.facts import facts, forget_facts
from messaging.models import ChannelConsent, Conversation, MessagingSettings, Window
from messaging.outbox.routes import Route, route_for_beginning
from scheduling.models import ContactAddress, ContactPoint, Patient, PatientContact
from tests.messaging.outbound import PATIENT, inbound, queued, sender_of
from tests.statements import statements

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


def somebody(
    clinic: Clinic,
    *,
    wrote: dict[str, timedelta] | None = None,
    care: dict[str, bool | None] | None = None,
    prefers: str = "",
    first: str = "auto",
    unusable: str = "",
    stopped: str = "",
) -> Conversation:
    """A patient known by phone, who wrote so long ago on each channel, and agreed so on each."""
    point = ContactPoint.objects.create(match_key=PATIENT, phone=PATIENT)
    conversation = Conversation.objects.create(contact_point=point)
    patient = Patient.objects.create(name="Rosa Delgado", preferred_channel=prefers)
    PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
    for channel in ("whatsapp", "sms"):
        why = "landline" if unusable == channel else ""
        ContactAddress.objects.create(contact_point=point, channel=channel, address=PATIENT, unusable=why)
    for channel, ago in (wrote or {}).items():
        sender = sender_of(clinic, channel)
        inbound(conversation, sender, at=NOW - ago)
        if channel == "whatsapp":
            Window.objects.create(conversation=conversation, sender=sender, last_inbound_at=NOW - ago)
    for channel, agreed in (care or {}).items():
        gone = NOW if stopped == channel else None
        ChannelConsent.objects.create(contact_point=point, channel=channel, care=agreed, opted_out_at=gone)
    MessagingSettings.objects.update_or_create(pk=1, defaults={"first_channel": first})
    forget_facts()
    return conversation


def way(conversation: Conversation, **more: object) -> tuple[str, str, str]:
    route = route_for_beginning(conversation, now=NOW, **more)
    assert route.facts.choice
    return route.channel, route.facts.choice.how, route.refusal


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTH = {"whatsapp": True, "sms": True}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        # Where the patient last wrote, for 90 days.
        ({"wrote": {"whatsapp": HOUR}, "care": BOTH}, ("whatsapp", "last", "")),
        ({"wrote": {"whatsapp": HOUR, "sms": 2 * HOUR}, "care": BOTH}, ("whatsapp", "last", "")),
        ({"wrote": {"whatsapp": 2 * HOUR, "sms": HOUR}, "care": BOTH}, ("sms", "last", "")),
        ({"wrote": {"sms": 90 * DAY}, "care": BOTH, "first": "whatsapp"}, ("sms", "last", "")),
        ({"wrote": {"sms": HOUR}, "care": BOTH, "prefers": "whatsapp"}, ("sms", "last", "")),
        # Then as preferred; what is preferred must be allowed, too.
        ({"wrote": {"whatsapp": 91 * DAY}, "care": BOTH, "prefers": "sms"}, ("sms", "preferred", "")),
        ({"care": BOTH, "prefers": "sms", "first": "whatsapp"}, ("sms", "preferred", "")),
        ({"care": {"sms": True}, "prefers": "whatsapp"}, ("sms", "elsewhere", "")),
        # Then in the clinic's order: this one is in the US.
        ({"care": BOTH}, ("sms", "order", "")),
        ({}, ("sms", "order", "")),
        ({"care": BOTH, "first": "sms"}, ("sms", "order", "")),
        ({"care": {"whatsapp": True}, "first": "whatsapp"}, ("sms", "elsewhere", "")),  # its window is closed
        # Only with consent: WhatsApp needs a yes, SMS needs no no.
        ({"wrote": {"whatsapp": HOUR}, "care": {"whatsapp": None}}, ("sms", "elsewhere", "")),
        ({"wrote": {"whatsapp": HOUR}, "care": {"whatsapp": True, "sms": False}}, ("whatsapp", "last", "")),
        ({"wrote": {"whatsapp": HOUR}, "care": {"whatsapp": False, "sms": False}},
         ("whatsapp", "last", "no_consent")),
        ({"care": {"sms": False}}, ("sms", "order", "no_consent")),
        # A STOP on one channel is not answered on another to which nobody ever agreed.
        ({"wrote": {"whatsapp": HOUR}, "care": {"whatsapp": True}, "stopped": "whatsapp"},
         ("whatsapp", "last", "opted_out")),
        ({"wrote": {"whatsapp": HOUR}, "care": BOTH, "stopped": "whatsapp"}, ("sms", "elsewhere", "")),
        ({"wrote": {"whatsapp": HOUR}, "care": BOTH, "stopped": "sms"}, ("whatsapp", "last", "")),
        # Only where the address takes messages.
        ({"care": BOTH, "unusable": "sms"}, ("sms", "order", "unusable")),
        ({"wrote": {"whatsapp": HOUR}, "care": BOTH, "unusable": "whatsapp"}, ("sms", "elsewhere", "")),
        # A closed window without an approved text.
        ({"wrote": {"whatsapp": 2 * DAY}, "care": BOTH}, ("sms", "elsewhere", "")),
        ({"wrote": {"whatsapp": 2 * DAY}, "care": {"whatsapp": True, "sms": False}},
         ("whatsapp", "last", "window_closed")),
    ],
)  # fmt: skip
def test_it_goes_on_one_channel_or_nowhere(
    clinic: Clinic, known: dict, expected: tuple[str, str, str]
) -> None:
    conversation = somebody(clinic, **known)
    assert way(conversation) == expected
    message = queued(conversation)
    assert (message.channel, message.reason) == (expected[0], expected[2])
    assert message.status == ("blocked" if expected[2] else "queued")


def test_outside_of_the_us_the_clinic_begins_by_whatsapp(clinic: Clinic, other_clinic: Clinic) -> None:
    with in_clinic(other_clinic):
        conversation = somebody(other_clinic, wrote={"whatsapp": HOUR}, care=BOTH)
        inbound_at = NOW - 100 * DAY
        conversation.messages.update(created_at=inbound_at)
        assert way(conversation)[:2] == ("whatsapp", "order")


def test_a_wrong_number_hears_nothing_that_we_begin(clinic: Clinic) -> None:
    conversation = somebody(clinic, wrote={"whatsapp": HOUR}, care=BOTH)
    ContactPoint.objects.update(wrong_at=NOW)
    conversation.refresh_from_db()
    assert way(conversation)[2] == "wrong_number"
    for purpose in (gate.NOTICE, gate.REMINDER, gate.KNOCK):
        assert queued(conversation, purpose=purpose).reason == "wrong_number"
    assert queued(conversation, purpose=gate.STAFF).status == "queued"


def test_without_any_number_of_ours_it_says_so(clinic: Clinic) -> None:
    conversation = somebody(clinic, care=BOTH)
    for channel in ("whatsapp", "sms"):
        retire_sender(sender_of(clinic, channel), now=NOW)
    route = route_for_beginning(conversation, now=NOW)
    assert (route.reachable, route.refusal) == (False, "no_sender")


def test_a_channel_whose_number_was_taken_off_is_left(clinic: Clinic) -> None:
    conversation = somebody(clinic, wrote={"whatsapp": HOUR}, care=BOTH)
    retire_sender(sender_of(clinic, "whatsapp"), now=NOW)
    assert way(conversation)[0] == "sms"


def test_the_choice_costs_few_statements(clinic: Clinic) -> None:
    conversation = somebody(clinic, wrote={"whatsapp": HOUR}, care=BOTH)
    conversation = Conversation.objects.select_related("contact_point").get(pk=conversation.pk)
    facts()  # read once in two seconds
    with statements() as chosen:
        route = route_for_beginning(conversation, now=NOW)
    assert isinstance(route, Route)
    assert len(chosen) <= 5, "\n".join(s[:120] for s in chosen)
    with statements() as notice:
        queued(conversation, "x", now=NOW)
    assert len(notice) <= 10, "\n".join(s[:120] for s in notice)
    with statements() as reminder:
        queued(conversation, "y", purpose=gate.REMINDER, now=NOW)
    assert len(reminder) <= 11, "\n".join(s[:120] for s in reminder)
