"""A thumb on a reminder marks nothing by itself: staff see it, and make a yes of it with one click."""

from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.models import Attempt, Message
from scheduling.models import AppointmentEvent
from tests.messaging.remind import fresh, known, remind, visit_for
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db

BUTTON = "Mark as coming"


@pytest.fixture
def asked(clinic: Clinic) -> Any:
    talk = Talk(clinic)
    (ana,) = known(talk, "Ana Pérez")
    visit = visit_for(talk, ana)
    remind(talk, visit, provider_id="SMreminder")
    return talk, visit


def react(talk: Talk, emoji: str, target: str = "SMreminder") -> str:
    return talk.say(emoji, MessageType="reaction", OriginalRepliedMessageSid=target)


def page(talk: Talk, browse: Any, user: User) -> str:
    with time_machine.travel(talk.now, tick=False):
        return str(browse(user).get(f"/c/{talk.clinic.slug}/inbox/{talk.thread.pk}/").content.decode())


def press(talk: Talk, browse: Any, user: User) -> int:
    with in_clinic(talk.clinic):
        note = Message.objects.get(dedupe_key__startswith="suggest:")
    url = f"/c/{talk.clinic.slug}/inbox/{talk.thread.pk}/messages/{note.pk}/coming/"
    with time_machine.travel(talk.now, tick=False):
        return int(browse(user).post(url, headers={"HX-Request": "true"}).status_code)


@pytest.mark.parametrize("emoji", ["👍", "✅", "👍🏽"])
def test_a_thumb_only_suggests(asked: Any, browse: Any, receptionist: User, emoji: str) -> None:
    talk, visit = asked
    assert react(talk, emoji) == ""
    assert fresh(talk, visit).attendance == "asked"
    assert BUTTON in page(talk, browse, receptionist)


def test_one_click_makes_a_yes_of_it_once(asked: Any, browse: Any, receptionist: User) -> None:
    talk, visit = asked
    react(talk, "👍")
    assert press(talk, browse, receptionist) == 200
    assert fresh(talk, visit).attendance == "attending"
    assert BUTTON not in page(talk, browse, receptionist)
    assert press(talk, browse, receptionist) == 409
    with in_clinic(talk.clinic):
        event = AppointmentEvent.objects.get(kind="attending")
    assert (event.actor_id, event.source) == (receptionist.pk, "staff")


@pytest.mark.parametrize("emoji", ["❤️", "😂", "👎", "🙏"])
def test_another_emoji_suggests_nothing(asked: Any, browse: Any, receptionist: User, emoji: str) -> None:
    talk, visit = asked
    react(talk, emoji)
    assert BUTTON not in page(talk, browse, receptionist)
    assert fresh(talk, visit).attendance == "asked"


def test_a_thumb_that_is_taken_back_takes_its_suggestion_along(
    asked: Any, browse: Any, receptionist: User
) -> None:
    talk, _ = asked
    react(talk, "👍")
    react(talk, "")
    assert BUTTON not in page(talk, browse, receptionist)


def test_a_thumb_on_anything_else_suggests_nothing(asked: Any, browse: Any, receptionist: User) -> None:
    talk, _ = asked
    talk.say("yes")
    react(talk, "👍")
    assert BUTTON not in page(talk, browse, receptionist)


def test_a_suggestion_for_a_visit_that_was_cancelled_marks_nothing(
    asked: Any, browse: Any, receptionist: User
) -> None:
    talk, visit = asked
    react(talk, "👍")
    with in_clinic(talk.clinic):
        from scheduling.models import Appointment

        Appointment.objects.filter(pk=visit.pk).update(status="cancelled", cancellation="clinic")
    assert press(talk, browse, receptionist) == 409
    assert fresh(talk, visit).attendance == "asked"


def test_another_clinic_cannot_press_it(asked: Any, browse: Any, other_owner: User) -> None:
    talk, visit = asked
    react(talk, "👍")
    assert press(talk, browse, other_owner) == 404
    assert fresh(talk, visit).attendance == "asked"


def test_a_thumb_on_another_calendars_reminder_suggests_it_too(
    clinic: Clinic, api: Any, owner: User, browse: Any, receptionist: User
) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with time_machine.travel(talk.now, tick=False):
        wanted = {
            "contact_number": talk.sender,
            "appointment_time": "2026-11-25T15:00Z",
            "notify_window": 90,
        }
        path = "/api/reminder/" + api(owner, clinic).post("/api/reminder", wanted).json()["reminder_id"]
    with in_clinic(clinic):
        message = Message.objects.get(dedupe_key__startswith="api_reminder")
        Message.objects.filter(pk=message.pk).update(status="sent", next_attempt_at=None)
        Attempt.objects.create(
            message=message,
            n=1,
            account_id=message.account_id,
            kind="rest",
            provider_id="SMapi",
            state="sent",
            created_at=talk.now,
        )

    def will_attend() -> Any:
        return api(owner, clinic).get(path).json()["will_attend"]

    assert react(talk, "👍", "SMapi") == ""
    assert will_attend() is None
    assert BUTTON in page(talk, browse, receptionist)
    assert press(talk, browse, receptionist) == 200
    assert will_attend() is True
    assert press(talk, browse, receptionist) == 409
