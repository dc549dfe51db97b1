"""What members do with threads as work: done, snooze, assign, for one or many; and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.models import User
from clinics.permissions import Action
from medsync.lib import clock
from medsync.lib.ids import new_id
from messaging import blocking, conversations, snoozing, times, undoing
from messaging.facts import facts
from messaging.history import MOST_AT_ONCE, ChangedByColleague, ChangedMeanwhile, Many
from messaging.inbox import chosen, deed_menus, listing
from messaging.inbox.answering import answer, conversation_of
from messaging.models import Conversation
from messaging.snoozing import NotInThePast


@require_POST
@may(Action.WORK)
def done(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Close the thread until somebody writes again."""
    said = _("Done. A new message brings it back.")
    return _do(request, conversation_id, conversations.done, said, seen=chosen.seen(request))


@require_POST
@may(Action.WORK)
def no_reply(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Say that the last message wants no answer."""
    said = _("No reply needed. A new message brings it back.")
    return _do(request, conversation_id, conversations.no_reply_needed, said, seen=chosen.seen(request))


@require_POST
@may(Action.WORK)
def reopen(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Put the thread back among those that need a reply."""
    return _do(request, conversation_id, conversations.reopen, _("Needs a reply again."))


@require_POST
@may(Action.WORK)
def block(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Block the person of the thread: no automatic answers, folded away."""
    said = _("Blocked: nobody answers by itself, and the thread is folded away.")
    return _do(request, conversation_id, blocking.block, said)


@require_POST
@may(Action.WORK)
def unblock(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Let the person of the thread be answered again."""
    return _do(request, conversation_id, blocking.unblock, _("No longer blocked."))


@require_POST
@may(Action.WORK)
def snooze(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Take the thread out of sight until a time."""
    until = chosen.until(request)
    if until is None:
        return _not_then(request, conversation_id)
    try:
        return _do(
            request,
            conversation_id,
            snoozing.snooze,
            _snoozed(request, until),
            seen=chosen.seen(request),
            until=until,
        )
    except NotInThePast:
        return _not_then(request, conversation_id)


@require_POST
@may(Action.WORK)
def assign(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Give the thread to a member, or to nobody."""
    try:
        to = chosen.member(request)
    except chosen.Refused as refused:
        return answer(request, conversation_id, toast=str(refused), status=409)
    seen = replace(chosen.seen(request), message=None)  # who has a thread is no matter of what was said in it
    return _do(request, conversation_id, conversations.assign, _given(request, to), seen=seen, to=to)


@require_POST
@may(Action.WORK)
def many(request: ClinicRequest) -> HttpResponse:
    """Do one thing with many threads: `deed` is done, snooze or assign; `thread` is an id and what stood there, often.

    400 for more than 100 or for what is no such list, 404 when one of them is not this clinic's.
    """
    stamps = chosen.stamps(request)
    deeds: dict[str, Callable[[ClinicRequest, dict[UUID, str], UUID], tuple[Many, str]]] = {
        "done": _done_many,
        "snooze": _snooze_many,
        "assign": _assign_many,
    }
    deed = deeds.get(request.POST.get("deed", ""))
    if deed is None or not stamps or len(stamps) > MOST_AT_ONCE:
        return HttpResponseBadRequest()
    if Conversation.objects.filter(pk__in=stamps).count() != len(stamps):
        raise Http404
    batch = new_id()
    try:
        result, said = deed(request, stamps, batch)
    except (chosen.Refused, NotInThePast) as error:
        return _say(request, str(error) or _no_such_time(), status=409)
    n = len(result.changed)
    bits = [said] if n else []
    if result.skipped:
        bits.append(
            ngettext(
                "%(n)d thread was left as it is: it has changed meanwhile.",
                "%(n)d threads were left as they are: they have changed meanwhile.",
                result.skipped,
            )
            % {"n": result.skipped}
        )
    return _say(
        request,
        " ".join(bits) or _("Nothing to change there."),
        undo=batch if n else None,
        status=200 if n or not result.skipped else 409,
    )


def _done_many(request: ClinicRequest, stamps: dict[UUID, str], batch: UUID) -> tuple[Many, str]:
    result = conversations.done_many(stamps, by=request.user, now=clock.now(), batch=batch)
    n = len(result.changed)
    return result, ngettext("%(n)d thread done.", "%(n)d threads done.", n) % {"n": n}


def _snooze_many(request: ClinicRequest, stamps: dict[UUID, str], batch: UUID) -> tuple[Many, str]:
    until = chosen.until(request)
    if until is None:
        raise NotInThePast
    result = snoozing.snooze_many(stamps, until=until, by=request.user, now=clock.now(), batch=batch)
    n = len(result.changed)
    words = ngettext("%(n)d thread snoozed until %(time)s.", "%(n)d threads snoozed until %(time)s.", n)
    return result, words % {"n": n, "time": times.until(until, request.clinic.zone, now=clock.now())}


def _assign_many(request: ClinicRequest, stamps: dict[UUID, str], batch: UUID) -> tuple[Many, str]:
    to = chosen.member(request)
    result = conversations.assign_many(stamps, to=to, by=request.user, now=clock.now(), batch=batch)
    n = len(result.changed)
    if to is None:
        return result, ngettext("%(n)d thread is nobody’s now.", "%(n)d threads are nobody’s now.", n) % {
            "n": n
        }
    words = ngettext("%(name)s has %(n)d thread more.", "%(name)s has %(n)d threads more.", n)
    return result, words % {"n": n, "name": to.get_short_name()}


@require_GET
@may(Action.WORK)
def undo_list(request: ClinicRequest) -> HttpResponse:
    """Answer what this member did last and can still take back."""
    now = clock.now()
    found = undoing.deeds(request.user, now=now)
    named = listing.named(deed.first for deed in found if deed.threads == 1)
    shown = deed_menus.deeds(found, named, clinic=request.clinic, now=now)
    return render(request, "messaging/undo_list.html", {"deeds": shown})


@require_POST
@may(Action.WORK)
def undo(request: ClinicRequest, batch: UUID) -> HttpResponse:
    """Take back one deed, of however many threads; what has changed since stays as it is."""
    try:
        back, stayed = undoing.undo(batch, by=request.user, now=clock.now())
    except ChangedMeanwhile:
        return _say(request, _("It has changed meanwhile, so it stays as it is."), status=409)
    if stayed:
        words = ngettext(
            "%(n)d thread is as it was; the others have changed meanwhile.",
            "%(n)d threads are as they were; the others have changed meanwhile.",
            len(back),
        )
        return _say(request, words % {"n": len(back)})
    return _say(request, _("Taken back."))


@require_GET
@may(Action.WORK)
def snooze_menu(request: ClinicRequest) -> HttpResponse:
    """Answer the times to which a thread may be snoozed now, in the clinic's time."""
    now, zone = clock.now(), request.clinic.zone
    found = snoozing.presets(zone, opens_at=facts().opens_after(now), now=now)
    return render(
        request, "messaging/menu_snooze.html", deed_menus.snooze_menu(found, clinic=request.clinic, now=now)
    )


@require_GET
@may(Action.WORK)
def assign_menu(request: ClinicRequest) -> HttpResponse:
    """Answer the members to whom a thread may be given, oneself first."""
    return render(request, "messaging/menu_assign.html", deed_menus.assign_menu(request.clinic, request.user))


def _do(
    request: ClinicRequest, conversation_id: UUID, deed: Callable[..., bool], said: str, **wanted: Any
) -> HttpResponse:
    """Do it, and say so with a way back; 409 when somebody wrote or did what the member has not seen."""
    conversation, batch = conversation_of(conversation_id), new_id()
    try:
        changed = deed(conversation, by=request.user, now=clock.now(), batch=batch, **wanted)
    except ChangedByColleague as changed:
        toast = _("%(name)s has changed this thread meanwhile. Look at it first.")
        toast %= {"name": changed.colleague.get_short_name()}
        return answer(request, conversation_id, toast=toast, status=409)
    except ChangedMeanwhile:
        toast = _("The patient has written meanwhile. Look at it first.")
        return answer(request, conversation_id, toast=toast, status=409)
    undo = reverse("inbox:undo", args=[batch]) if changed else ""  # what was so before is not taken back
    return answer(request, conversation_id, toast=said, undo=undo)


def _say(request: ClinicRequest, said: str, *, undo: UUID | None = None, status: int = 200) -> HttpResponse:
    """Answer a sentence, with a way back if there is one; the page reads again what has changed."""
    if not request.headers.get("HX-Request"):
        return redirect("inbox:page")
    way = reverse("inbox:undo", args=[undo]) if undo else ""
    return render(request, "messaging/said.html", {"toast": said, "undo": way}, status=status)


def _not_then(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    return answer(request, conversation_id, toast=_no_such_time(), status=409)


def _no_such_time() -> str:
    return _("Choose a time that is still to come, within a year.")


def _snoozed(request: ClinicRequest, until: datetime) -> str:
    time = times.until(until, request.clinic.zone, now=clock.now())
    return _("Snoozed until %(time)s. A new message brings it back sooner.") % {"time": time}


def _given(request: ClinicRequest, to: User | None) -> str:
    if to is None:
        return _("Nobody has it now.")
    return (
        _("You have it.")
        if to.pk == request.user.pk
        else _("%(name)s has it.") % {"name": to.get_short_name()}
    )
