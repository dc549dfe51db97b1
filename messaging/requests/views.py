"""The Requests screen: translate, read, render; and what members answer there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action
from medsync.lib import clock
from messaging import foretelling
from messaging.requests import decisions, queries, screens
from messaging.requests.day import day
from messaging.requests.decisions import Outcome
from messaging.requests.words import words
from scheduling.models import Appointment, Status


@require_GET
def page(request: ClinicRequest) -> HttpResponse:
    """Show the queue, with the one that runs out first beside it."""
    return _page(request, None)


@require_GET
def one(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Show a request: the whole page, its pane, or (for a re-read) the page's parts."""
    appointment = _found(appointment_id)
    if request.headers.get("X-Pane") == "decision":
        return render(request, "messaging/requests_decision.html", _decision(request, appointment))
    if request.headers.get("HX-Request"):
        return update(request, appointment)
    return _page(request, appointment)


@require_GET
def listing(request: ClinicRequest) -> HttpResponse:
    """Answer the list anew, for a page on which nothing is open."""
    return render(request, "messaging/requests_update.html", _list(request, None))


@require_GET
def words_fragment(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Answer what a card reads on its own: the look at the calendar, and two of its texts."""
    appointment, now = _found(appointment_id), clock.now()
    if appointment.status != Status.PENDING_REVIEW:
        return HttpResponse(status=204)  # the re-read that follows a decision replaces the card
    return render(request, "messaging/requests_words.html", {"words": words(appointment, now=now)})


@require_POST
@may(Action.DECIDE)
def accept(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Accept a request."""
    appointment = _found(appointment_id)
    return _answer(request, appointment, decisions.accept(appointment, user=request.user, now=clock.now()))


@require_POST
@may(Action.DECIDE)
def decline(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Decline a request, with a word for the patient if there is one."""
    appointment = _found(appointment_id)
    reason = decisions.reason_from(request.POST, appointment)
    outcome = decisions.decline(appointment, reason=reason, user=request.user, now=clock.now())
    return _answer(request, appointment, outcome)


@require_POST
@may(Action.DECIDE)
def offer(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Offer other times instead."""
    appointment = _found(appointment_id)
    slots = decisions.slots_from(request.POST, appointment)
    outcome = decisions.offer(appointment, slots=slots, user=request.user, now=clock.now())
    return _answer(request, appointment, outcome)


@require_POST
@may(Action.DECIDE)
def decline_text(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Answer word for word what the patient would get with this reason. POST, for it carries words."""
    appointment = _found(appointment_id)
    reason = decisions.reason_from(request.POST, appointment)
    text = foretelling.preview(appointment, "reject", clock.now(), reason=reason)
    return _text(request, appointment, "decline", text)


@require_POST
@may(Action.DECIDE)
def offer_text(request: ClinicRequest, appointment_id: UUID) -> HttpResponse:
    """Answer word for word what the patient would get with these times."""
    appointment = _found(appointment_id)
    slots = decisions.slots_from(request.POST, appointment)
    text = foretelling.preview_counter(appointment, slots, clock.now())
    return _text(request, appointment, "offer", text, chosen=len(slots))


def _text(
    request: ClinicRequest, appointment: Appointment, answer: str, text: str, *, chosen: int | None = None
) -> HttpResponse:
    context = {"id": appointment.pk, "answer": answer, "text": text, "count": chosen}
    return render(request, "messaging/requests_text.html", context)


def update(
    request: ClinicRequest, appointment: Appointment, *, toast: str = "", status: int = 200
) -> HttpResponse:
    """Answer the parts of the page that a re-read merges, with a sentence on what was refused, if anything was."""
    context = _list(request, appointment.pk) | _decision(request, appointment) | {"toast": toast}
    return render(request, "messaging/requests_update.html", context, status=status)


def _answer(request: ClinicRequest, appointment: Appointment, outcome: Outcome) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("requests:one", appointment.pk)
    return update(request, _found(appointment.pk), toast=outcome.said, status=outcome.status)


def _found(appointment_id: UUID) -> Appointment:
    appointment = queries.request(appointment_id)
    if appointment is None:
        raise Http404
    return appointment


def _page(request: ClinicRequest, appointment: Appointment | None) -> HttpResponse:
    context = _list(request, appointment.pk if appointment else None, or_first=True)
    shown = appointment or context["first"]
    if shown is not None:
        context |= _decision(request, shown)
    return render(request, "messaging/requests.html", context | {"opened": appointment is not None})


def _list(request: ClinicRequest, selected: UUID | None, *, or_first: bool = False) -> dict[str, Any]:
    now = clock.now()
    queue = queries.queue(now=now)
    first = queue.waiting[0] if queue.waiting and or_first and selected is None else None
    chosen = first.pk if first else selected
    shown = screens.listed(queue, clinic=request.clinic, user=request.user, selected=chosen, now=now)
    return {"page": shown, "here": "requests", "first": first}


def _decision(request: ClinicRequest, appointment: Appointment) -> dict[str, Any]:
    now = clock.now()
    seen = queries.around(appointment, now=now)
    return {
        "decision": screens.decision(
            seen,
            clinic=request.clinic,
            user=request.user,
            preview=lambda asked: foretelling.preview(asked, "accept", now),
            now=now,
        ),
        "day": day(seen, clinic=request.clinic, now=now),
    }
