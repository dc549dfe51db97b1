"""Blocking an address: folded away, nobody answers by itself, nothing is begun to it; and back again."""

from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import consequences, gate, outbox
from messaging.models import (
    ChannelConsent,
    ConsentEvent,
    Conversation,
    ConversationEvent,
    Message,
    MessagingSettings,
)
from messaging.outbox.claiming import claim
from scheduling import contacts
from scheduling.models import ContactPoint, Hold
from tests.messaging.inboxes import a_thread, reenter
from tests.messaging.talk import MONDAY_10, Talk, settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def blocked(clinic: Clinic, receptionist: User, browse: Any) -> tuple[Talk, Any]:
    """Give a patient who was offered times and is then blocked by a member, with a poster of that member's deeds."""
    talk = Talk(clinic)
    talk.say("I need an appointment")
    pk = talk.thread.pk

    def post(path: str) -> Any:
        with time_machine.travel(talk.now, tick=False):
            return browse(receptionist).post(f"/c/{clinic.slug}/inbox/{path}", headers={"HX-Request": "true"})

    answer = post(f"{pk}/block/")
    assert "Blocked: nobody answers by itself" in answer.content.decode()
    talk.undo = answer.content.decode().split('data-undo="')[1].split('"')[0].split("/inbox/")[1]  # type: ignore[attr-defined]
    return talk, post


def test_its_questions_end_and_its_times_are_free(clinic: Clinic, blocked: Any) -> None:
    talk, _post = blocked
    assert talk.open_questions == []
    with in_clinic(clinic):
        assert not Hold.objects.exists()
        assert ConversationEvent.objects.get(kind="blocked").user is not None


def test_what_they_write_is_kept_and_nobody_answers_or_is_called(clinic: Clinic, blocked: Any) -> None:
    talk, _post = blocked
    for words in ("I need an appointment", "HELP", "person", "hola", "wrong number"):
        assert talk.say(words) == ""
    thread = talk.thread
    assert (thread.work_state, thread.put_away_at is not None, thread.waiting_since) == ("done", True, None)
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound").count() == 6


def test_a_stop_still_counts_in_silence(clinic: Clinic, blocked: Any) -> None:
    talk, _post = blocked
    assert talk.say("STOP") == ""
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(contact_point=talk.thread.contact_point).opted_out_at == talk.now


def test_it_is_in_no_list_but_its_own(clinic: Clinic, receptionist: User, browse: Any, blocked: Any) -> None:
    talk, _post = blocked
    with in_clinic(clinic):
        ContactPoint.objects.update(display_name="Spammer")
    client = browse(receptionist)
    for view in ("needs-reply", "bot", "done", "all"):
        assert (
            str(talk.thread.pk)
            not in client.get(f"/c/{clinic.slug}/inbox/list/?view={view}").content.decode()
        )
    page = client.get(f"/c/{clinic.slug}/inbox/?view=blocked").content.decode()
    assert f"/inbox/{talk.thread.pk}/" in page
    assert client.get(f"/c/{clinic.slug}/inbox/").content.decode().count("Spammer") == 0
    opened = client.get(f"/c/{clinic.slug}/inbox/{talk.thread.pk}/").content.decode()
    assert "No longer block this address" in opened
    assert "Receptionist blocked this address" in opened


@pytest.mark.parametrize(
    ("purpose", "status"), [(gate.NOTICE, "blocked"), (gate.REMINDER, "blocked"), (gate.STAFF, "queued")]
)
def test_nothing_is_begun_to_it_by_itself(clinic: Clinic, blocked: Any, purpose: str, status: str) -> None:
    talk, _post = blocked
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        settings(clinic, quiet_from="00:00", quiet_until="00:00")
    with in_clinic(clinic):
        message = outbox.queue(talk.thread, body="Come!", purpose=purpose, author="system", now=talk.now)
        assert message.status == status
        assert message.reason == ("blocked_address" if status == "blocked" else "")


def test_a_worker_sees_it_also_of_a_number_that_never_wrote(clinic: Clinic) -> None:
    """A number that staff typed has no address of any channel yet; what came back from the provider goes no more."""
    with in_clinic(clinic):
        settings(clinic, quiet_from="00:00", quiet_until="00:00")
        point = contacts.point_for_phone("+12125550166", now=MONDAY_10).contact_point
        thread = Conversation.objects.create(contact_point=point)
        text = outbox.queue(thread, body="Come!", purpose=gate.NOTICE, author="system", now=MONDAY_10)
        assert (text.status, text.channel) == ("queued", "sms")
        ContactPoint.objects.update(blocked_at=MONDAY_10)

        assert claim(now=MONDAY_10, limit=10) == ()
        text.refresh_from_db()
        assert (text.status, text.reason) == ("blocked", "blocked_address")


@pytest.mark.parametrize("way", ["undo", "unblock"])
def test_it_can_be_undone(clinic: Clinic, blocked: Any, way: str) -> None:
    talk, post = blocked
    answer = post(talk.undo if way == "undo" else f"{talk.thread.pk}/unblock/")
    assert answer.status_code == 200
    assert talk.thread.put_away_at is None
    assert talk.thread.contact_point.blocked_at is None
    assert talk.say("I need an appointment")


def test_an_undone_unblocking_blocks_again(clinic: Clinic, blocked: Any) -> None:
    talk, post = blocked
    answer = post(f"{talk.thread.pk}/unblock/").content.decode()
    post(answer.split('data-undo="')[1].split('"')[0].split("/inbox/")[1])
    assert talk.thread.contact_point.blocked_at is not None
    assert talk.thread.put_away_at is not None


def test_to_block_twice_changes_nothing(clinic: Clinic, blocked: Any) -> None:
    talk, post = blocked
    post(f"{talk.thread.pk}/block/")
    with in_clinic(clinic):
        assert ConversationEvent.objects.filter(kind="blocked").count() == 1


@pytest.mark.parametrize("code", ["21610", "40300"])
def test_a_providers_block_is_mirrored_with_its_proof_and_lifted_by_start(clinic: Clinic, code: str) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("gracias")
    with in_clinic(clinic):
        message = outbox.queue(talk.thread, body="Come!", purpose=gate.NOTICE, author="system", now=talk.now)
        consequences.follow(message, code=code, now=talk.now)
        row = ChannelConsent.objects.get(channel="sms")
        assert row.opted_out_at == talk.now
        event = ConsentEvent.objects.latest("at", "id")
        assert (event.action, event.source, event.wording, event.message_id) == (
            "opted_out",
            "provider",
            code,
            message.pk,
        )
    talk.say("START")
    with in_clinic(clinic):
        assert ChannelConsent.objects.get(channel="sms").opted_out_at is None


# ── What does not belong on WhatsApp, and the link to the privacy notice ──────────────────────────────────────────
@pytest.mark.parametrize(
    ("switch", "channel", "warned"),
    [(None, "whatsapp", True), (False, "whatsapp", False), (True, "whatsapp", True), (True, "sms", False)],
)
def test_the_composer_warns_of_health_details(
    clinic: Clinic, receptionist: User, browse: Any, switch: bool | None, channel: str, warned: bool
) -> None:
    settings(clinic, neutral_whatsapp=switch)
    with in_clinic(clinic):
        thread = a_thread(channel=channel)
    page = browse(receptionist).get(f"/c/{clinic.slug}/inbox/{thread.pk}/").content.decode()
    assert ("Leave out health details." in page) is warned


def test_the_privacy_notice_ends_the_first_automatic_answer_to_a_new_address(clinic: Clinic) -> None:
    settings(clinic, privacy_url="https://alpha.example/privacy")
    talk = Talk(clinic)
    assert talk.say("gracias") == ""
    assert talk.say("I need an appointment").endswith("How we treat your data: https://alpha.example/privacy")
    assert "privacy" not in talk.say("other")
    spanish = Talk(clinic, sender="+16465550177")
    assert spanish.say("Hola, necesito una cita").endswith(
        "Cómo tratamos sus datos: https://alpha.example/privacy"
    )


def test_without_a_notice_there_is_no_link(clinic: Clinic) -> None:
    assert "http" not in Talk(clinic).say("I need an appointment")


def test_the_settings_page_keeps_confirmations_and_privacy(clinic: Clinic, owner: User, browse: Any) -> None:
    client = browse(owner)
    page = client.get(f"/c/{clinic.slug}/settings/").content.decode()
    assert "Confirmations by SMS" in page
    fields = {"sms_enabled": "on", "sms_sender_number": "+12125550142", "sms_inbound_enabled": "on"}
    assert client.post(f"/c/{clinic.slug}/settings/confirmations/", fields).status_code == 302
    private = {"neutral_whatsapp": "on", "privacy_url": "https://alpha.example/p"}
    assert client.post(f"/c/{clinic.slug}/settings/privacy/", private).status_code == 302
    reenter(clinic)

    kept = MessagingSettings.load()
    assert (kept.sms_enabled, kept.sms_sender_number, kept.neutral_whatsapp, kept.privacy_url) == (
        True,
        "+12125550142",
        True,
        "https://alpha.example/p",
    )
    client.post(f"/c/{clinic.slug}/settings/privacy/", {"neutral_whatsapp": "", "privacy_url": ""})
    reenter(clinic)
    assert MessagingSettings.load().neutral_whatsapp is None
