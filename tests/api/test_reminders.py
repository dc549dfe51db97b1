"""The reminder API: to the letter of its description, and without the eleven defects of the service it stands in for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinics.models import Clinic, ClinicClock
from clinics.tenancy import in_clinic
from messaging import api_reminders
from messaging.facts import forget_facts
from messaging.models import (
    ApiReminder,
    Attempt,
    ChannelConsent,
    Message,
    MessageStatus,
    MessagingSettings,
    Question,
    ReminderClaim,
)
from tests.messaging.approving import approved
from tests.messaging.talk import Talk
from tests.statements import statements

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Tuesday 10:00 in New York
NUMBER = "+16465550101"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock(clinic: Clinic) -> Iterator[Any]:
    with in_clinic(clinic):
        MessagingSettings.objects.update_or_create(
            pk=1, defaults={"quiet_from": "00:00", "quiet_until": "00:00", "neutral_whatsapp": False}
        )
    forget_facts()
    with time_machine.travel(NOW, tick=False) as moved:
        yield moved


def body(**changes: Any) -> dict[str, Any]:
    wanted = {
        "contact_number": NUMBER,
        "appointment_time": "2026-11-27T15:23-0800",
        "notify_window": 24,
        "location": "Main St 5",
        "participant": "Dr. Chen",
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not ...}


def made(client: Any, **changes: Any) -> str:
    response = client.post("/api/reminder", body(**changes))
    assert response.status_code == 200, response.content
    return response.json()["reminder_id"]


def shown(client: Any, id: str) -> dict[str, Any]:
    return client.get(f"/api/reminder/{id}").json()


def sweep(clinic: Clinic, at: datetime) -> int:
    with in_clinic(clinic):
        return api_reminders.sweep(now=at)


def texts(clinic: Clinic) -> list[Message]:
    with in_clinic(clinic):
        return list(
            Message.objects.filter(dedupe_key__startswith="api_reminder").order_by("created_at", "id")
        )


def taken(clinic: Clinic) -> None:
    """Let the provider take what waits."""
    with in_clinic(clinic):
        Message.objects.filter(status__in=["queued", "sending"]).update(
            status=MessageStatus.SENT, next_attempt_at=None
        )


# ── The form of it ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/api/reminder", "/reminder", "/api/reminder/", "/reminder/"])
def test_a_reminder_is_created_under_both_paths(client: Any, path: str) -> None:
    response = client.post(path, body())
    answer = response.json()
    assert response.status_code == 200
    assert len(answer["reminder_id"]) == 32
    assert answer["reminder_id"] == answer["reminder_id"].lower()
    int(answer["reminder_id"], 16)
    assert answer["message"] == f"successfully created a reminder with id {answer['reminder_id']}"


@pytest.mark.parametrize("path", ["/api/reminder", "/reminder"])
def test_a_reminder_is_shown_with_its_times(client: Any, path: str) -> None:
    id = made(client)
    assert client.get(f"{path}/{id}").json() == {
        "reminder_id": id,
        "contact_number": NUMBER,
        "participant": "Dr. Chen",
        "location": "Main St 5",
        "appt_user_dt": "2026-11-27T15:23:00-08:00",
        "appt_sys_dt": "2026-11-27T23:23:00Z",
        "notify_sys_dt": "2026-11-26T23:23:00Z",
        "reminder_sent": False,
        "confirm_sent": False,
        "will_attend": None,
    }


@pytest.mark.parametrize(
    ("given", "shown_as"),
    [
        ("2027-07-06T15:23-0800", "2027-07-06T15:23:00-08:00"),
        ("2027-07-06T15:23-08:00", "2027-07-06T15:23:00-08:00"),
        ("2027-07-06T15:23:45-0800", "2027-07-06T15:23:45-08:00"),
        ("2027-07-06T15:23:45.5+05:30", "2027-07-06T15:23:45+05:30"),
        ("2027-07-06T15:23Z", "2027-07-06T15:23:00+00:00"),
        ("2027-07-06t15:23z", "2027-07-06T15:23:00+00:00"),
        ("2027-07-06T15:23+1300", "2027-07-06T15:23:00+13:00"),
        ("2027-02-28T23:59-0330", "2027-02-28T23:59:00-03:30"),
        ("2027-07-06T15:23-08", "2027-07-06T15:23:00-08:00"),
        ("2027-07-06T15:23:00.0000000-08:00", "2027-07-06T15:23:00-08:00"),
        ("2027-07-06T15:23:45,250+02", "2027-07-06T15:23:45+02:00"),
    ],
)
def test_times_are_iso_8601_with_an_offset(client: Any, given: str, shown_as: str) -> None:
    assert shown(client, made(client, appointment_time=given))["appt_user_dt"] == shown_as


@pytest.mark.parametrize(
    "given",
    ["2027-07-06T15:23", "2027-07-06", "tomorrow", "", "2027-13-01T10:00Z", "2027-02-30T10:00Z", "2027-07-06T25:00Z", "2027-07-06T15:23+9999",
     "0001-01-01T00:00Z", "9999-12-31T23:59Z", 1751842980, None, True, ["2027-07-06T15:23Z"], "2027-07-06T15:23-0800 ' OR 1=1", "２０２７-07-06T15:23Z"],
)  # fmt: skip
def test_a_wrong_time_is_named(client: Any, given: Any) -> None:
    response = client.post("/api/reminder", body(appointment_time=given))
    assert response.status_code == 400
    assert set(response.json()["fields"]) == {"appointment_time"}


@pytest.mark.parametrize(
    "given",
    [NUMBER, "16465550101", 16465550101, "(646) 555-0101", "646-555-0101", "6465550101", 6465550101, "+1 646 555 0101", "646-555-0101x99", "  +1 646 555 0101 ", "\t16465550101"],
)  # fmt: skip
def test_any_valid_number_is_taken_and_shown_as_given(client: Any, clinic: Clinic, given: Any) -> None:
    assert shown(client, made(client, contact_number=given))["contact_number"] == str(given)
    with in_clinic(clinic):
        assert ApiReminder.objects.get().contact_point.phone == NUMBER


def test_eleven_digits_are_a_north_american_number_in_any_country(
    api: Any, other_owner: Any, other_clinic: Clinic
) -> None:
    client = api(other_owner, other_clinic)
    made(client, contact_number="16465550101")
    with in_clinic(other_clinic):
        assert ApiReminder.objects.get().contact_point.phone == NUMBER


@pytest.mark.parametrize(
    "given",
    [
        "abc",
        "123",
        "",
        None,
        True,
        1.5,
        [],
        {},
        "1-800-FLOWERS",
        "+1646555010100000",
        "9" * 100,
        "6465550101\x00",
        "6465550101\ud800",
        "64655\udfff50101",
        -16465550101,
    ],
)
def test_a_wrong_number_is_named_and_never_repeated(client: Any, given: Any) -> None:
    response = client.post("/api/reminder", body(contact_number=given))
    assert response.status_code == 400
    assert set(response.json()["fields"]) == {"contact_number"}
    assert "FLOWERS" not in response.content.decode()


@pytest.mark.parametrize(
    ("given", "hours"), [(0, 0), ("0", 0), (24, 24), ("24", 24), (" 24 ", 24), (72, 72), (100_000, 100_000)]
)
def test_hours_are_whole_and_may_be_a_string(client: Any, clinic: Clinic, given: Any, hours: int) -> None:
    made(client, notify_window=given)
    with in_clinic(clinic):
        assert ApiReminder.objects.get().notify_window == hours


@pytest.mark.parametrize(
    "given", [-1, "-1", 1.5, "1.5", "a day", "", None, True, [24], "2４", 10**9, "9" * 40, "1e3"]
)
def test_wrong_hours_are_named(client: Any, given: Any) -> None:
    response = client.post("/api/reminder", body(notify_window=given))
    assert response.status_code == 400
    assert set(response.json()["fields"]) == {"notify_window"}


@pytest.mark.parametrize(
    ("field", "text"),
    [("location", "x" * 128), ("participant", "x" * 256), ("location", "Calle 5, #3 {time} %s \n <b>"), ("participant", " Ñandú 陈医生 🏥 "), ("location", ""), ("participant", "{clinic_name}")],
)  # fmt: skip
def test_any_text_is_taken_in_location_and_participant(client: Any, field: str, text: str) -> None:
    assert shown(client, made(client, **{field: text}))[field] == text


@pytest.mark.parametrize(("field", "longest"), [("location", 128), ("participant", 256)])
def test_too_long_a_text_is_named(client: Any, field: str, longest: int) -> None:
    response = client.post("/api/reminder", body(**{field: "x" * (longest + 1)}))
    assert (response.status_code, set(response.json()["fields"])) == (400, {field})


@pytest.mark.parametrize("missing", ["contact_number", "appointment_time", "notify_window"])
def test_what_is_missing_is_named(client: Any, missing: str) -> None:
    response = client.post("/api/reminder", body(**{missing: ...}))
    assert (response.status_code, set(response.json()["fields"])) == (400, {missing})


def test_location_and_participant_need_not_be_sent(client: Any) -> None:
    reminder = shown(client, made(client, location=..., participant=...))
    assert (reminder["location"], reminder["participant"]) == ("", "")


def test_an_unknown_field_is_named(client: Any) -> None:
    response = client.post("/api/reminder", body(notify="now"))
    assert (response.status_code, set(response.json()["fields"])) == (400, {"notify"})


def test_a_key_creates_once(client: Any, clinic: Clinic) -> None:
    first = client.post("/api/reminder", body(), Idempotency_Key="one").json()
    again = client.post("/api/reminder", body(), Idempotency_Key="one").json()
    other = client.post("/api/reminder", body(notify_window=1), Idempotency_Key="one")
    assert first == again
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    with in_clinic(clinic):
        assert ApiReminder.objects.count() == 1


def test_the_list_is_paged_newest_first(client: Any) -> None:
    ids = [made(client, notify_window=hours) for hours in range(5)]
    first = client.get("/api/reminder?limit=3").json()
    rest = client.get(first["next"].removeprefix("http://testserver")).json()
    assert [one["reminder_id"] for one in (*first["results"], *rest["results"])] == ids[::-1]
    assert rest["next"] is None


def test_a_page_of_the_list_costs_one_statement(client: Any) -> None:
    for hours in range(10):
        made(client, notify_window=hours)
    client.get("/api/reminder")
    with statements() as few:
        client.get("/api/reminder?limit=2")
    with statements() as many:
        client.get("/api/reminder?limit=10")
    assert len(few) == len(many)
    assert len([one for one in many if "apireminder" in one]) == 1


@pytest.mark.parametrize("id", ["0" * 32, "x", "0198a2f05d1c7e3b9a446f2f3c1d7e55", "%00", "1/2"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_id_is_a_404(client: Any, method: str, id: str) -> None:
    response = client.request(method, f"/api/reminder/{id}", {} if method == "PATCH" else None)
    assert response.status_code in {400, 404} if id == "%00" else response.status_code == 404


def test_another_clinics_reminder_is_a_404(
    client: Any, api: Any, other_owner: Any, other_clinic: Clinic
) -> None:
    id = made(client)
    other = api(other_owner, other_clinic)
    for method in ("GET", "PATCH", "DELETE"):
        assert other.request(method, f"/reminder/{id}", {} if method == "PATCH" else None).status_code == 404
    assert other.get("/reminder").json()["results"] == []


# ── Changing and deleting ────────────────────────────────────────────────────────────────────────────────────────


def test_deleting_says_so_and_nothing_is_sent_after_that(client: Any, clinic: Clinic) -> None:
    id = made(client)
    assert client.delete(f"/api/reminder/{id}").json() == {
        "reminder_id": id,
        "message": f"Successfully deleted reminder with id {id}",
    }
    assert (
        client.get(f"/api/reminder/{id}").status_code
        == client.delete(f"/api/reminder/{id}").status_code
        == 404
    )
    assert client.get("/api/reminder").json()["results"] == []
    assert sweep(clinic, NOW + timedelta(days=3)) == 0
    assert texts(clinic) == []
    with in_clinic(clinic):
        assert ApiReminder.objects.get().deleted_at is not None


def test_deleting_takes_back_what_waits_in_the_outbox(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    assert [text.status for text in texts(clinic)] == ["queued"]
    client.delete(f"/api/reminder/{id}")
    assert [(text.status, text.reason) for text in texts(clinic)] == [("cancelled", "reminder_deleted")]


def test_a_patch_moves_it_and_it_is_reminded_anew(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    taken(clinic)
    assert shown(client, id)["reminder_sent"] is True
    moved = client.patch(
        f"/api/reminder/{id}", {"appointment_time": "2026-12-24T09:00-05:00", "notify_window": 24}
    ).json()
    assert (moved["appt_user_dt"], moved["notify_sys_dt"]) == (
        "2026-12-24T09:00:00-05:00",
        "2026-12-23T14:00:00Z",
    )
    assert (moved["reminder_sent"], moved["will_attend"]) == (False, None)
    assert sweep(clinic, datetime(2026, 12, 23, 14, 0, tzinfo=UTC)) == 1
    assert len(texts(clinic)) == 2


def test_a_patch_of_the_place_alone_is_not_said_again(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    taken(clinic)
    assert client.patch(f"/api/reminder/{id}", {"location": "Room 9"}).json()["location"] == "Room 9"
    assert sweep(clinic, NOW + HOUR) == 0
    assert len(texts(clinic)) == 1


NIGHT, MORNING = datetime(2026, 11, 26, 4, 0, tzinfo=UTC), datetime(2026, 11, 26, 13, 0, tzinfo=UTC)


@pytest.fixture
def waiting(client: Any, clinic: Clinic, _clock: Any) -> str:
    """Return a reminder that fell due by night, whose text waits for the morning."""
    with in_clinic(clinic):
        MessagingSettings.objects.update(quiet_from="21:00", quiet_until="08:00")
    forget_facts()
    id = made(client, appointment_time="2026-11-27T04:00Z")
    assert sweep(clinic, NIGHT) == 1
    _clock.move_to(NIGHT + HOUR)
    (text,) = texts(clinic)
    assert (text.status, text.next_attempt_at) == ("queued", MORNING)
    return id


def test_a_patch_of_the_place_changes_a_text_that_waits_for_the_morning(
    client: Any, clinic: Clinic, waiting: str
) -> None:
    client.patch(f"/api/reminder/{waiting}", {"location": "Room 9", "participant": "Dr. Vidal"})

    old, text = texts(clinic)
    assert (old.status, old.reason) == ("cancelled", "reminder_changed")
    assert (text.status, text.next_attempt_at) == ("queued", MORNING)
    assert "Room 9" in text.body
    assert "Dr. Vidal" in text.body
    with in_clinic(clinic):
        assert Question.objects.get(kind="confirm_visit", closed_at=None).asked_by_id == text.pk
        assert ReminderClaim.objects.get().message_id == text.pk
    assert shown(client, waiting)["location"] == "Room 9"


def test_a_patch_that_says_nothing_new_leaves_the_text_that_waits(
    client: Any, clinic: Clinic, waiting: str
) -> None:
    client.patch(f"/api/reminder/{waiting}", {"location": "Main St 5", "notify_window": 30})

    assert [text.status for text in texts(clinic)] == ["queued"]


def test_a_patch_to_a_later_notice_takes_the_text_back_until_then(
    client: Any, clinic: Clinic, waiting: str
) -> None:
    client.patch(f"/api/reminder/{waiting}", {"notify_window": 12})

    assert [text.status for text in texts(clinic)] == ["cancelled"]
    assert sweep(clinic, datetime(2026, 11, 26, 16, 0, tzinfo=UTC)) == 1
    assert [text.status for text in texts(clinic)] == ["cancelled", "queued"]


@pytest.mark.parametrize("status", ["sending", "sent", "unknown"])
def test_what_was_said_or_is_being_said_stays_so(
    client: Any, clinic: Clinic, waiting: str, status: str
) -> None:
    with in_clinic(clinic):
        Message.objects.filter(pk=texts(clinic)[0].pk).update(status=status)
    client.patch(f"/api/reminder/{waiting}", {"location": "Room 9"})

    (text,) = texts(clinic)
    assert (text.status, text.expires_at) == (status, datetime(2026, 11, 27, 4, 0, tzinfo=UTC))


def test_a_move_takes_back_what_was_not_sent_yet(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    client.patch(f"/api/reminder/{id}", {"appointment_time": "2026-11-28T15:00Z"})
    assert [text.status for text in texts(clinic)] == ["cancelled", "queued"]


def test_a_patch_into_the_past_is_refused(client: Any) -> None:
    id = made(client)
    response = client.patch(f"/api/reminder/{id}", {"appointment_time": "2026-11-24T14:59Z"})
    assert (response.status_code, set(response.json()["fields"])) == (400, {"appointment_time"})


# ── Sending and answering ────────────────────────────────────────────────────────────────────────────────────────


def test_it_goes_when_its_time_comes_and_names_everything(client: Any, clinic: Clinic) -> None:
    made(client)
    due = datetime(2026, 11, 26, 23, 23, tzinfo=UTC)
    assert sweep(clinic, due - timedelta(minutes=1)) == 0
    assert sweep(clinic, due) == 1
    (text,) = texts(clinic)
    for words in ("Alpha Clinic", "November 27", "3:23", "Main St 5", "Dr. Chen", "YES", "NO"):
        assert words in text.body
    assert (text.channel, text.purpose, text.address) == ("sms", "reminder", NUMBER)


def test_a_time_to_notify_that_has_passed_is_sent_at_once(client: Any, clinic: Clinic) -> None:
    made(client, notify_window=200)
    assert [text.status for text in texts(clinic)] == ["queued"]


def test_a_reminder_by_night_that_is_late_already_waits_for_no_morning(client: Any, clinic: Clinic) -> None:
    with in_clinic(clinic):
        MessagingSettings.objects.filter(pk=1).update(quiet_from="09:00", quiet_until="18:00")
    forget_facts()
    made(client, notify_window=200)
    (text,) = texts(clinic)
    assert text.next_attempt_at == NOW


def test_the_clinics_clock_is_set_to_the_next_and_visited_only_then(client: Any, clinic: Clinic) -> None:
    from clinics import clocks

    made(client)
    due = datetime(2026, 11, 26, 23, 23, tzinfo=UTC)
    assert ClinicClock.objects.get(clinic=clinic, job="api_reminders").next_at == due
    assert clocks.due(clocks.API_REMINDERS, due - timedelta(minutes=1)) == []
    assert clocks.due(clocks.API_REMINDERS, due) == [clinic]
    sweep(clinic, due)
    assert ClinicClock.objects.get(clinic=clinic, job="api_reminders").next_at > due


def test_it_works_without_the_broker(client: Any, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import current_app

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)
    id = made(client)
    assert sweep(clinic, datetime(2026, 11, 26, 23, 23, tzinfo=UTC)) == 1
    taken(clinic)
    assert shown(client, id)["reminder_sent"] is True


@pytest.mark.parametrize(
    ("word", "attends"), [("yes", True), ("no", False), ("ok gracias", True), ("no puedo", False)]
)
def test_the_answer_sets_will_attend_and_is_confirmed(
    client: Any, clinic: Clinic, word: str, attends: bool
) -> None:
    id = made(client, notify_window=200)
    taken(clinic)
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    assert "3:23" in talk.say(word)
    assert (shown(client, id)["will_attend"], shown(client, id)["confirm_sent"]) == (attends, False)
    taken(clinic)
    assert shown(client, id)["confirm_sent"] is True


@pytest.mark.parametrize("neutral", [False, True], ids=["with details", "neutral"])
def test_outside_of_the_window_it_goes_as_its_approved_text_and_is_answered_by_its_button(
    client: Any, clinic: Clinic, neutral: bool
) -> None:
    patient = Talk(clinic, at=NOW - 50 * HOUR, sender=NUMBER)
    patient.say("hola")
    with in_clinic(clinic):
        ChannelConsent.objects.create(contact_point=patient.thread.contact_point, channel="sms", care=False)
        MessagingSettings.objects.update(neutral_whatsapp=neutral)
        approved("api_reminder", "en")
        approved("api_reminder", "es")
    forget_facts()
    id = made(client, notify_window=200, location="", participant="")
    (text,) = texts(clinic)
    assert (text.status, text.channel, text.kind) == ("queued", "whatsapp", "template")
    assert clinic.name in text.body
    assert "3:23" in text.body
    taken(clinic)
    patient.now = NOW
    patient.say("Yes", ButtonPayload="yes", ButtonText="Yes")
    assert shown(client, id)["will_attend"] is True


def test_what_is_no_answer_gets_help_that_a_clinic_can_change(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    taken(clinic)
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    assert "Reply YES if you come" in talk.say("who is this for then")
    assert shown(client, id)["will_attend"] is None


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_who_asks_for_their_visits_hears_of_those_of_the_other_calendar(
    client: Any, clinic: Clinic, channel: str
) -> None:
    with in_clinic(clinic):
        MessagingSettings.objects.update(neutral_whatsapp=True)  # with whom is no word for WhatsApp then
    forget_facts()
    talk = Talk(clinic, at=NOW - HOUR, channel=channel, sender=NUMBER)
    talk.say("gracias")
    made(client, participant="Dr. Wu", appointment_time="2026-11-30T09:00-0500")
    made(client, notify_window=200)
    client.delete(f"/api/reminder/{made(client, appointment_time='2026-11-28T09:00-0500')}")
    taken(clinic)
    talk.now = NOW
    first, second = ("Dr. Chen: ", "Dr. Wu: ") if channel == "sms" else ("", "")
    assert talk.say("my appointment").endswith(
        f"\n• {first}Friday, November 27, 3:23 PM\n• {second}Monday, November 30, 9:00 AM"
    )
    assert talk.open_questions[0].kind == "confirm_visit"  # and can still be answered
    talk.say("no")
    assert "November 27" not in talk.say("my appointment")


def test_who_says_that_the_number_is_wrong_hears_of_none(client: Any, clinic: Clinic) -> None:
    made(client, notify_window=200)
    taken(clinic)
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    talk.say("wrong number")
    made(client, appointment_time="2026-11-30T09:00-0500")
    assert "November" not in talk.say("my appointment")


def test_an_answer_to_a_deleted_reminder_sets_nothing(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    client.delete(f"/api/reminder/{id}")
    Talk(clinic, at=NOW, channel="sms", sender=NUMBER).say("yes")
    with in_clinic(clinic):
        assert ApiReminder.objects.get().will_attend is None


def test_who_said_stop_is_not_reminded(client: Any, clinic: Clinic) -> None:
    Talk(clinic, at=NOW - HOUR, channel="sms", sender=NUMBER).say("STOP")
    id = made(client, notify_window=200)
    taken(clinic)
    assert shown(client, id)["reminder_sent"] is False
    with in_clinic(clinic):
        assert ReminderClaim.objects.get().outcome not in {"", "sent"}


# ── The eleven defects of the original ───────────────────────────────────────────────────────────────────────────


def test_defect_1_one_number_may_have_many_reminders(client: Any, clinic: Clinic) -> None:
    assert made(client) != made(client) != made(client, participant="Dr. Wu")
    with in_clinic(clinic):
        assert ApiReminder.objects.count() == 3


@pytest.mark.parametrize(
    "text",
    ["I was sick yesterday, can't come", "I don't know", "afternoon please", "noon", "November", "yesterday"],
)
def test_defect_2_a_yes_or_no_inside_of_another_word_answers_nothing(
    client: Any, clinic: Clinic, text: str
) -> None:
    id = made(client, notify_window=200)
    Talk(clinic, at=NOW, channel="sms", sender=NUMBER).say(text)
    assert shown(client, id)["will_attend"] is None


def test_defect_3_however_often_the_sweep_runs_it_is_sent_once(client: Any, clinic: Clinic) -> None:
    made(client)
    due = datetime(2026, 11, 26, 23, 23, tzinfo=UTC)
    assert [sweep(clinic, due + n * HOUR) for n in range(6)] == [1, 0, 0, 0, 0, 0]
    assert len(texts(clinic)) == 1


def test_defect_4_after_a_no_nothing_more_is_sent(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    taken(clinic)
    Talk(clinic, at=NOW, channel="sms", sender=NUMBER).say("no")
    assert sweep(clinic, NOW + HOUR) == 0
    assert len(texts(clinic)) == 1
    assert shown(client, id)["will_attend"] is False


def test_defect_5_a_reminder_whose_day_is_over_stays(client: Any, clinic: Clinic, _clock: Any) -> None:
    id = made(client)
    _clock.move_to(NOW + timedelta(days=30))
    made(client, appointment_time="2027-07-06T15:23-0800")
    assert shown(client, id)["reminder_id"] == id
    assert len(client.get("/api/reminder").json()["results"]) == 2


@pytest.mark.parametrize(
    "given", ["2026-11-24T15:00Z", "2026-11-24T14:59:59Z", "2020-01-01T00:00Z", "2026-11-24T09:59-05:00"]
)
def test_defect_6_an_appointment_in_the_past_is_refused(client: Any, clinic: Clinic, given: str) -> None:
    response = client.post("/api/reminder", body(appointment_time=given))
    assert (response.status_code, set(response.json()["fields"])) == (400, {"appointment_time"})
    assert texts(clinic) == []


@pytest.mark.parametrize("given", ["soon", "", None, "24h", {}])
def test_defect_7_what_is_wrong_is_a_400_and_no_500(client: Any, given: Any) -> None:
    response = client.post("/api/reminder", body(notify_window=given))
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


def test_defect_8_a_move_is_one_request_and_the_old_time_is_not_reminded(client: Any, clinic: Clinic) -> None:
    id = made(client)
    client.patch(f"/api/reminder/{id}", {"appointment_time": "2026-12-24T09:00-05:00"})
    assert sweep(clinic, datetime(2026, 11, 26, 23, 23, tzinfo=UTC)) == 0
    assert sweep(clinic, datetime(2026, 12, 23, 14, 0, tzinfo=UTC)) == 1


def test_defect_9_the_callers_offset_is_kept(client: Any) -> None:
    reminder = shown(client, made(client, appointment_time="2027-07-06T15:23+0530"))
    assert (reminder["appt_user_dt"], reminder["appt_sys_dt"]) == (
        "2027-07-06T15:23:00+05:30",
        "2027-07-06T09:53:00Z",
    )


@pytest.mark.parametrize(
    "path", ["/reminder", "/api/reminder", "/reminder/" + "0" * 32, "/api/reminder/" + "0" * 32]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_defect_10_nothing_is_shown_or_done_without_a_token(clinic: Clinic, method: str, path: str) -> None:
    response = Client().generic(
        method, path, data=b"{}", content_type="application/json", headers={"X-Account-Id": clinic.slug}
    )
    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"


def test_defect_10_nobody_can_answer_by_an_unsigned_webhook(client: Any, clinic: Clinic) -> None:
    from tests.messaging.hooks import message_form, post, token_of

    id = made(client, notify_window=200)
    form = message_form(clinic, "no", channel="sms", sender=NUMBER)
    assert post(form, token=token_of(clinic), path="/api/webhooks/sms", signature="AAAA").status_code == 403
    assert shown(client, id)["will_attend"] is None


def test_defect_11_sent_means_that_the_provider_took_it(client: Any, clinic: Clinic) -> None:
    id = made(client, notify_window=200)
    (text,) = texts(clinic)
    for status, is_sent in [
        ("sending", False),
        ("unknown", False),
        ("failed", False),
        ("sent", True),
        ("read", True),
        ("undelivered", True),
    ]:
        with in_clinic(clinic):
            Message.objects.filter(pk=text.pk).update(status=status)
        assert shown(client, id)["reminder_sent"] is is_sent


def test_no_number_and_no_name_reaches_a_log(
    client: Any, clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    made(client, notify_window=200, participant="Zebulon", location="Secret Road")
    sweep(clinic, NOW)
    assert not any(word in caplog.text for word in ("6465550101", "Zebulon", "Secret Road"))


def test_a_question_is_opened_until_the_appointment(client: Any, clinic: Clinic) -> None:
    made(client, notify_window=200)
    with in_clinic(clinic):
        question = Question.objects.get()
        assert question.expires_at == datetime(2026, 11, 27, 23, 23, tzinfo=UTC)
        assert not Attempt.objects.exists()
