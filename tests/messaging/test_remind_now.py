"""Send now: a member or an integrator reminds of one visit, at once and once; the settings by API."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import threads
from messaging.facts import forget_facts
from messaging.models import (
    ChannelConsent,
    ConversationEvent,
    Message,
    MessagingSettings,
    ReminderClaim,
    ReminderSettings,
)
from scheduling.models import Appointment, Patient
from tests.messaging.days import NOW
from tests.messaging.inboxes import reenter
from tests.messaging.reminding import HOUR, outcomes, reminders, rules, someone, sweep, visit_of

DAY = timedelta(days=1)
SETTINGS = "/api/whatsapp/reminder-settings"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(db: None, clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def call(api: Any, clinic: Clinic, receptionist: User) -> Any:
    client = api(receptionist, clinic)

    def post(visit: Appointment, **headers: str) -> Any:
        response = client.post(f"/api/appointments/{visit.pk}/remind", **headers)
        reenter(clinic)
        return response

    return post


def test_the_due_text_goes_at_once_and_the_step_does_not_come_again(clinic: Clinic, call: Any) -> None:
    rules(steps=[72, 24])
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)

    response = call(visit)

    assert response.status_code == 202
    (message,) = reminders()
    assert response.json()["id"] == str(message.pk)
    assert (message.status, message.next_attempt_at) == ("queued", NOW)
    assert outcomes() == [(1, 24, "sent")]
    assert ReminderClaim.objects.get().by_hand
    visit.refresh_from_db()
    assert visit.attendance == "asked"
    assert sweep(NOW + 6 * HOUR) == 0


def test_it_is_sent_once_however_often_it_is_asked_for(clinic: Clinic, call: Any) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)
    call(visit)

    again = call(visit)

    assert (again.status_code, again.json()["code"]) == (409, "already_reminded")
    assert len(reminders()) == 1


def test_a_key_makes_a_retry_safe(clinic: Clinic, call: Any) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)

    first, second = (call(visit, Idempotency_Key="k1") for _ in range(2))

    assert first.json()["id"] == second.json()["id"]
    assert (first.status_code, second.status_code) == (202, 202)
    assert len(reminders()) == 1


def test_a_member_reminds_in_quiet_hours_and_while_reminders_are_off(clinic: Clinic, call: Any) -> None:
    rules(enabled=False)
    MessagingSettings.objects.update(quiet_from="10:00", quiet_until="12:00")
    forget_facts()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)

    assert call(visit).status_code == 202
    assert reminders()[0].next_attempt_at == NOW


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": "pending_review"}, "not_accepted"),
        ({"status": "cancelled"}, "over"),
        ({"status": "no_show"}, "over"),
        ({"attendance": "attending"}, "answered"),
        ({"attendance": "declined"}, "answered"),
    ],
    ids=["request", "cancelled", "did not come", "says yes", "says no"],
)
def test_what_cannot_be_reminded_of_is_refused_with_a_reason(
    clinic: Clinic, call: Any, columns: dict[str, str], code: str
) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR, **columns)

    response = call(visit)

    assert (response.status_code, response.json()["code"]) == (409, code)
    assert response.json()["detail"].endswith(".")
    assert not Message.objects.filter(direction="outbound").exists()
    assert not ReminderClaim.objects.exists()


def test_who_cannot_be_reached_is_refused_and_the_step_stays(clinic: Clinic, call: Any) -> None:
    rules()
    patient, conversation = someone(clinic, channel="sms")
    ChannelConsent.objects.filter(contact_point=conversation.contact_point).update(opted_out_at=NOW - DAY)
    visit = visit_of(patient, NOW + 30 * HOUR)

    response = call(visit)

    assert (response.status_code, response.json()["code"]) == (409, "opted_out")
    assert response.json()["remedy"]
    assert not ReminderClaim.objects.exists()
    assert not ConversationEvent.objects.exists()
    nobody = visit_of(Patient.objects.create(name="No Phone"), NOW + 30 * HOUR)
    assert call(nobody).json()["code"] == "no_address"


def test_who_was_unreachable_for_the_clock_is_sent_to_when_a_way_is_found(clinic: Clinic, call: Any) -> None:
    rules()
    patient, conversation = someone(clinic, channel="sms")
    consent = ChannelConsent.objects.filter(contact_point=conversation.contact_point)
    consent.update(opted_out_at=NOW - DAY)
    visit = visit_of(patient, NOW + DAY)
    sweep(NOW)
    assert outcomes() == [(1, 24, "opted_out")]
    consent.update(opted_out_at=None)

    assert call(visit).status_code == 202
    assert outcomes() == [(1, 24, "sent")]


def broken(message: Message, status: str) -> None:
    """Let a text end like that, as its thread is told."""
    Message.objects.filter(pk=message.pk).update(status=status, next_attempt_at=None)
    threads.status_moved(message.conversation_id, message.pk, before="queued", after=status, now=NOW)


@pytest.mark.parametrize("status", ["failed", "undelivered", "blocked"])
def test_what_did_not_arrive_is_sent_anew_and_settled_by_that(clinic: Clinic, call: Any, status: str) -> None:
    rules()
    patient, conversation = someone(clinic, channel="sms")
    first, second = (visit_of(patient, NOW + DAY + n * HOUR) for n in range(2))
    assert sweep(NOW) == 1
    (lost,) = reminders()
    broken(lost, status)

    assert call(second).status_code == 202

    old, again = reminders()
    assert (old.status, old.solved, again.status) == (status, "otherwise", "queued")
    assert outcomes() == [(1, 24, "sent")] * 2
    claims = ReminderClaim.objects.filter(message=again, by_hand=True)
    assert {claim.subject_id for claim in claims} == {first.pk, second.pk}
    conversation.refresh_from_db()
    assert conversation.failed_count == 0
    assert call(second).json()["code"] == "already_reminded"
    assert sweep(NOW + HOUR) == 0


def test_what_was_taken_back_is_sent_anew(clinic: Clinic, call: Any) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + DAY)
    assert sweep(NOW) == 1
    broken(reminders()[0], "cancelled")

    assert call(visit).status_code == 202
    assert [m.status for m in reminders()] == ["cancelled", "queued"]


def test_of_a_family_only_those_whom_nothing_reached_are_reminded_anew(clinic: Clinic, call: Any) -> None:
    rules()
    patient, _ = someone(clinic, channel="sms")
    first = visit_of(patient, NOW + DAY)
    assert sweep(NOW) == 1
    Message.objects.filter(pk=reminders()[0].pk).update(status="delivered", next_attempt_at=None)
    second = visit_of(patient, NOW + DAY + HOUR)
    assert sweep(NOW + HOUR) == 1
    broken(reminders()[1], "undelivered")

    assert call(second).status_code == 202
    assert ReminderClaim.objects.get(subject_id=first.pk, message__status="delivered")
    assert ReminderClaim.objects.get(subject_id=second.pk, message__status="queued")


@pytest.mark.parametrize(
    "path", ["today/{id}/remind/", "reminders/{id}/send/"], ids=["today", "patient's page"]
)
def test_the_buttons_send_it_too_and_say_why_not(
    clinic: Clinic, browse: Any, receptionist: User, path: str
) -> None:
    rules()
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)
    client = browse(receptionist)
    url = f"/c/{clinic.slug}/" + path.format(id=visit.pk)

    sent = client.post(url, follow=True)
    again = client.post(url, follow=True).content.decode()
    reenter(clinic)

    assert sent.status_code == 200
    assert "went already" in again
    assert len(reminders()) == 1


def test_the_button_stands_where_it_can_be_pressed(clinic: Clinic, browse: Any, receptionist: User) -> None:
    rules()
    patient, _ = someone(clinic, "Maja Lindqvist", channel="sms")
    visit = visit_of(patient, NOW + 5 * HOUR)
    client = browse(receptionist)
    pages = [f"/c/{clinic.slug}/today/", f"/c/{clinic.slug}/patients/{patient.pk}/"]

    before = [client.get(page).content.decode() for page in pages]
    reenter(clinic)
    Appointment.objects.update(attendance="attending")
    after = [client.get(page).content.decode() for page in pages]
    reenter(clinic)

    buttons = [f"/today/{visit.pk}/remind/", f"/reminders/{visit.pk}/send/"]
    assert [button in page for button, page in zip(buttons, before, strict=True)] == [True, True]
    assert [button in page for button, page in zip(buttons, after, strict=True)] == [False, False]


def test_another_clinics_visit_is_not_found(
    clinic: Clinic, api: Any, other_clinic: Clinic, other_owner: User
) -> None:
    visit = visit_of(someone(clinic, channel="sms")[0], NOW + 30 * HOUR)

    foreign = api(other_owner, other_clinic).post(f"/api/appointments/{visit.pk}/remind")
    reenter(clinic)

    assert foreign.status_code == 404
    assert not reminders()


def test_the_settings_have_the_defaults_until_somebody_sets_them(
    clinic: Clinic, api: Any, owner: User
) -> None:
    assert api(owner, clinic).get(SETTINGS).json() == {
        "enabled": False,
        "hours_before": 24,
        "steps": [24],
        "language": "en",
        "template_key": "reminder_default",
        "custom_message": "",
    }


def test_an_old_caller_sets_one_step_and_a_new_one_several(clinic: Clinic, api: Any, owner: User) -> None:
    client = api(owner, clinic)
    old = client.request(
        "PUT",
        SETTINGS,
        {
            "enabled": True,
            "hours_before": 48,
            "language": "es",
            "template_key": "reminder_default",
            "custom_message": "",
        },
    )
    new = client.request("PUT", SETTINGS, {"steps": [24, 72, 24]})
    same = client.request("PUT", SETTINGS, new.json())

    assert (old.status_code, old.json()["steps"], old.json()["hours_before"]) == (200, [48], 48)
    assert (new.json()["steps"], new.json()["hours_before"]) == ([72, 24], 24)
    assert new.json()["enabled"] is True
    assert new.json()["language"] == "es"
    assert same.json() == new.json()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hours_before": 0}, "hours_before"),
        ({"hours_before": 73}, "hours_before"),
        ({"hours_before": "24"}, "hours_before"),
        ({"language": "root"}, "language"),
        ({"language": "es@euro"}, "language"),
        ({"custom_message": "See you { when }"}, "custom_message"),
        ({"steps": []}, "steps"),
        ({"steps": [100]}, "steps"),
        ({"steps": [24], "hours_before": 48}, "hours_before"),
        ({"enabled": "yes"}, "enabled"),
        ({"language": "klingonese"}, "language"),
        ({"template_key": "followup"}, "template_key"),
        ({"custom_message": "{date_of_birth}"}, "custom_message"),
        ({"custom_message": "Reply CANCEL"}, "custom_message"),
        ({"hours": 3}, "hours"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_is_refused_by_field(
    clinic: Clinic, api: Any, owner: User, wrong: dict[str, Any], field: str
) -> None:
    response = api(owner, clinic).request("PUT", SETTINGS, wrong)
    reenter(clinic)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert field in response.json()["fields"]
    assert not ReminderSettings.objects.exists()


def test_only_owner_and_manager_change_the_settings(clinic: Clinic, api: Any, world: Any) -> None:
    answers = {
        role: api(world.users[f"{role}@alpha.example"], clinic).request("PUT", SETTINGS, {"enabled": True})
        for role in ("owner", "admin_doctor", "doctor", "receptionist")
    }
    foreign = api(world.users["owner@beta.example"], clinic).request("PUT", SETTINGS, {"enabled": True})

    assert {role: answer.status_code for role, answer in answers.items()} == {
        "owner": 200,
        "admin_doctor": 200,
        "doctor": 403,
        "receptionist": 403,
    }
    assert foreign.status_code == 404
