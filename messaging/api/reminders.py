"""Reminders for callers that keep their own calendar: `/api/reminder`, and `/reminder` as its alias."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypedDict
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api import fields
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from medsync.lib import clock, phone
from messaging import api_reminders
from messaging.api_reminders import Changes, Wanted
from messaging.models import ApiReminder
from scheduling.locks import operation

TAG = "reminders"
NEWEST_FIRST = Order("reminders", ("-created_at", "-id"))

LONGEST_NUMBER, LONGEST_LOCATION, LONGEST_PARTICIPANT = 40, 128, 256
MOST_HOURS = 876_000  # a hundred years: no arithmetic leaves the calendar

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)([Zz]|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_FARTHEST = timedelta(hours=14)
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
_PLUSLESS = re.compile(r"1\d{10}", re.ASCII)


class ApiReminderShape(TypedDict):
    """A reminder. `appt_user_dt` has the caller's offset, the `_sys_` times are UTC."""

    reminder_id: str
    contact_number: str
    participant: str
    location: str
    appt_user_dt: str
    appt_sys_dt: str
    notify_sys_dt: str
    reminder_sent: bool
    confirm_sent: bool
    will_attend: bool | None


class ReminderDoneShape(TypedDict):
    """What was done, in a sentence."""

    reminder_id: str
    message: str


class _Number(serializers.CharField):
    """A phone number as text or as a JSON number; keeps how it was given beside E.164."""

    def to_internal_value(self, data: Any) -> tuple[str, str]:  # type: ignore[override]
        """Return (as given, E.164). Raises ValidationError."""
        if isinstance(data, bool) or not isinstance(data, str | int) or (isinstance(data, int) and data < 0):
            raise serializers.ValidationError("Must be a phone number.")
        given = str(data)
        if len(given) > LONGEST_NUMBER:
            raise serializers.ValidationError("This is too long for a phone number.")
        if fields.storable(given) != given:
            raise serializers.ValidationError("NUL and lone surrogates cannot be stored.")
        # Eleven digits that begin with 1 are a number of North America, wherever the clinic is.
        text = given.strip()
        text = f"+{text}" if _PLUSLESS.fullmatch(text) else text
        try:
            return given, phone.parse(text, self.context["region"])
        except phone.InvalidPhone as error:
            sentence = fields.Phone.SENTENCES.get(error.code, "This is no possible phone number.")
            raise serializers.ValidationError(sentence, code=error.code) from error


class _Time(serializers.DateTimeField):
    """An ISO 8601 time with an offset, with or without seconds, the offset with or without a colon and minutes."""

    def to_internal_value(self, value: Any) -> tuple[datetime, int]:  # type: ignore[override]
        """Return (aware UTC, minutes east). Raises ValidationError."""
        found = parse_time(value) if isinstance(value, str) else None
        if found is None:
            raise serializers.ValidationError("Must be a time with an offset, such as 2027-07-06T15:23-0800.")
        return found


class _Hours(serializers.IntegerField):
    """Whole hours, from 0 on, as a number or as a string of digits."""

    def to_internal_value(self, data: Any) -> int:
        """Return the hours. Raises ValidationError."""
        text = data.strip() if isinstance(data, str) else str(data) if type(data) is int else ""
        if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > MOST_HOURS:
            raise serializers.ValidationError(f"Must be whole hours from 0 to {MOST_HOURS}.")
        return int(text)


class _AnyText(fields.Text):
    """Any text as it is, not stripped; what cannot be stored becomes U+FFFD."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError."""
        cleaned = fields.storable(data) if isinstance(data, str) else data
        return super().to_internal_value(cleaned)


class ReminderBody(fields.Body):
    """What to remind of."""

    contact_number = _Number()
    appointment_time = _Time()
    notify_window = _Hours()
    location = _AnyText(
        max_length=LONGEST_LOCATION, required=False, allow_blank=True, allow_null=True, trim_whitespace=False
    )
    participant = _AnyText(
        max_length=LONGEST_PARTICIPANT,
        required=False,
        allow_blank=True,
        allow_null=True,
        trim_whitespace=False,
    )


class Reminders(ClinicAPIView):
    """The reminders of this clinic's other calendar."""

    @describe(
        "List reminders",
        answers=listing(ApiReminderShape),
        pages=True,
        since=False,
        tag=TAG,
        description="The newest first. `/reminder` is the same.",
    )
    def get(self, request: Request) -> Response:
        """Return a page of reminders."""
        return Response(page(api_reminders.shown(), request, NEWEST_FIRST, _shapes, scope=self.scope))

    @describe(
        "Create a reminder",
        sends=ReminderBody,
        answers=ReminderDoneShape,
        creates=True,
        may={409: "`key_reused`"},
        tag=TAG,
        description=(
            "Sent `notify_window` hours before the appointment, at once when that has passed; an appointment in the "
            "past is refused. The patient reads the time on the clock of its offset: send that of the place, not UTC. "
            "One number may have many."
        ),
    )
    def post(self, request: Request) -> Response:
        """Store a reminder."""
        wanted = _wanted(self.body(ReminderBody))
        made = operation(self.once)(lambda: self._create(wanted).pk, status=200)
        return Response(_done(made.object_id, "successfully created a reminder with id"))

    def _create(self, wanted: Wanted) -> ApiReminder:
        try:
            return api_reminders.create(wanted, by=self.member, now=clock.now())
        except api_reminders.Past as error:
            raise _past() from error


class OneReminder(ClinicAPIView):
    """One reminder."""

    @describe("Get a reminder", answers=ApiReminderShape, tag=TAG)
    def get(self, request: Request, id: str) -> Response:
        """Return the reminder."""
        return Response(_shape(_found(id)))

    @describe(
        "Change a reminder",
        sends=ReminderBody,
        answers=ApiReminderShape,
        tag=TAG,
        description=(
            "Any of the fields. Another time or number is reminded of anew, and asked anew; the rest changes what is "
            "not sent yet."
        ),
    )
    def patch(self, request: Request, id: str) -> Response:
        """Change the reminder and return it as it is now."""
        known = _found(id)
        sent = self.body(ReminderBody, partial=True)
        try:
            api_reminders.change(known.pk, _changes(sent), now=clock.now())
        except api_reminders.Past as error:
            raise _past() from error
        except LookupError as error:
            raise Http404 from error
        return Response(_shape(_found(id)))

    @describe("Delete a reminder", answers=ReminderDoneShape, tag=TAG)
    def delete(self, request: Request, id: str) -> Response:
        """Delete the reminder; it is never sent after that."""
        known = _found(id)
        try:
            api_reminders.delete(known.pk, now=clock.now())
        except LookupError as error:
            raise Http404 from error
        return Response(_done(known.pk, "Successfully deleted reminder with id"))


def parse_time(text: str) -> tuple[datetime, int] | None:
    """Return an ISO 8601 time as aware UTC with its offset in minutes, None for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper()}")
    except ValueError:
        return None
    offset = moment.utcoffset()
    if offset is None or abs(offset) > _FARTHEST or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC), int(offset.total_seconds() // 60)


def _wanted(sent: dict[str, Any]) -> Wanted:
    """Return what is wanted by a body that says all that must be said."""
    return Wanted(**_changes(sent))


def _changes(sent: dict[str, Any]) -> Changes:
    """Return what a body names, in the words of `api_reminders`."""
    changes: Changes = {}
    if "contact_number" in sent:
        changes["given"], changes["number"] = sent["contact_number"]
    if "appointment_time" in sent:
        changes["appointment_at"], changes["utc_offset"] = sent["appointment_time"]
    if "notify_window" in sent:
        changes["notify_window"] = sent["notify_window"]
    if "location" in sent:
        changes["location"] = sent["location"] or ""
    if "participant" in sent:
        changes["participant"] = sent["participant"] or ""
    return changes


def _found(id: str) -> ApiReminder:
    """Return the reminder of an id, 32 hex digits; 404 for anything else."""
    plain = id.replace("-", "")
    found = (
        api_reminders.shown().select_related("contact_point").filter(pk=UUID(plain)).first()
        if _HEX.fullmatch(plain)
        else None
    )
    if found is None:
        raise Http404
    return found


def _past() -> serializers.ValidationError:
    return serializers.ValidationError({"appointment_time": ["This appointment is in the past."]})


def _done(reminder_id: UUID, sentence: str) -> ReminderDoneShape:
    return {"reminder_id": reminder_id.hex, "message": f"{sentence} {reminder_id.hex}"}


def _shapes(rows: Sequence[ApiReminder]) -> list[ApiReminderShape]:
    return [_shape(row) for row in rows]


def _shape(row: ApiReminder) -> ApiReminderShape:
    local = row.appointment_at.astimezone(timezone(timedelta(minutes=row.utc_offset)))
    return {
        "reminder_id": row.pk.hex,
        "contact_number": row.contact_number,
        "participant": row.participant,
        "location": row.location,
        "appt_user_dt": local.isoformat(timespec="seconds"),
        "appt_sys_dt": _z(row.appointment_at),
        "notify_sys_dt": _z(row.notify_at),
        "reminder_sent": row.reminder_sent,  # type: ignore[attr-defined]
        "confirm_sent": row.confirm_sent,  # type: ignore[attr-defined]
        "will_attend": row.will_attend,
    }


def _z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
