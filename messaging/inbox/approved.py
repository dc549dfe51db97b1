"""Approved texts in a thread: choosing one, sending it, and the reply that waits for the patient's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinics.access import ClinicRequest, may
from clinics.permissions import Action, can
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import gate, outbox, times
from messaging.approved import choosing, holding, offering, saying, words, writing
from messaging.approved.starter import KNOCK, MARKETING
from messaging.inbox import parts, queries
from messaging.inbox.answering import answer, conversation_of
from messaging.inbox.requesting import client_id, revision, sender
from messaging.language import LANGUAGES
from messaging.models import ContentTemplate, Conversation
from messaging.outbox import replying

_VARIABLE = re.compile(r"(\{\{\d+\}\})")
#: So many texts are seen at a glance: there is nothing to narrow.
_FEW = 6


@dataclass(frozen=True, slots=True)
class Field:
    """A variable to fill; `n` is its number."""

    n: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the preview: words, or a variable by its number."""

    text: str = ""
    n: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A text in the picker."""

    id: UUID
    name: str
    language: str
    standing: words.Standing
    note: str
    category: str
    cost: str
    fields: list[Field]
    pieces: list[Piece]
    buttons: list[str]
    is_knock: bool
    mine: bool  # in the patient's language
    purpose: tuple[str, str]  # key and words
    search: str


@require_GET
@may(Action.WORK)
def choices(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Answer the approved texts as this patient would read them."""
    conversation, now = conversation_of(conversation_id), clock.now()
    accounts = [account.pk for account in writing.accounts()]
    found, language = offering.offered(conversation, clinic=request.clinic, account_ids=accounts, now=now)
    people = queries.people_of([conversation.contact_point_id]).get(conversation.contact_point_id, [])
    called = people[0].call_name if len(people) == 1 else ""
    name = called or parts.short_name(conversation.contact_point, people, request.clinic.country)
    shown = [_choice(one, language) for one in found]
    context = {
        "choices": shown,
        **_filters(shown),
        "language": LANGUAGES.get(language, ""),
        "name": name,
        "send_url": reverse("inbox:send-approved", args=[conversation_id]),
        "manages": can(request.user, request.clinic, Action.MANAGE_SETTINGS),
        "has_accounts": bool(accounts),
        "days": holding.KEPT_FOR.days,
    }
    return render(request, "messaging/approved_choices.html", context)


@require_POST
@may(Action.WORK)
def send(request: ClinicRequest, conversation_id: UUID) -> HttpResponse:
    """Queue an approved text, with the member's own words to follow it. 409 with a sentence when it may not go."""
    conversation, now = conversation_of(conversation_id), clock.now()
    template_id = id_in(request.POST.get("template", ""))
    template = offering.template_of(template_id) if template_id else None
    if template is None:
        return _refused(request, conversation, _("This text is not there any more. Choose another one."))
    try:
        saying.say(
            conversation,
            template=template,
            values=offering.by_number(template, dict(_numbers(request))),
            user=request.user,
            hold=request.POST.get("hold", ""),
            client_message_id=client_id(request),
            after_message_id=(
                None if request.POST.get("anyway") else id_in(request.POST.get("after_message_id", ""))
            ),
            sender=sender(request),
            draft=revision(request),
            now=now,
        )
    except saying.NotApproved:
        return _refused(request, conversation, _("WhatsApp does not take this text now. Choose another one."))
    except saying.ValueMissing as error:
        names = ", ".join(words.label_of(name) for name in error.names)
        return _refused(
            request, conversation, _("%(names)s: fill it in first.") % {"names": names}, code=error.code
        )
    except holding.HeldAlready:
        text = _("A reply waits in this thread already. Change that one, or drop it.")
        return _refused(request, conversation, text)
    except replying.AnsweredMeanwhile as error:
        text = _("%(name)s answered %(ago)s. Look at the thread first, then send it again.") % {
            "name": error.by.get_short_name(),
            "ago": times.ago(now - error.at),
        }
        return _refused(request, conversation, text)
    except replying.GateRefused as error:
        return _refused(request, conversation, f"{error.detail}. {error.remedy}")
    except replying.BodyRefused as error:
        return _refused(request, conversation, ". ".join(gate.sentences(error.code, "")))
    except outbox.KeyReused:
        text = _("This text went out already in other words. Look at the thread, then send it again.")
        return _refused(request, conversation, text)
    return answer(request, conversation_id)


@require_POST
@may(Action.WORK)
def drop_held(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Take back a reply that waits for the patient."""
    conversation_of(conversation_id)
    try:
        holding.drop(conversation_id, message_id, now=clock.now())
    except holding.NotHeld:
        return answer(request, conversation_id, toast=_("Too late: it is on its way."), status=409)
    return answer(request, conversation_id, toast=_("Dropped. It will not be sent."))


@require_POST
@may(Action.WORK)
def reword_held(request: ClinicRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Change the words of a reply that waits for the patient."""
    conversation = conversation_of(conversation_id)
    try:
        holding.reword(
            conversation_id,
            message_id,
            body=request.POST.get("body", ""),
            user=request.user,
            now=clock.now(),
        )
    except holding.NotHeld:
        return answer(request, conversation_id, toast=_("Too late: it is on its way."), status=409)
    except replying.BodyRefused as error:
        return _refused(request, conversation, ". ".join(gate.sentences(error.code, "")))
    return answer(request, conversation_id, toast=_("Changed. It goes in these words."))


def _filters(shown: list[Choice]) -> dict[str, list[tuple[str, str]]]:
    """Return by what a long list can be narrowed: purposes and statuses, where there is more than one."""
    if len(shown) <= _FEW:
        return {}
    order = [*words.PURPOSES, words.OTHER]
    purposes = dict(sorted((one.purpose for one in shown), key=lambda purpose: order.index(purpose[0])))
    statuses = {one.standing.word: one.standing.word for one in shown}
    both = {"purposes": purposes, "statuses": statuses}
    return {name: list(found.items()) for name, found in both.items() if len(found) > 1}


def _choice(one: offering.Offered, language: str) -> Choice:
    template = one.template
    name, spoken = words.name_of(template), words.language_of(template)
    standing = words.standing(template)
    figures = ""
    if one.delivered is not None:
        figures = _("%(delivered)d %% delivered, %(read)d %% read") % {
            "delivered": one.delivered,
            "read": one.read,
        }
    category = words.category_of(template)
    values = {number: one.values.get(key, "") for number, key in choosing.named(template)}
    return Choice(
        id=template.pk,
        name=name,
        language=spoken,
        standing=standing,
        note=" · ".join(filter(None, (category, figures or _("not used lately")))),
        category=category,
        cost=_cost(template),
        fields=[
            Field(number, words.label_of(key), values[number]) for number, key in choosing.named(template)
        ],
        pieces=list(_pieces(template.body, values)),
        buttons=[str(button.get("title", "")) for button in template.buttons],
        is_knock=template.key == KNOCK,
        mine=template.language.partition("_")[0] == language,
        purpose=words.purpose_of(template),
        search=f"{name} {spoken} {category} {template.body}".casefold(),
    )


def _cost(template: ContentTemplate) -> str:
    if template.category == MARKETING:
        return _("Marketing: WhatsApp charges more for it, and phones in the US do not get it (63049).")
    return _("WhatsApp charges a small fee for it.")


def _pieces(body: str, values: dict[str, str]) -> Iterator[Piece]:
    for part in _VARIABLE.split(body):
        if _VARIABLE.fullmatch(part):
            number = part[2:-2]
            yield Piece(n=number, value=choosing.one_line(values.get(number)))
        elif part:
            yield Piece(text=part)


def _numbers(request: ClinicRequest) -> Iterator[tuple[str, str]]:
    for name, value in request.POST.items():
        if name.startswith("v_"):
            yield name.removeprefix("v_"), str(value)


def _refused(
    request: ClinicRequest, conversation: Conversation, text: str, *, code: str = ""
) -> HttpResponse:
    return answer(request, conversation.pk, alert={"text": text, "code": code, "bad": True}, status=409)
