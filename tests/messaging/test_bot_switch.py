"""The bot's switch in one thread: who may, what it changes, the line it leaves, and that typing moves it softly."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clinics import permissions
from clinics.models import Clinic, User
from clinics.permissions import Action
from medsync.lib import clock
from messaging import botswitch
from messaging.botswitch import Switch
from messaging.facts import forget_facts
from messaging.models import BotMode, Conversation, ConversationEvent, MessagingSettings
from tests.messaging.inboxes import a_thread, reenter

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def act(inside: Clinic, receptionist: User, browse: Any) -> Any:
    """Return an actor: the receptionist posts something to the inbox."""
    client: Client = browse(receptionist)

    def post(path: str, **data: str) -> Any:
        response = client.post(f"/c/{inside.slug}/inbox/{path}", data, headers=HTMX)
        reenter(inside)
        return response

    return post


def events(thread: Conversation) -> list[str]:
    found = ConversationEvent.objects.filter(conversation=thread).order_by("created_at", "id")
    return [event.kind for event in found]


def test_the_bot_is_paused_switched_off_and_on_again_in_one_thread(act: Any) -> None:
    thread, other = a_thread(), a_thread("Other Person")

    paused = act(f"{thread.id}/bot/", bot="paused").content.decode()
    thread.refresh_from_db()
    until = thread.bot_paused_until
    assert "Paused 29 min" in paused or "Paused 30 min" in paused
    assert until is not None
    assert timedelta(minutes=29) < until - clock.now() <= timedelta(minutes=30)

    off = act(f"{thread.id}/bot/", bot="off").content.decode()
    thread.refresh_from_db()
    assert (thread.bot_off, thread.bot_paused_until) == (True, None)
    assert "Off for Rosa" in off

    act(f"{thread.id}/bot/", bot="paused")
    thread.refresh_from_db()
    assert not thread.bot_off  # when the pause ends the bot is on, whatever it was before

    act(f"{thread.id}/bot/", bot="on")
    thread.refresh_from_db()
    other.refresh_from_db()
    assert (thread.bot_off, thread.bot_paused_until) == (False, None)
    assert events(thread) == ["bot_paused", "bot_off", "bot_paused", "bot_on"]
    assert (other.bot_off, other.version, events(other)) == (False, 1, [])


def test_each_change_stands_between_the_messages_with_who_made_it(act: Any, receptionist: User) -> None:
    thread = a_thread()

    html = act(f"{thread.id}/bot/", bot="off").content.decode()

    assert f"{receptionist.get_short_name()} switched the bot off here" in html
    event = ConversationEvent.objects.get(conversation=thread)
    assert event.user_id == receptionist.pk
    assert event.before == {"bot_off": False, "bot_paused_until": None}


def test_what_stands_already_is_not_done_again(act: Any) -> None:
    thread = a_thread()

    act(f"{thread.id}/bot/", bot="on")
    act(f"{thread.id}/bot/", bot="off")
    act(f"{thread.id}/bot/", bot="off")

    assert events(thread) == ["bot_off"]


def test_an_unknown_choice_leaves_the_bot_as_it_is(act: Any) -> None:
    thread = a_thread()

    assert act(f"{thread.id}/bot/", bot="loud").status_code == 400
    thread.refresh_from_db()
    assert (thread.bot_off, thread.bot_paused_until, thread.version) == (False, None, 1)


def test_typing_pauses_once_and_leaves_one_line(act: Any, receptionist: User) -> None:
    thread = a_thread()

    for _ in range(3):
        assert act(f"{thread.id}/typing/").status_code == 204

    thread.refresh_from_db()
    assert thread.bot_paused_until is not None
    assert thread.version == 2
    assert events(thread) == ["bot_paused"]
    html = act(f"{thread.id}/bot/", bot="paused").content.decode()
    assert f"Bot paused for 30 min: {receptionist.get_short_name()} is writing" in html


def test_two_who_begin_to_write_at_once_leave_one_line(
    inside: Clinic, owner: User, receptionist: User
) -> None:
    thread, now = a_thread(), clock.now()
    stale = Conversation.objects.get(pk=thread.pk)  # as the second of them read it

    assert botswitch.pause_for_typing(thread, by=owner, now=now)
    assert not botswitch.pause_for_typing(stale, by=receptionist, now=now)

    assert events(thread) == ["bot_paused"]


def test_typing_does_not_switch_on_what_was_switched_off(inside: Clinic, owner: User) -> None:
    thread, now = a_thread(), clock.now()
    botswitch.turn(thread, to=Switch.OFF, by=owner, now=now)

    assert not botswitch.pause_for_typing(thread, by=owner, now=now)

    thread.refresh_from_db()
    assert (thread.bot_off, thread.bot_paused_until) == (True, None)


def test_typing_after_a_pause_pauses_anew(inside: Clinic, owner: User) -> None:
    thread, now = a_thread(), clock.now()
    botswitch.pause_for_typing(thread, by=owner, now=now)

    assert botswitch.pause_for_typing(thread, by=owner, now=now + timedelta(minutes=31))


def test_where_only_staff_answer_typing_leaves_no_line(inside: Clinic, owner: User) -> None:
    MessagingSettings.objects.update_or_create(
        pk=1, defaults={"bot_inside_hours": BotMode.STAFF_ONLY, "bot_outside_hours": BotMode.STAFF_ONLY}
    )
    forget_facts()
    thread = a_thread()

    assert not botswitch.pause_for_typing(thread, by=owner, now=clock.now())
    assert events(thread) == []


def test_who_may_not_work_here_moves_no_switch(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = a_thread()
    monkeypatch.setitem(permissions.ALLOWED, Action.WORK, frozenset({"owner"}))

    assert act(f"{thread.id}/bot/", bot="off").status_code == 404
    assert act(f"{thread.id}/typing/").status_code == 404
    assert events(thread) == []


def test_the_switch_is_one_radio_group_with_one_way_in(act: Any) -> None:
    html = act(f"{a_thread().id}/bot/", bot="paused").content.decode()

    control = html[html.index('role="radiogroup"') : html.index("</form>", html.index('role="radiogroup"'))]
    assert control.count('role="radio"') == 3
    assert control.count('aria-checked="true"') == control.count('tabindex="0"') == 1
