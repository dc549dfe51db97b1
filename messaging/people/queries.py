"""What the list of patients reads: a page by name, or what a search finds. At most four statements.

Pages are keyset pages. The cursor is the id of the last row, never its name: cursors travel in addresses.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from medsync.lib import phone as phones
from medsync.lib.text import search_key
from messaging.models import Conversation
from scheduling.models import LIVE, Appointment, ContactPoint, Patient, PatientContact

PAGE = 50
FEWEST_DIGITS = 4  # of a number: fewer would find everybody
SUSPECTS = 8

_NOT_DIGITS = re.compile(r"\D")
# As people type it, and as it comes out of address books, pages and links.
_NUMBER = re.compile(r"(?:(?:tel|sms|whatsapp):)?[\d\s()+./x#\u2010-\u2015\u2212-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list, with what its rows need beside their own columns."""

    patients: list[Patient]
    contacts: dict[UUID, list[PatientContact]]  # by patient, the starred first; with the thread of each
    visits: dict[UUID, Appointment]  # by patient, the next one
    next_cursor: UUID | None


def patients(
    *, unnamed: bool = False, wanted: str = "", region: str, after: UUID | None = None, now: datetime
) -> Page:
    """Return a page of patients by name; those nobody has named yet stand apart, the newest first.

    ``wanted`` is part of a name (accents do not matter), a record number, or a phone number in any spelling; a
    search looks among both.
    """
    rows = Patient.objects.filter(merged_into=None)
    if wanted:
        rows = _found(rows, wanted, region)
    elif unnamed:
        rows = rows.filter(name="")
    else:
        rows = rows.exclude(name="")
    rows = _after(rows, after, newest=unnamed and not wanted)
    found = list(rows[: PAGE + 1])
    page = found[:PAGE]
    ids = [patient.pk for patient in page]
    return Page(
        patients=page,
        contacts=_contacts(ids),
        visits=_next_visits(ids, now=now),
        next_cursor=page[-1].pk if len(found) > PAGE else None,
    )


def threads_of_nobody(*, wanted: str, region: str, at_most: int) -> list[Conversation]:
    """Return threads of numbers that are no patient's any more, by number or profile name, the newest first."""
    theirs = PatientContact.objects.filter(contact_point=OuterRef("pk"), not_theirs_at=None)
    points = ContactPoint.objects.filter(_named(wanted) | _numbered(wanted, region)).exclude(Exists(theirs))
    rows = Conversation.objects.filter(contact_point__in=points.values("pk"), put_away_at=None)
    return list(rows.select_related("contact_point").order_by("-last_message_at", "-id")[:at_most])


def suspects(
    *, name: str, born: date | None, phone: str, region: str, besides: UUID | None = None
) -> list[Patient]:
    """Return patients who may be the same person: alike in name, or born on the same day with a name in common,
    or reached at that number. One statement, two with a number."""
    words = [word for word in search_key(name).split(" ") if len(word) > 1]
    alike = Q(pk=None)
    if len(words) > 1:
        alike |= Q(search_key__contains=words[0]) & Q(search_key__contains=words[-1])
    elif words:
        alike |= Q(name__iexact=name.strip())
    if words and born is not None:
        some = Q()
        for word in words:
            some |= Q(search_key__contains=word)
        alike |= some & Q(date_of_birth=born)
    point = _point(phone, region)
    if point is not None:
        alike |= Q(Exists(_reached_at(ContactPoint.objects.filter(pk=point.pk))))
    rows = Patient.objects.filter(alike, merged_into=None).exclude(name="")
    if besides is not None:
        rows = rows.exclude(pk=besides)
    return list(rows.order_by("search_key", "id")[:SUSPECTS])


def _found(rows: QuerySet[Patient], wanted: str, region: str) -> QuerySet[Patient]:
    hits = _named(wanted) | Q(record_number=wanted.strip())
    hits |= Q(name="") & Q(Exists(_reached_at(ContactPoint.objects.filter(_named(wanted)))))
    if numbers := _numbered(wanted, region):
        hits |= Q(Exists(_reached_at(ContactPoint.objects.filter(numbers))))
    return rows.filter(hits)


def _named(wanted: str) -> Q:
    """Return who has all these words in a name: of patients, or of the profiles of contact points."""
    named = Q()
    for word in search_key(wanted).split(" "):
        named &= Q(search_key__contains=word)
    return named


def _numbered(wanted: str, region: str) -> Q:
    """Return which contact points have what was typed in their number, false when it is none."""
    typed = phones.bare(wanted)
    digits = _NOT_DIGITS.sub("", typed)
    if len(digits) < FEWEST_DIGITS or not _NUMBER.fullmatch(typed):
        return Q()
    numbers = Q(phone__contains=digits) | Q(match_key__contains=digits)
    with suppress(phones.InvalidPhone):  # it may be part of a number
        numbers |= Q(match_key=phones.match_key(phones.parse(typed, region)))
    return numbers


def _reached_at(points: QuerySet[ContactPoint]) -> QuerySet[PatientContact]:
    return PatientContact.objects.filter(
        patient=OuterRef("pk"), contact_point__in=points.values("pk"), not_theirs_at=None
    )


def _point(phone: str, region: str) -> ContactPoint | None:
    if not phone:
        return None
    try:
        key = phones.match_key(phones.parse(phone, region))
    except phones.InvalidPhone:
        return None
    return ContactPoint.objects.filter(match_key=key).first()


def _after(rows: QuerySet[Patient], after: UUID | None, *, newest: bool) -> QuerySet[Patient]:
    if newest:
        rows = rows.order_by("-id")
        return rows.filter(pk__lt=after) if after else rows
    rows = rows.order_by("search_key", "id")
    last = Patient.objects.filter(pk=after).values_list("search_key", flat=True).first() if after else None
    if last is None:
        return rows
    return rows.filter(Q(search_key__gt=last) | Q(search_key=last, pk__gt=after))


def _contacts(ids: list[UUID]) -> dict[UUID, list[PatientContact]]:
    found: dict[UUID, list[PatientContact]] = {}
    if ids:
        rows = PatientContact.objects.filter(patient__in=ids, not_theirs_at=None)
        for row in rows.select_related("contact_point__conversation"):
            found.setdefault(row.patient_id, []).append(row)
    return found


def _next_visits(ids: list[UUID], *, now: datetime) -> dict[UUID, Appointment]:
    if not ids:
        return {}
    coming = Appointment.objects.filter(patient__in=ids, starts_at__gt=now, status__in=LIVE)
    rows = coming.order_by("patient_id", "starts_at", "id").distinct("patient_id")
    return {visit.patient_id: visit for visit in rows}
