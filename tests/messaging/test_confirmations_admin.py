"""The admin's list of confirmations: what was told, or why not, by visit and without names."""

from typing import Any
from uuid import UUID

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.models import Confirmation
from scheduling.models import AppointmentEvent
from tests.messaging.inboxes import a_request, a_thread, reenter

pytestmark = pytest.mark.django_db
NAME = "Grace Osei"


@pytest.fixture
def look(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of the list, as the owner sees it."""

    def page(query: str = "") -> str:
        url = f"/c/{inside.slug}/admin/messaging/confirmation/{query}"
        response = browse(owner).get(url)
        reenter(inside)
        assert response.status_code == 200
        text: str = response.content.decode()
        return text

    return page


def kept(outcome: str, *, name: str = NAME, action: str = "book", channel: str = "sms") -> UUID:
    """Store what came of telling somebody of a visit; return the visit."""
    visit = a_request(a_thread(name))
    event = AppointmentEvent.objects.get(appointment=visit)
    Confirmation.objects.create(
        event=event, action=action, channel=channel, language="en", outcome=outcome, at=clock.now()
    )
    return visit.pk


def test_the_list_says_what_came_of_each_and_shows_no_name(look: Any) -> None:
    told = kept("queued")
    skipped = kept("consent_declined", name="Somebody Else", action="cancel")
    failed = kept("telnyx_429", name="Third Person", action="reschedule")

    page = look()

    for visit in (told, skipped, failed):
        assert f"/scheduling/appointment/{visit}/change/" in page
    for words in ("Went out", "Skipped", "The patient does not want it", "Refused or failed", "telnyx_429"):
        assert words in page
    for private in (NAME, "Somebody Else", "Third Person", "+1646"):
        assert private not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?result=told", {"queued"}),
        ("?result=skipped", {"sms_disabled", "no_phone"}),
        ("?result=ended", {"network_error"}),
        ("?why=no_phone", {"no_phone"}),
        ("?action__exact=cancel", {"no_phone"}),
        ("?channel=whatsapp", {"queued"}),
        ("?result=nonsense", {"queued", "sms_disabled", "no_phone", "network_error"}),
    ],
)
def test_the_filters_narrow_it(look: Any, query: str, shown: set[str]) -> None:
    visits = {
        "queued": kept("queued", channel="whatsapp"),
        "sms_disabled": kept("sms_disabled"),
        "no_phone": kept("no_phone", action="cancel"),
        "network_error": kept("network_error", action="reschedule"),
    }

    page = look(query)

    assert {word for word, visit in visits.items() if f"/{visit}/" in page} == shown


def test_one_says_what_helps_and_nothing_is_changed(
    inside: Clinic, owner: User, browse: Any, look: Any
) -> None:
    kept("sms_disabled")
    row = Confirmation.objects.get()
    url = f"/c/{inside.slug}/admin/messaging/confirmation/{row.pk}/change/"

    page = look(f"{row.pk}/change/")
    answers = [
        browse(owner).post(url, {"outcome": "queued"}).status_code,
        browse(owner).get(f"/c/{inside.slug}/admin/messaging/confirmation/add/").status_code,
    ]

    reenter(inside)
    assert "Confirmations by SMS are switched off." in page
    assert NAME not in page
    assert answers == [403, 403]
    assert Confirmation.objects.get().outcome == "sms_disabled"


def test_it_stands_in_the_navigation_for_who_may_and_only_there(
    inside: Clinic, owner: User, receptionist: User, browse: Any
) -> None:
    path = f"/c/{inside.slug}/admin/messaging/confirmation/"

    shown = browse(owner).get(f"/c/{inside.slug}/admin/").content.decode()

    assert path in shown
    assert browse(receptionist).get(path).status_code == 403
