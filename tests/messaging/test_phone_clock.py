"""The clock of a demo clinic, moved on the phone page: what would have happened later happens now."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import forget_clinics, in_clinic
from medsync.lib import clock, jobs
from messaging import demo_clock, local_phone, tasks
from messaging.alerts import watching
from messaging.models import Attempt, Conversation, Message, MessageStatus
from messaging.providers.local.lines import set_behaviour
from messaging.providers.local.script import Behaviour
from scheduling.models import Appointment, Cancellation, ContactAddress, Status
from scheduling.tasks import expire_requests
from tests.messaging.desks import desk, inside, played
from tests.messaging.inboxes import a_request, a_thread, reenter, says
from tests.messaging.sent import sent_message

__all__ = ["desk", "inside", "played"]

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SATURDAY = datetime(2027, 3, 13, 17, 0, tzinfo=UTC)  # noon in New York; the clocks change in the night


def offset_of(clinic: Clinic) -> timedelta:
    offset: timedelta = Clinic.objects.get(pk=clinic.pk).clock_offset
    return offset


def now_in(clinic: Clinic) -> Clinic:
    """Stand in the clinic as a process that just read it."""
    fresh: Clinic = Clinic.objects.get(pk=clinic.pk)
    reenter(fresh)
    return fresh


# ── The controls ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_clock_goes_an_hour_and_a_day_on_and_back(desk: Any, inside: Clinic) -> None:
    desk("clock/", "post", step="hour")
    assert offset_of(inside) == HOUR

    shown = desk("clock/", "post", step="day").content.decode()
    assert offset_of(inside) == DAY + HOUR
    assert "+1 d 1 h" in shown

    shown = desk("clock/", "post", step="back").content.decode()
    assert offset_of(inside) == timedelta(0)
    assert "data-clock-moved" not in shown


def test_the_clock_goes_to_a_chosen_wall_time(desk: Any, inside: Clinic) -> None:
    wanted = (clock.real_now() + 3 * DAY).astimezone(inside.zone).replace(hour=7, minute=30)

    desk("clock/", "post", at=wanted.strftime("%Y-%m-%dT%H:%M"))

    now_in(inside)
    assert clock.now().astimezone(inside.zone).strftime("%d %H:%M") == wanted.strftime("%d 07:30")


@pytest.mark.parametrize(
    "at",
    ["", "tomorrow", "2001-01-01T10:00", "2150-01-01T10:00", "9999-12-31T23:59", "2027-01-01T10:00Z"],
    ids=["nothing", "a word", "the past", "far ahead", "the end of time", "with a zone"],
)
def test_a_time_that_cannot_be_shown_is_refused_in_words(desk: Any, inside: Clinic, at: str) -> None:
    answer = desk("clock/", "post", at=at)

    assert answer.status_code == 422
    assert "Choose a time from now on" in answer.content.decode()
    assert offset_of(inside) == timedelta(0)


def on_saturday(clinic: Clinic, user: User, browse: Any, **wanted: str) -> datetime:
    """Move the clock at noon before the clocks change; return the wall time that it shows."""
    with time_machine.travel(SATURDAY, tick=False):
        assert browse(user).post(f"/c/{clinic.slug}/phone/clock/", wanted).status_code == 302
        now_in(clinic)
        return clock.now().astimezone(clinic.zone)


def test_a_day_on_is_the_same_wall_time_when_the_clocks_change(
    inside: Clinic, owner: User, browse: Any
) -> None:
    local = on_saturday(inside, owner, browse, step="day")

    assert (local.day, local.hour, local.utcoffset()) == (14, 12, -4 * HOUR)
    assert offset_of(inside) == 23 * HOUR


def test_an_hour_that_the_change_of_clocks_leaves_out_is_the_one_after_it(
    inside: Clinic, owner: User, browse: Any
) -> None:
    local = on_saturday(inside, owner, browse, at="2027-03-14T02:30")

    assert local.strftime("%d %H:%M") == "14 03:30"


def test_who_is_no_member_moves_nothing(
    inside: Clinic, stranger: User, other_owner: User, browse: Any
) -> None:
    url = f"/c/{inside.slug}/phone/clock/"

    assert browse(None).post(url, {"step": "day"}).status_code == 302
    assert browse(stranger).post(url, {"step": "day"}).status_code == 404
    assert browse(other_owner).post(url, {"step": "day"}).status_code == 404
    assert offset_of(inside) == timedelta(0)


def test_a_clinic_that_is_no_demo_has_phones_but_no_clock(desk: Any, inside: Clinic) -> None:
    Clinic.objects.filter(pk=inside.pk).update(is_demo=False)
    forget_clinics()

    assert desk("clock/", "post", step="hour").status_code == 404
    page = desk()
    assert page.status_code == 200
    assert "data-clock-step" not in page.content.decode()
    assert offset_of(inside) == timedelta(0)


def test_only_this_clinics_clock_moves(desk: Any, inside: Clinic, other_clinic: Clinic) -> None:
    desk("clock/", "post", step="day")

    with in_clinic(other_clinic.schema_name):
        assert clock.offset() == timedelta(0)


# ── What follows ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_page_says_how_far_the_clock_was_moved(
    desk: Any, inside: Clinic, owner: User, browse: Any
) -> None:
    client = browse(owner)
    before = client.get(f"/c/{inside.slug}/inbox/").content.decode()
    reenter(inside)
    desk("clock/", "post", step="day")

    after = client.get(f"/c/{inside.slug}/inbox/").content.decode()

    assert "Clock moved" not in before
    assert "Clock moved forward 1 d" in after
    assert re.search(r'data-clock-offset="(\d+)"', after)[1] == "86400"  # type: ignore[index]


def test_what_is_due_is_rung_for_at_once(
    desk: Any, inside: Clinic, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[tuple[str, str]] = []

    def ring(task: str, *, schema: str, **_ids: Any) -> None:
        rung.append((task, schema))

    monkeypatch.setattr(jobs, "enqueue", ring)
    monkeypatch.setattr(demo_clock, "enqueue", ring)
    with django_capture_on_commit_callbacks(execute=True):
        desk("clock/", "post", step="day")
    assert rung == [("messaging.catch_up", inside.schema_name)]

    rung.clear()
    demo_clock.catch_up.apply(headers={"schema": inside.schema_name})
    assert rung == [(sweep, inside.schema_name) for sweep in demo_clock.SWEEPS]
    for name in demo_clock.SWEEPS:
        assert name in tasks.sweep_outbox.app.tasks


def test_a_window_closes(desk: Any, inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread(heard=timedelta(minutes=5))
    url = f"/c/{inside.slug}/inbox/{thread.id}/"
    open_before = "Write freely" in browse(owner).get(url).content.decode()
    reenter(inside)

    desk("clock/", "post", step="day")

    html = browse(owner).get(url).content.decode()
    assert open_before
    assert "Closed · approved text only" in html


def test_a_request_runs_out_and_the_patient_is_told(desk: Any, inside: Clinic) -> None:
    visit = a_request(a_thread(channel="sms"))
    respond_by = visit.respond_by
    assert respond_by is not None
    too_late = respond_by.astimezone(inside.zone) + timedelta(minutes=1)

    desk("clock/", "post", at=too_late.strftime("%Y-%m-%dT%H:%M"))
    expire_requests.apply(headers={"schema": inside.schema_name})

    now_in(inside)
    visit.refresh_from_db()
    told = Message.objects.get(appointment=visit, direction="outbound", purpose="notice")
    assert (visit.status, visit.cancellation) == (Status.CANCELLED, Cancellation.EXPIRED)
    assert (visit.status, visit.cancellation) == (Status.CANCELLED, Cancellation.EXPIRED)
    assert (told.channel, told.status) == ("sms", MessageStatus.QUEUED)
    assert respond_by <= told.created_at < respond_by + HOUR


def test_what_a_patient_writes_stands_at_the_moved_time(desk: Any, inside: Clinic) -> None:
    thread = a_thread(heard=timedelta(minutes=5))
    desk("clock/", "post", step="day")
    address = ContactAddress.objects.get()

    desk(f"{address.id}/send/", "post", body="still there?")

    now_in(inside)
    message = Message.objects.get(body="still there?")
    conversation = Conversation.objects.get(pk=thread.pk)
    assert DAY - HOUR < message.created_at - clock.real_now() <= DAY
    assert conversation.window_closes_at is not None
    assert conversation.window_closes_at > clock.now() + 23 * HOUR
    assert thread.contact_point.pk == conversation.contact_point_id


def test_what_is_being_sent_is_not_sent_again(desk: Any, inside: Clinic) -> None:
    thread = a_thread()
    lease = clock.now() + timedelta(seconds=30)
    says(thread, "on its way", author="bot", status="sending", lease_until=lease, next_attempt_at=lease)

    desk("clock/", "post", step="day")
    tasks.sweep_outbox.apply(headers={"schema": inside.schema_name})

    now_in(inside)
    message = Message.objects.get(body="on its way")
    assert (message.status, message.lease_until) == (MessageStatus.SENDING, lease + DAY)


def test_the_worker_sweeps_at_the_moved_time(
    desk: Any, inside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = a_thread()
    says(thread, "later", author="bot", status="queued", next_attempt_at=clock.now() + 20 * HOUR)
    rung: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, *, schema: rung.append(task))
    tasks.sweep_outboxes()
    before = list(rung)
    reenter(inside)
    desk("clock/", "post", step="day")

    tasks.sweep_outboxes()

    assert before == []
    assert rung == ["messaging.sweep_outbox"]


def test_a_lost_tick_is_made_up_for_at_the_moved_time(desk: Any, played: Clinic) -> None:
    desk("clock/", "post", step="day")
    fresh = now_in(played)
    account = fresh.senders.filter(status="active").select_related("account")[0].account
    attempt = sent_message(fresh, state="sent", rank=2, provider_id="LM1", account=account)
    now_in(played)
    Attempt.objects.filter(pk=attempt.pk).update(created_at=clock.now(), settled_at=clock.now() - HOUR)
    Message.objects.filter(pk=attempt.message_id).update(next_attempt_at=None)

    assert local_phone.is_due(clock.now())


def test_a_visit_is_asked_for_at_the_moved_time(desk: Any, inside: Clinic) -> None:
    desk("clock/", "post", step="day")
    desk("new/", "post", channel="sms")
    address = ContactAddress.objects.get()
    desk(f"{address.id}/send/", "post", body="I need an appointment")
    desk(f"{address.id}/send/", "post", body="1")

    now_in(inside)
    visit = Appointment.objects.get()
    assert visit.status == Status.PENDING_REVIEW
    assert visit.starts_at > clock.now()
    assert DAY - HOUR < visit.created_at - clock.real_now() <= DAY
    assert visit.nudge_at is not None
    assert visit.nudge_at > clock.now()  # half of its time has not passed
    assert watching.find(now=clock.now()) == 1  # and it is news


# ── Ways that break ──────────────────────────────────────────────────────────────────────────────────────────────
def send_to(thread: Conversation, behaviour: Behaviour) -> Message:
    """Send a bot's answer to a phone that behaves so; return it as the outbox left it."""
    address = ContactAddress.objects.get(contact_point=thread.contact_point)
    set_behaviour(address.channel, address.address, behaviour)
    says(
        thread,
        "an answer",
        author="bot",
        status="queued",
        next_attempt_at=clock.now(),
        address=address.address,
    )
    Message.objects.filter(body="an answer").update(provider_message_id=None, purpose="answer")
    demo = Clinic.objects.get(is_demo=True)
    tasks.deliver_outbox.apply(headers={"schema": demo.schema_name})
    reenter(demo)
    return Message.objects.get(body="an answer")


def test_a_provider_that_refuses_says_its_code(inside: Clinic) -> None:
    message = send_to(a_thread(), Behaviour(refused_with="63003"))

    assert (message.status, message.error_code, message.reason) == (MessageStatus.FAILED, "63003", "refused")


def test_a_lost_answer_is_looked_up_and_ends_with_the_phones_own_news(
    inside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    played_tasks: list[dict[str, Any]] = []
    monkeypatch.setattr("medsync.lib.jobs.enqueue", lambda task, **given: played_tasks.append(given))
    message = send_to(a_thread(), Behaviour(lost=True))
    attempt = Attempt.objects.get(message=message)
    assert (message.status, message.error_code) == (MessageStatus.UNKNOWN, "timeout")

    given = next(one for one in played_tasks if "attempt_id" in one)
    assert given["attempt_id"] == str(attempt.pk)
    local_phone.play_local_delivery.run(given["attempt_id"], given["provider_message_id"], 0)

    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED


def test_a_message_that_never_arrives_stays_sent(inside: Clinic) -> None:
    message = send_to(a_thread(), Behaviour(silent=True))

    assert message.status == MessageStatus.SENT
    assert not local_phone.is_due(clock.now() + HOUR)
