"""The Requests screen: who stands on it, what it says before a decision, who may decide, and what that answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinics import permissions
from clinics.models import Clinic, User
from clinics.permissions import Action
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import foretelling
from messaging.facts import facts
from messaging.models import ChannelConsent, Message, Question
from messaging.requests import queries, screens
from messaging.requests.day import day
from messaging.requests.decisions import slot_value
from scheduling import operations
from scheduling.looking import look
from scheduling.models import Appointment, Hold, Patient, TimeOff
from scheduling.queries import free_slots, spread
from tests.messaging.inboxes import HOUR, a_request, a_thread, reenter

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a reader of the screen's pages."""

    def read(path: str = "", user: User | None = owner, **headers: str) -> Any:
        response = browse(user).get(f"/c/{inside.slug}/requests/{path}", headers=headers)
        reenter(inside)
        return response

    return read


@pytest.fixture
def act(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a poster of decisions, as the screen posts them."""

    def post(path: str, user: User | None = owner, **fields: Any) -> Any:
        url = f"/c/{inside.slug}/requests/{path}"
        response = browse(user).post(url, fields, headers={"HX-Request": "true"})
        reenter(inside)
        return response

    return post


def text(response: Any) -> str:
    return response.content.decode()


def a_voice_request(name: str = "Oliver Brandt") -> Appointment:
    """Ask for a time for a patient without any number, as the voice agent does."""
    now = clock.now()
    slot = free_slots(from_date=(now + 72 * HOUR).date(), days=10, now=now)[0]
    return operations.request(
        Patient.objects.create(name=name),
        type=slot.type_id,
        starts_at=slot.starts_at,
        practitioner=slot.practitioner_id,
        source="voice",
        now=now,
    )


def three(request: Appointment) -> list[str]:
    """Return three other times as the page posts them."""
    return [slot_value(slot) for slot in spread(look(request, now=clock.now()).free, 3, zone=request.zone)]


def test_who_runs_out_first_stands_first_and_what_was_decided_below(get: Any, owner: User) -> None:
    late, soon, gone = (a_request(a_thread(name)) for name in ("Late Person", "Soon Person", "Gone Person"))
    now = clock.now()
    Appointment.objects.filter(pk=late.pk).update(respond_by=now + 5 * HOUR)
    Appointment.objects.filter(pk=soon.pk).update(respond_by=now + timedelta(minutes=22))
    operations.accept(gone, by=owner, now=now)

    html = text(get())

    places = [html.index(name) for name in ("Soon Person", "Late Person", "Just decided", "Gone Person")]
    assert places == sorted(places)
    assert "22 m left" in html or "21 m left" in html
    assert "Accepted by you" in html
    assert f'data-decision="{soon.pk}"' in html


def test_an_empty_queue_says_what_is_so(get: Any) -> None:
    html = text(get())
    assert "No request waits" in html
    assert "Nothing to decide" in html


def test_a_request_shows_what_it_takes_to_decide(get: Any) -> None:
    thread = a_thread("María del Carmen Fernández-Villavicencio y Ortiz de la Vega", body="<b>una cita</b>")
    request = a_request(thread)

    html = text(get(f"{request.pk}/"))

    assert "María del Carmen Fernández-Villavicencio y Ortiz de la Vega" in html
    assert "&lt;b&gt;una cita&lt;/b&gt;" in html
    assert "Free, checked now" in html
    assert "No other visit that day" in html
    assert foretelling.preview(request, "accept", clock.now()).split("\n")[0] in html
    assert "is-request" in html
    assert "Runs out" in html


def test_the_card_reads_its_other_words_on_its_own(get: Any) -> None:
    request = a_request(a_thread())

    html = text(get(f"{request.pk}/words/", **{"HX-Request": "true"}))

    assert "Would another time suit you?" in html
    assert "cannot see you on" in html
    assert html.count('name="slot"') > 3
    assert html.count(" checked>") == 3
    assert "Offer these 3" in html


def test_a_doctor_who_is_away_turns_accept_off(get: Any, act: Any, inside: Clinic) -> None:
    request = a_request(a_thread())
    TimeOff.objects.create(
        practitioner=request.practitioner,
        starts_at=request.starts_at - HOUR,
        ends_at=request.starts_at + HOUR,
    )

    html = text(get(f"{request.pk}/"))
    refused = act(f"{request.pk}/accept/")

    assert "is away then. Accept is off" in html
    assert 'aria-disabled="true"' in html
    assert refused.status_code == 409
    assert "is away then" in text(refused)
    request.refresh_from_db()
    assert request.status == "pending_review"


def test_accepting_answers_the_screen_and_tells_the_patient(act: Any, owner: User) -> None:
    request = a_request(a_thread())

    response = act(f"{request.pk}/accept/")

    request.refresh_from_db()
    assert response.status_code == 200
    assert "Accepted by you" in text(response)
    assert 'data-part="requests-rows"' in text(response)
    assert (request.status, request.decided_by_id) == ("confirmed", owner.pk)
    assert Message.objects.get(appointment=request, direction="outbound").status == "queued"


def test_a_chosen_reason_and_own_words_reach_the_patient_as_previewed(act: Any) -> None:
    request = a_request(a_thread())
    Patient.objects.filter(pk=request.patient_id).update(preferred_language="es")
    fields = {"why": "reason_longer", "reason": "Le llamamos hoy"}

    shown = text(act(f"{request.pk}/decline/text/", **fields))
    act(f"{request.pk}/decline/", **fields)

    told = Message.objects.get(appointment=request, direction="outbound").body
    for words in ("Este tipo de cita necesita más tiempo. Le llamamos hoy.", "Lo sentimos"):
        assert words in shown
        assert words in told
    request.refresh_from_db()
    assert request.cancellation == "rejected"


def test_offering_other_times_holds_them_and_asks_the_patient(act: Any, get: Any) -> None:
    request = a_request(a_thread())
    slots = three(request)

    shown = text(act(f"{request.pk}/offer/text/", slot=slots[:2]))
    response = act(f"{request.pk}/offer/", slot=slots)

    assert "Offer these 2" in shown
    assert response.status_code == 200
    assert "Patient chooses" in text(response)
    assert "Other times offered" in text(response)
    assert Hold.objects.filter(purpose="counter").count() == 3
    assert Question.objects.get(closed_at=None).context["counter"] == str(request.pk)
    told = Message.objects.get(direction="outbound", appointment=request).body
    assert told.count("\n1. ") == 1
    assert "The patient chooses from these" in text(get(f"{request.pk}/words/", **{"HX-Request": "true"}))


@pytest.mark.parametrize(
    "slots",
    [[], ["no time"], ["2026-11-24T10:00|x|y"], ["\x00|\x00|\x00"]],
    ids=["none", "words", "naive", "nul"],
)
def test_an_offer_without_times_is_refused_in_words(act: Any, slots: list[str]) -> None:
    request = a_request(a_thread())

    response = act(f"{request.pk}/offer/", slot=slots)

    assert response.status_code == 409
    assert "Choose one to three times first." in text(response)
    assert not Hold.objects.filter(purpose="counter").exists()


def test_nothing_is_offered_that_the_patient_could_not_be_told(act: Any) -> None:
    thread = a_thread(heard=25 * HOUR)
    ChannelConsent.objects.create(contact_point=thread.contact_point, channel="sms", care=False)
    request = a_request(thread)

    response = act(f"{request.pk}/offer/", slot=three(request))

    assert response.status_code == 409
    assert "24-hour window is closed" in text(response)
    assert not Hold.objects.filter(purpose="counter").exists()


def test_a_request_without_a_number_is_decided_here_too(act: Any, get: Any) -> None:
    request = a_voice_request()

    html = text(get(f"{request.pk}/"))
    offered = act(f"{request.pk}/offer/", slot=three(request))
    accepted = act(f"{request.pk}/accept/")

    assert "Oliver Brandt" in html
    assert "asked by phone" in html
    assert "tell the patient by phone" in html
    assert "Nothing is sent: the patient cannot be reached here." in html
    assert offered.status_code == 409
    assert accepted.status_code == 200
    request.refresh_from_db()
    assert request.status == "confirmed"
    assert not Message.objects.exists()


def test_the_second_member_hears_who_was_faster(act: Any, receptionist: User) -> None:
    request = a_request(a_thread())
    act(f"{request.pk}/accept/", user=receptionist)

    answers = [
        act(f"{request.pk}/accept/"),
        act(f"{request.pk}/decline/"),
        act(f"{request.pk}/offer/", slot=three(request)),
    ]

    for response in answers:
        assert response.status_code == 409
        assert f"Accepted by {receptionist.get_short_name()}" in text(response)
    assert Message.objects.filter(appointment=request, direction="outbound").count() == 1


def deeds(request: Appointment) -> list[str]:
    return [f"{request.pk}/{deed}/" for deed in ("accept", "decline", "offer", "decline/text", "offer/text")]


def test_strangers_and_other_clinics_see_and_decide_nothing(
    act: Any, get: Any, stranger: User, other_owner: User, other_clinic: Clinic
) -> None:
    request = a_request(a_thread())
    for user in (stranger, other_owner):
        assert get("", user=user).status_code == 404
        assert get(f"{request.pk}/", user=user).status_code == 404
        assert {act(path, user=user).status_code for path in deeds(request)} == {404}
    assert {act(path, user=None).status_code for path in deeds(request)} == {302}
    request.refresh_from_db()
    assert request.status == "pending_review"


def test_another_clinics_request_is_not_here(act: Any, get: Any, other_clinic: Clinic) -> None:
    with in_clinic(other_clinic):
        request = a_request(a_thread())

    assert get(f"{request.pk}/").status_code == 404
    assert get(f"{request.pk}/words/").status_code == 404
    assert {act(path).status_code for path in deeds(request)} == {404}
    assert get(f"{uuid4()}/").status_code == 404


def test_a_member_without_the_right_sees_no_button_and_is_refused(
    act: Any, get: Any, receptionist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request(a_thread())
    monkeypatch.setitem(permissions.ALLOWED, Action.DECIDE, frozenset({"owner"}))

    html = text(get(f"{request.pk}/", user=receptionist))

    assert "data-accept" not in html
    assert "Somebody who may accept requests decides this one." in html
    assert {act(path, user=receptionist).status_code for path in deeds(request)} == {403}


def test_decisions_want_post_and_a_csrf_token(inside: Clinic, owner: User) -> None:
    request = a_request(a_thread())
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for path in deeds(request):
        assert client.get(f"/c/{inside.slug}/requests/{path}").status_code == 405
        assert client.post(f"/c/{inside.slug}/requests/{path}").status_code == 403


def test_without_scripts_a_decision_comes_back_to_the_request(
    inside: Clinic, owner: User, browse: Any
) -> None:
    request = a_request(a_thread())
    response = browse(owner).post(f"/c/{inside.slug}/requests/{request.pk}/accept/")
    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"/requests/{request.pk}/")


@pytest.mark.parametrize("waiting", [1, 12])
def test_the_screen_costs_ten_statements_at_any_size(
    inside: Clinic, owner: User, waiting: int, settings: Any
) -> None:
    settings.ROOT_URLCONF = "medsync.clinic_urls"  # as inside a request
    for n in range(waiting):
        request = a_request(a_thread(f"Person {n}"))
    now = clock.now()
    facts()  # known in a process that works
    permissions.role_of(owner, inside)  # read with the clinic, before any page

    with CaptureQueriesContext(connection) as seen:
        queue = queries.queue(now=now)
        screens.listed(queue, clinic=inside, user=owner, selected=request.pk, now=now)
        around = queries.around(queue.waiting[0], now=now)
        screens.decision(
            around,
            clinic=inside,
            user=owner,
            preview=lambda asked: foretelling.preview(asked, "accept", now),
            now=now,
        )
        day(around, clinic=inside, now=now)

    assert len(seen) <= 10, "\n".join(q["sql"][q["sql"].find(" FROM ") :][:80] for q in seen)


def test_a_hundred_requests_are_listed_and_more_are_announced(
    get: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "LISTED", 3)
    for n in range(5):
        a_request(a_thread(f"Person {n}"))

    html = text(get())

    assert html.count('class="req-row"') == 3
    assert "More wait." in html


def test_the_rail_leads_to_the_screen(get: Any, inside: Clinic) -> None:
    a_request(a_thread())
    html = text(get())
    assert f'href="/c/{inside.slug}/requests/"' in html
    assert 'data-view="requests" aria-current="page"' in html


def test_a_thread_offers_other_times_too(inside: Clinic, owner: User, browse: Any) -> None:
    thread = a_thread()
    request = a_request(thread)
    url = f"/c/{inside.slug}/inbox/requests/{request.pk}/offer/"

    response = browse(owner).post(url, {"slot": three(request)}, headers={"HX-Request": "true"})
    reenter(inside)

    assert response.status_code == 200
    assert "Patient chooses" in text(response)
    assert "Would another time suit you?" in text(response)
