"""Reactions, quotes, deletions, places, contacts and what nobody knows: each is shown, none is lost."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import reactions
from messaging.models import Author, Conversation, Message, Question, Reaction, Window
from tests.messaging.desks import desk, inside, played
from tests.messaging.hooks import new_sid, write
from tests.messaging.inboxes import a_thread, says
from tests.statements import statements

__all__ = ["desk", "inside", "played"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread_html(clinic: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of the newest thread's items, as a member sees them."""

    def read() -> str:
        with in_clinic(clinic):
            conversation = Conversation.objects.order_by("-last_message_at")[0]
        page = browse(owner).get(f"/c/{clinic.slug}/inbox/{conversation.pk}/").content.decode()
        items: str = page.split('data-part="items"')[1].split("to-latest")[0]
        return items

    return read


@pytest.fixture
def said(clinic: Clinic) -> str:
    """Let the patient say something, and return its id at the provider."""
    sid = new_sid()
    write(clinic, "Is it broken?", MessageSid=sid)
    return sid


def react(clinic: Clinic, emoji: str, target: str, **fields: str) -> Any:
    return write(clinic, emoji, MessageType="reaction", OriginalRepliedMessageSid=target, **fields)


def bubble(html: str, words: str) -> str:
    return next(part for part in html.split("<article")[1:] if words in part)


# Reactions ----------------------------------------------------------------------------------------------------


def test_a_reaction_stands_on_its_message_and_the_list_says_it(
    clinic: Clinic, owner: User, browse: Any, said: str, thread_html: Any
) -> None:
    assert react(clinic, "👍", said).status_code == 200

    html = thread_html()
    assert "👍" in bubble(html, "Is it broken?")
    assert html.count("👍") == 1
    assert "Reacted 👍" in browse(owner).get(f"/c/{clinic.slug}/inbox/list/?view=all").content.decode()


def test_the_newest_reaction_counts_and_an_empty_one_takes_it_back(
    clinic: Clinic, said: str, thread_html: Any
) -> None:
    react(clinic, "👍", said)
    react(clinic, "❤️", said)
    assert "❤️" in bubble(thread_html(), "Is it broken?")
    assert "👍" not in thread_html()

    react(clinic, "", said)
    assert "reaction" not in bubble(thread_html(), "Is it broken?").replace("bubble-reactions", "x")
    with in_clinic(clinic):
        assert Reaction.objects.get().removed_at is not None


def test_a_reaction_opens_no_window_answers_nothing_and_nobody_waits(clinic: Clinic, said: str) -> None:
    with in_clinic(clinic):
        window = Window.objects.get()
        questions, before = Question.objects.count(), Message.objects.filter(direction="outbound").count()
        Conversation.objects.update(work_state="done", waiting_since=None)
    answer = react(clinic, "👍", said)

    assert b"<Message" not in answer.content
    with in_clinic(clinic):
        assert Window.objects.get().last_inbound_at == window.last_inbound_at
        assert Conversation.objects.get().work_state == "done"
        assert Question.objects.count() == questions
        assert Message.objects.filter(direction="outbound").count() == before


def test_a_reaction_that_comes_again_is_one(clinic: Clinic, said: str) -> None:
    sid = new_sid()
    for _ in range(3):
        react(clinic, "👍", said, MessageSid=sid)
    with in_clinic(clinic):
        assert (Reaction.objects.count(), Message.objects.filter(kind="reaction").count()) == (1, 1)


def test_an_older_reaction_that_comes_late_changes_nothing(clinic: Clinic, said: str) -> None:
    now = clock.now()
    heard: list[tuple[str, str]] = []

    def listen(sender: Any, *, emoji: str, author: str, **_more: Any) -> None:
        heard.append((author, emoji))

    reactions.reacted.connect(listen)
    try:
        with in_clinic(clinic):
            message = Message.objects.get(provider_message_id=said)
            assert reactions.add(message, emoji="❤️", author=Author.PATIENT, now=now)
            assert not reactions.add(
                message, emoji="👍", author=Author.PATIENT, now=now - timedelta(minutes=1)
            )
            assert reactions.remove(message, author=Author.PATIENT, now=now + timedelta(minutes=2))
            assert not reactions.add(
                message, emoji="😂", author=Author.PATIENT, now=now + timedelta(minutes=1)
            )
            assert Reaction.objects.get().removed_at == now + timedelta(minutes=2)
    finally:
        reactions.reacted.disconnect(listen)
    assert heard == [("patient", "❤️"), ("patient", "")]


def test_a_reaction_to_what_is_not_here_stands_by_itself(clinic: Clinic, said: str, thread_html: Any) -> None:
    react(clinic, "🎉", new_sid())
    assert "Reacted 🎉" in thread_html()


def test_a_reaction_to_our_own_words_finds_them(clinic: Clinic, thread_html: Any) -> None:
    write(clinic, "I need an appointment")
    with in_clinic(clinic):
        ours = Message.objects.filter(direction="outbound").order_by("created_at")[0]
        sid = new_sid()
        ours.attempts.update(provider_id=sid)
    react(clinic, "👍", sid)
    assert "👍" in bubble(thread_html(), f'data-message="{ours.pk}"')


# Quotes and deletions -----------------------------------------------------------------------------------------


def test_an_answer_shows_what_it_answers(clinic: Clinic, said: str, thread_html: Any) -> None:
    write(clinic, "The left one", OriginalRepliedMessageSid=said)
    write(clinic, "And this", OriginalRepliedMessageSid=new_sid())

    html = thread_html()
    quote = bubble(html, "The left one").split("<blockquote")[1].split("</blockquote>")[0]
    assert "Is it broken?" in quote
    assert "A message that is not here" in bubble(html, "And this")


@pytest.mark.parametrize("kind", ["deleted", "message_deleted"])
def test_what_a_patient_takes_back_says_so_and_keeps_its_words(
    clinic: Clinic, said: str, thread_html: Any, kind: str
) -> None:
    write(clinic, "", MessageType=kind, OriginalRepliedMessageSid=said)

    shown = bubble(thread_html(), "Is it broken?")
    assert "Deleted by the patient" in shown
    with in_clinic(clinic):
        assert Message.objects.get(provider_message_id=said).deleted_at is not None


def test_a_patient_deletes_nothing_of_ours(clinic: Clinic, thread_html: Any) -> None:
    write(clinic, "I need an appointment")
    with in_clinic(clinic):
        ours = Message.objects.filter(direction="outbound").order_by("created_at")[0]
        sid = new_sid()
        ours.attempts.update(provider_id=sid)
    write(clinic, "", MessageType="deleted", OriginalRepliedMessageSid=sid)
    with in_clinic(clinic):
        ours.refresh_from_db()
    assert ours.deleted_at is None


def test_a_deletion_of_what_is_not_here_is_told(clinic: Clinic, said: str, thread_html: Any) -> None:
    write(clinic, "", MessageType="deleted")
    assert "deleted a message that is not here" in thread_html()


# Places, buttons, forwarded, unknown ----------------------------------------------------------------------------


def test_a_place_has_a_name_and_a_map(clinic: Clinic, thread_html: Any) -> None:
    write(
        clinic,
        "",
        MessageType="location",
        Latitude="40.7484",
        Longitude="-73.9857",
        Label="<b>Home</b>",
        Address="20 W 34th St",
    )
    html = thread_html()
    assert "&lt;b&gt;Home" in html
    assert "20 W 34th St" in html
    assert "query=40.748400%2C-73.985700" in html


@pytest.mark.parametrize(("latitude", "longitude"), [("91", "0"), ("x", "y"), ("nan", "1"), ("", "")])
def test_a_place_that_is_nowhere_has_no_map(
    clinic: Clinic, thread_html: Any, latitude: str, longitude: str
) -> None:
    write(clinic, "", MessageType="location", Latitude=latitude, Longitude=longitude, Label="Somewhere")
    html = thread_html()
    assert "Somewhere" in html
    assert "Open the map" not in html


def test_what_was_pressed_and_forwarded_is_said(clinic: Clinic, thread_html: Any) -> None:
    write(clinic, "See you", ButtonText="See you", ButtonPayload="x-1", MessageType="button")
    write(clinic, "Look at this", Forwarded="true")
    html = thread_html()
    assert "Chosen from the buttons" in bubble(html, "See you")
    assert "Forwarded" in bubble(html, "Look at this")


@pytest.mark.parametrize("kind", ["order", "view_once", "poll", "unknown", "ephemeral", "system"])
def test_what_nobody_knows_is_a_sentence_and_no_lost_message(
    clinic: Clinic, thread_html: Any, kind: str
) -> None:
    assert write(clinic, "", MessageType=kind).status_code == 200
    assert "Something that cannot be shown here" in thread_html()


def test_a_thread_without_any_of_it_reads_nothing_more(
    clinic: Clinic, owner: User, browse: Any, said: str
) -> None:
    with in_clinic(clinic):
        conversation = Conversation.objects.get()
    client, url = browse(owner), f"/c/{clinic.slug}/inbox/{conversation.pk}/"
    client.get(url)
    with statements() as plain:
        client.get(url, headers={"X-Pane": "thread"})
    write(clinic, "and", OriginalRepliedMessageSid=said)
    react(clinic, "👍", said)
    with statements() as more:
        client.get(url, headers={"X-Pane": "thread"})
    assert 0 < len(more) - len(plain) <= 2


# The played phone -----------------------------------------------------------------------------------------------


@pytest.fixture
def on_phone(desk: Any, inside: Clinic) -> Any:
    """Return a caller of one played phone that has been written to."""
    conversation = a_thread(body="My knee hurts")
    says(conversation, "Since when?", author="staff")
    address = conversation.contact_point.addresses.get()

    def call(path: str, **fields: Any) -> str:
        answer = desk(f"{address.pk}/{path}/", "post", **fields)
        assert answer.status_code == 200, answer.content.decode()[:400]
        return str(answer.content.decode())

    return call


def test_a_played_patient_reacts_takes_it_back_and_deletes(on_phone: Any) -> None:
    ours = Message.objects.get(body="Since when?")
    mine = Message.objects.get(body="My knee hurts")

    assert on_phone("sign", sign=f"{ours.pk} 👍").count('class="reaction">👍') == 1
    assert 'class="reaction"' not in on_phone("sign", sign=f"{ours.pk} none")
    assert "You deleted this message" in on_phone("sign", sign=f"{mine.pk} delete")
    mine.refresh_from_db()
    assert mine.deleted_at is not None


def test_a_played_patient_quotes(on_phone: Any) -> None:
    ours = Message.objects.get(body="Since when?")
    html = on_phone("send", body="Since Monday", reply_to=str(ours.pk))
    assert "Since when?" in html.split("<blockquote")[1].split("</blockquote>")[0]


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("voice", "<audio"),
        ("pdf", "lab-result.pdf"),
        ("place", "Empire State Building"),
        ("contact", "Dr. Ngozi Okoye"),
    ],
)
def test_a_played_patient_sends_samples(on_phone: Any, settings: Any, sample: str, words: str) -> None:
    assert words in on_phone("send", body="", sample=sample)


def test_a_sign_on_a_message_of_another_phone_is_refused(desk: Any, inside: Clinic) -> None:
    first, second = a_thread(body="one"), a_thread(body="two")
    message = Message.objects.get(body="two")
    address = first.contact_point.addresses.get()
    assert second.pk != first.pk
    assert desk(f"{address.pk}/sign/", "post", sign=f"{message.pk} 👍").status_code == 404
    assert desk(f"{address.pk}/sign/", "post", sign="nothing").status_code == 404
