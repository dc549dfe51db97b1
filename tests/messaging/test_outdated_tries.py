"""What was taken, broke on its way and is not so any more never goes again: not by itself, and not by a member's hand."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import api_reminders, statuses
from messaging.models import Attempt, Message
from messaging.outbox.claiming import claim
from messaging.providers.base import StatusUpdate
from scheduling import operations
from scheduling.models import Appointment, Cancellation, Source
from tests.messaging.days import NOW
from tests.messaging.inboxes import reenter
from tests.messaging.reminding import HOUR, rules, share, someone, sweep, visit_of
from tests.messaging.talk import settings

pytestmark = pytest.mark.django_db

SID = "SM" + "5" * 32
TOMORROW = NOW + timedelta(hours=24)


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), in_clinic(clinic):
        rules()
        yield


def taken(message: Message) -> Message:
    """Let the provider take a message."""
    Message.objects.filter(pk=message.pk).update(status="sent", next_attempt_at=None, tries=1)
    Attempt.objects.create(
        message=message,
        n=1,
        account_id=message.account_id,
        kind="rest",
        provider_id=SID,
        state="sent",
        rank=2,
        created_at=NOW,
    )
    return message


def broken(message: Message) -> Message:
    """Let the provider report that a message did not reach the phone; return it as it is then."""
    assert message.sender is not None
    update = StatusUpdate(
        provider_message_id=SID,
        account_sid=message.sender.account.external_id,
        channel=message.channel,  # type: ignore[arg-type]
        status="undelivered",
        error_code="30003",
        from_address=message.sender.phone_number,
        to_address=message.address,
    )
    assert statuses.apply_here(update, account_id=message.account_id, attempt_id=None, now=NOW + HOUR / 2)  # type: ignore[arg-type]
    return seen(message)


def seen(message: Message) -> Message:
    return Message.objects.select_related("conversation", "sender__account").get(pk=message.pk)


def reminded(clinic: Clinic) -> tuple[Appointment, Message]:
    """Remind a patient of tomorrow, and let the provider take it."""
    patient, _ = someone(clinic)
    visit = visit_of(patient, TOMORROW)
    assert sweep(NOW) == 1
    return visit, taken(Message.objects.get(appointment=visit))


def told(clinic: Clinic, owner: User) -> tuple[Appointment, Message]:
    """Move a visit, of which the patient is told, and let the provider take that."""
    patient, conversation = someone(clinic)
    visit = visit_of(patient, TOMORROW, contact_point=conversation.contact_point)
    move(visit, owner, now=NOW)
    return Appointment.objects.get(pk=visit.pk), taken(Message.objects.get(appointment=visit))


def cancelled(visit: Appointment, owner: User) -> None:
    operations.cancel(_now(visit), by=owner, why=Cancellation.CLINIC, silent=True, now=NOW + HOUR / 4)


def moved(visit: Appointment, owner: User) -> None:
    """Move a visit as the patient does in the chat, who is told there."""
    move(visit, owner, source=Source.WHATSAPP, now=NOW + HOUR / 4)


def move(visit: Appointment, owner: User, **how: Any) -> None:
    row = _now(visit)
    operations.move(row, starts_at=row.starts_at + HOUR, by=owner, expected_version=row.version, **how)


def attending(visit: Appointment, owner: User) -> None:
    operations.attend(_now(visit), by=owner, source=Source.STAFF, now=NOW + HOUR / 4)


def declined(visit: Appointment, owner: User) -> None:
    operations.decline(_now(visit), by=owner, source=Source.STAFF, now=NOW + HOUR / 4)


def _now(visit: Appointment) -> Appointment:
    return Appointment.objects.get(pk=visit.pk)


Change = Callable[[Appointment, User], None]


@pytest.mark.parametrize("change", [cancelled, moved, attending, declined])
def test_a_reminder_of_what_changed_goes_no_second_time(clinic: Clinic, owner: User, change: Change) -> None:
    visit, message = reminded(clinic)
    change(visit, owner)
    message = broken(message)
    assert (message.status, message.next_attempt_at) == ("undelivered", None)
    assert message.conversation.failed_count == 1


@pytest.mark.parametrize("change", [cancelled, moved, attending, declined])
def test_one_that_waits_to_go_again_is_taken_back(clinic: Clinic, owner: User, change: Change) -> None:
    visit, message = reminded(clinic)
    assert broken(message).status == "queued"
    change(visit, owner)
    assert (seen(message).status, seen(message).next_attempt_at) == ("cancelled", None)


def test_a_text_for_several_goes_no_second_time_when_one_of_them_changed(clinic: Clinic, owner: User) -> None:
    patient, conversation = someone(clinic)
    child, _ = someone(clinic, "Luis Pérez")
    child.contacts.all().delete()
    share(child, conversation)
    visit_of(patient, TOMORROW)
    second = visit_of(child, TOMORROW + HOUR)
    sweep(NOW)
    message = taken(Message.objects.get(said__key="reminder_default"))
    cancelled(second, owner)
    assert broken(message).status == "undelivered"


@pytest.mark.parametrize("change", [cancelled, moved])
def test_news_that_are_not_so_any_more_go_no_second_time(clinic: Clinic, owner: User, change: Change) -> None:
    visit, message = told(clinic, owner)
    change(visit, owner)
    assert broken(message).status == "undelivered"


@pytest.mark.parametrize("change", [cancelled, moved])
def test_news_that_wait_to_go_again_are_taken_back(clinic: Clinic, owner: User, change: Change) -> None:
    visit, message = told(clinic, owner)
    assert broken(message).status == "queued"
    change(visit, owner)
    assert seen(message).status == "cancelled"


def test_news_go_again_though_the_patient_has_said_to_come(clinic: Clinic, owner: User) -> None:
    visit, message = told(clinic, owner)
    attending(visit, owner)
    assert broken(message).status == "queued"


@pytest.fixture
def client(api: Any, owner: User, clinic: Clinic) -> Any:
    return api(owner, clinic)


def another_calendars(client: Any, clinic: Clinic) -> tuple[str, Message]:
    """Remind of another calendar's appointment, and let the provider take it."""
    wanted = {
        "contact_number": "+16465550101",
        "appointment_time": TOMORROW.isoformat(),
        "notify_window": 30,
    }
    path = "/api/reminder/" + client.post("/api/reminder", wanted).json()["reminder_id"]
    reenter(clinic)
    return path, taken(Message.objects.get(dedupe_key__startswith="api_reminder"))


WAYS: list[Any] = [
    pytest.param(lambda client, path: client.delete(path), id="deleted"),
    pytest.param(
        lambda client, path: client.patch(path, {"appointment_time": (TOMORROW + HOUR).isoformat()}),
        id="moved",
    ),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_reminder_by_the_api_that_changed_goes_no_second_time(
    client: Any, clinic: Clinic, way: Callable[[Any, str], Any]
) -> None:
    path, message = another_calendars(client, clinic)
    assert way(client, path).status_code == 200
    reenter(clinic)
    assert broken(message).status == "undelivered"


@pytest.mark.parametrize("way", WAYS)
def test_a_reminder_by_the_api_that_waits_to_go_again_is_taken_back(
    client: Any, clinic: Clinic, way: Callable[[Any, str], Any]
) -> None:
    path, message = another_calendars(client, clinic)
    assert broken(message).status == "queued"
    assert way(client, path).status_code == 200
    reenter(clinic)
    assert seen(message).status == "cancelled"


def test_a_reminder_by_the_api_that_was_answered_goes_no_second_time(client: Any, clinic: Clinic) -> None:
    _path, message = another_calendars(client, clinic)
    api_reminders.shown().update(will_attend=True)
    assert broken(message).status == "undelivered"


@pytest.mark.parametrize("change", [cancelled, moved])
def test_a_member_cannot_send_again_what_is_not_so_any_more(
    clinic: Clinic, owner: User, browse: Any, change: Change
) -> None:
    visit, message = reminded(clinic)
    change(visit, owner)
    message = broken(message)
    url = f"/c/{clinic.slug}/inbox/{message.conversation_id}/messages/{message.pk}/again/"
    response = browse(owner).post(url, headers={"HX-Request": "true"})
    reenter(clinic)
    assert response.status_code == 409
    assert "Its time was over" in response.content.decode()
    assert seen(message).status == "undelivered"


def test_a_member_sends_again_what_is_still_so(clinic: Clinic, owner: User, browse: Any) -> None:
    _visit, message = reminded(clinic)
    Message.objects.filter(pk=message.pk).update(status="undelivered", error_code="30003")
    url = f"/c/{clinic.slug}/inbox/{message.conversation_id}/messages/{message.pk}/again/"
    assert browse(owner).post(url, headers={"HX-Request": "true"}).status_code == 200
    reenter(clinic)
    assert seen(message).status == "queued"


def test_at_night_what_a_member_sends_again_waits_for_no_morning(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    _visit, message = reminded(clinic)
    Message.objects.filter(pk=message.pk).update(status="undelivered", error_code="30003")
    night = NOW + 12 * HOUR  # 22:42 in New York
    settings(clinic, quiet_from="21:00", quiet_until="08:00")
    with time_machine.travel(night, tick=False):
        url = f"/c/{clinic.slug}/inbox/{message.conversation_id}/messages/{message.pk}/again/"
        assert browse(owner).post(url, headers={"HX-Request": "true"}).status_code == 200
    reenter(clinic)
    assert [job.message.pk for job in claim(now=night, limit=5)] == [message.pk]
