"""The phone: it exists where patients can be played, and writes through the same door as a real provider."""

from collections.abc import Iterator
from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.senders import link_sender, retire_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import local_phone
from messaging.models import Message
from scheduling.models import ContactAddress
from tests.messaging.inboxes import a_thread, reenter, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(clinic: Clinic, settings: Any) -> Iterator[Clinic]:
    """Enter the clinic under test, its numbers played instead of Twilio's."""
    settings.LOCAL_PROVIDER_ALLOWED = True
    now = clock.now()
    for sender in clinic.senders.filter(status="active"):
        number, channel = sender.phone_number, sender.channel
        retire_sender(sender, now=now)
        link_sender(clinic, phone_number=number, channel=channel, provider="local", now=now)
    with in_clinic(clinic):
        yield clinic


@pytest.fixture
def desk(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a caller of the phone page's URLs, as the owner's page calls them."""
    client = browse(owner)

    def call(path: str = "", method: str = "get", **fields: str) -> Any:
        response = getattr(client, method)(
            f"/c/{inside.slug}/phone/{path}", fields, headers={"HX-Request": "true"}
        )
        reenter(inside)
        return response

    return call


def test_there_is_no_phone_where_the_local_provider_is_not_allowed(desk: Any, settings: Any) -> None:
    settings.LOCAL_PROVIDER_ALLOWED = False

    assert desk().status_code == 404
    assert desk("new/", "post", channel="sms").status_code == 404


def test_there_is_no_phone_in_a_clinic_with_real_numbers(
    other_clinic: Clinic, other_owner: User, browse: Any, settings: Any
) -> None:
    settings.LOCAL_PROVIDER_ALLOWED = True

    assert browse(other_owner).get(f"/c/{other_clinic.slug}/phone/").status_code == 404


def test_the_phone_is_for_members(inside: Clinic, stranger: User, other_owner: User, browse: Any) -> None:
    url = f"/c/{inside.slug}/phone/"

    assert browse(None).get(url).status_code == 302
    assert browse(stranger).get(url).status_code == 404
    assert browse(other_owner).get(url).status_code == 404


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_a_new_phone_gets_a_made_up_number_and_can_write(desk: Any, channel: str) -> None:
    made = desk("new/", "post", channel=channel)
    address = ContactAddress.objects.get(channel=channel)

    sent = desk(f"{address.id}/send/", "post", body="hola, necesito una cita")

    message = Message.objects.get(direction="inbound")
    assert made.status_code == sent.status_code == 200
    assert "55501" in address.address
    assert (message.channel, message.body, message.address) == (
        channel,
        "hola, necesito una cita",
        address.address,
    )
    assert "hola, necesito una cita" in sent.content.decode()


def test_a_phone_shows_what_has_arrived_and_nothing_else(desk: Any) -> None:
    thread = a_thread(body="from the patient")
    says(thread, "has arrived", author="bot", status="delivered")
    says(thread, "is on its way", author="bot", status="sent")
    says(thread, "got lost", author="bot", status="undelivered")
    says(thread, "for staff only", author="staff", kind="note", status="received")
    address = ContactAddress.objects.get()

    html = desk(f"update/?phones={address.id}").content.decode()

    assert "from the patient" in html
    assert "has arrived" in html
    assert "on its way" not in html
    assert "got lost" not in html
    assert "staff only" not in html


def test_a_phone_can_be_slowed_broken_and_stopped_from_reading(desk: Any) -> None:
    a_thread()
    address = ContactAddress.objects.get()

    desk(f"{address.id}/settings/", "post", line="late")
    late = local_phone.behaviour_of(address.channel, address.address)
    desk(f"{address.id}/settings/", "post", reads="no")
    unread = local_phone.behaviour_of(address.channel, address.address)
    desk(f"{address.id}/settings/", "post", line="broken")
    broken = local_phone.behaviour_of(address.channel, address.address)
    desk(f"{address.id}/settings/", "post", line="online")
    well = local_phone.behaviour_of(address.channel, address.address)

    assert late.deliver_after == 20
    assert late.reads
    assert unread.deliver_after == 20
    assert not unread.reads
    assert broken.error_code == "30003"
    assert not broken.reads
    assert not well.error_code
    assert well.deliver_after < 1
    assert not well.reads


def test_odd_ids_are_not_found(desk: Any) -> None:
    assert desk("update/?phones=no-id").status_code == 404
    assert desk("update/?phones=").status_code == 200
    assert desk("new/", "post", channel="fax").status_code == 400
