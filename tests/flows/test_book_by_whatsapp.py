"""The main job, whole: a patient books by WhatsApp, staff accept, Twilio gets the confirmation, the ticks rise."""

from collections.abc import Iterator
from typing import Any

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox
from messaging.models import Attempt, Conversation, Message, Question
from scheduling import operations
from scheduling.models import Appointment, Hold
from tests.messaging.hooks import PATIENT, number_of, replies_in, write
from tests.messaging.sent import call_back
from tests.standin.twilio import TwilioStandIn
from tests.world import CLINICS, World


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    tokens[settings.TWILIO_ACCOUNT_SID] = settings.TWILIO_AUTH_TOKEN
    with TwilioStandIn(tokens=tokens) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin


@pytest.fixture
def clinic(committed: World) -> Clinic:
    return committed.clinics["alpha"]


def deliver_answers(clinic: Clinic) -> None:
    """Let Twilio report the answers that travelled in webhook responses; until then they hold back what follows."""
    with in_clinic(clinic):
        answers = list(Attempt.objects.filter(kind="inline", settled_at=None))
    for attempt in answers:
        assert call_back(clinic, attempt, "delivered", sid=f"SM{attempt.pk.hex}").status_code < 300


def test_a_patient_books_and_is_told(clinic: Clinic, committed: World, twilio: TwilioStandIn) -> None:
    receptionist = committed.users["receptionist@alpha.example"]

    [(offer, callback)] = replies_in(write(clinic, "hola, necesito una cita"))
    assert "Estos horarios están libres:\n1. " in offer
    assert "\n2. " in offer
    assert "0 = otros horarios" in offer
    assert callback.startswith("https://medsync.example/api/webhooks/whatsapp/status?a=")
    with in_clinic(clinic):
        wanted = Question.objects.get(closed_at=None).items[1]["starts_at"]

    [(answer, _)] = replies_in(write(clinic, "2"))
    assert "Aún no está confirmada" in answer
    deliver_answers(clinic)
    with in_clinic(clinic):
        visit = Appointment.objects.get()
        assert visit.status == "pending_review"
        assert visit.starts_at.isoformat() == wanted
        assert not Hold.objects.exists()
        assert Conversation.objects.get().work_state == "needs_reply"
        assert not twilio.accepted  # both answers travelled in the webhook's own response

        operations.accept(visit, by=receptionist, now=clock.now())
        notice = Message.objects.get(purpose="notice")
        assert notice.status == "queued"
        outbox.work(now=clock.now())
        notice.refresh_from_db()
        assert notice.status == "sent"
        attempt = Attempt.objects.get(message=notice)

    [sent] = twilio.accepted
    assert (sent.from_, sent.to) == (f"whatsapp:{number_of(clinic)}", f"whatsapp:{PATIENT}")
    assert sent.body == notice.body
    assert sent.body.startswith("Su cita está confirmada: ")
    assert "Olivia Alpha" in sent.body

    for status in ("delivered", "read"):
        assert call_back(clinic, attempt, status, sid=sent.sid).status_code < 300
    with in_clinic(clinic):
        notice.refresh_from_db()
        assert notice.status == "read"
        assert Conversation.objects.get().work_state == "done"

    assert replies_in(write(clinic, "¡muchas gracias! 🙏")) == []
    with in_clinic(clinic):
        assert Conversation.objects.get().work_state == "done"
        bodies = list(Message.objects.order_by("created_at", "id").values_list("direction", flat=True))
        assert bodies == ["inbound", "outbound", "inbound", "outbound", "outbound", "inbound"]


def test_a_declined_patient_takes_another_time(
    clinic: Clinic, committed: World, twilio: TwilioStandIn
) -> None:
    receptionist = committed.users["receptionist@alpha.example"]
    write(clinic, "Hi, I need an appointment")
    write(clinic, "1")
    deliver_answers(clinic)
    with in_clinic(clinic):
        first = Appointment.objects.get()
        operations.reject(first, by=receptionist, reason="Dr. Alpha is away then", now=clock.now())
        outbox.work(now=clock.now())
    [sent] = twilio.accepted
    assert "Dr. Alpha is away then." in sent.body
    assert "1. " in sent.body

    [(answer, _)] = replies_in(write(clinic, "the second one please"))
    assert "not confirmed yet" in answer
    deliver_answers(clinic)
    with in_clinic(clinic):
        second = Appointment.objects.get(status="pending_review")
        assert second.starts_at != first.starts_at
        operations.accept(second, by=receptionist, now=clock.now())
        outbox.work(now=clock.now())
    assert twilio.accepted[-1].body.startswith("Your visit is confirmed: ")
    assert len(twilio.accepted) == 2


def test_the_same_webhook_again_books_nothing_twice(clinic: Clinic) -> None:
    write(clinic, "hola, necesito una cita")
    sid = "SM" + "f" * 32
    first = replies_in(write(clinic, "2", MessageSid=sid))
    again = replies_in(write(clinic, "2", MessageSid=sid))
    assert first == again  # the provider gets the same answer while it is on its way
    with in_clinic(clinic):
        assert Appointment.objects.count() == 1
        assert Message.objects.filter(direction="inbound").count() == 2
        assert Message.objects.filter(direction="outbound").count() == 2
