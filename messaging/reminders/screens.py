"""The page of reminders as its templates read it. Built from rows; no statement is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Channel, Clinic, User
from messaging import gate, segments, times
from messaging.inbox.parts import Chip
from messaging.language import LANGUAGES
from messaging.models import MessageStatus, ReminderClaim, ReminderSettings
from messaging.reminders import composing
from messaging.reminders.foretelling import ANSWERED, REQUEST, Foretold, Plan
from messaging.reminders.reminding import SENT
from messaging.reminders.ways import APPROVED, BY_SMS, FREE, NOT_AT_ALL, Way
from messaging.reminders.words import sentences
from messaging.threads import NOT_REACHED
from scheduling.models import Appointment, Attendance

FIRST = 5  # rows of a day that are shown before "more"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure and what it counts."""

    n: int
    label: str
    icon: str
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A message to come, or one that went."""

    key: str
    time: str
    iso: str
    name: str
    url: str
    visit: str
    step: str
    chips: list[Chip]
    body: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """The messages of a day: the first ones, and the rest behind "more"."""

    title: str
    count: int
    rows: list[Row]
    more: list[Row]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will go out."""

    days: list[Day]
    tiles: list[Tile]
    count: int
    cut: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What a patient would read, in one language."""

    code: str
    language: str
    body: str
    parts: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the rules stand: since when they are on, who saved them."""

    enabled: bool
    since: str
    saved: str
    quiet: str


def standing(row: ReminderSettings, *, by: User | None, quiet: tuple[str, str], clinic: Clinic) -> Standing:
    """Return how the rules stand, in words."""
    since = times.short_day(row.enabled_at, clinic.zone) if row.enabled and row.enabled_at else ""
    saved = ""
    if row.updated_by_id and row.updated_at:
        day = times.short_day(row.updated_at, clinic.zone)
        saved = _("Saved, %(name)s, %(day)s") % {"name": by.get_short_name() if by else "", "day": day}
    words = _("%(from)s to %(until)s") % {"from": quiet[0], "until": quiet[1]} if quiet[0] != quiet[1] else ""
    return Standing(row.enabled, since, saved, words)


def outlook(plan: Plan, *, enabled: bool, clinic: Clinic, now: datetime) -> Outlook:
    """Return what will go out, by day."""
    going = [one for one in plan.messages if one.way is not None]
    by_day: dict[object, list[Foretold]] = {}
    for one in plan.messages:
        by_day.setdefault(one.goes_at.astimezone(clinic.zone).date(), []).append(one)
    days = []
    for messages in by_day.values():
        shown = [_row(one, clinic, now=now) for one in messages]
        count = sum(one.way is not None and one.way.allowed for one in messages)
        days.append(Day(_title(messages[0].goes_at, clinic, now=now), count, shown[:FIRST], shown[FIRST:]))
    return Outlook(
        days=days,
        tiles=_tiles([one.way for one in going if one.way]),
        count=len(going),
        cut=plan.cut,
        enabled=enabled,
    )


def samples(rules: ReminderSettings, *, visit: Appointment, clinic: Clinic) -> list[Sample]:
    """Return the exact words in every language that we speak, as one patient would read them where all may be said."""
    found = []
    chosen = rules.language or clinic.language
    for code, name in LANGUAGES.items():
        visit.patient.preferred_language = code
        words = composing.compose([visit], point=None, rules=rules, clinic=clinic, channel=Channel.SMS)
        parts = segments.count(words.body).parts
        found.append(Sample(code, str(name), words.body, parts, code == chosen.split("-")[0]))
    if not any(sample.chosen for sample in found):
        found[0] = Sample(found[0].code, found[0].language, found[0].body, found[0].parts, True)
    return found


def sent(
    claims: Sequence[ReminderClaim], visits: Mapping[UUID, Appointment], *, clinic: Clinic, now: datetime
) -> list[Row]:
    """Return what went last, with the answers; one row a visit."""
    return [
        _sent(claim, visits[claim.subject_id], clinic, now=now)
        for claim in claims
        if claim.subject_id in visits
    ]


def _tiles(ways: Sequence[Way]) -> list[Tile]:
    counts = {how: sum(way.how == how for way in ways) for how in (FREE, APPROVED, BY_SMS, NOT_AT_ALL)}
    waiting = sum(way.how == NOT_AT_ALL and way.code == gate.WINDOW_CLOSED for way in ways)
    note = (
        ngettext("%(n)d waits for an approved text", "%(n)d wait for an approved text", waiting)
        % {"n": waiting}
        if waiting
        else ""
    )
    return [
        Tile(counts[FREE], _("WhatsApp, free text"), "message"),
        Tile(counts[APPROVED], _("WhatsApp, approved"), "text"),
        Tile(counts[BY_SMS], _("SMS"), "phone"),
        Tile(
            counts[NOT_AT_ALL],
            _("Only by phone"),
            "warning" if counts[NOT_AT_ALL] else "check",
            "bad" if counts[NOT_AT_ALL] else "",
            note,
        ),
    ]


def _row(one: Foretold, clinic: Clinic, *, now: datetime) -> Row:
    first, zone = one.visits[0], clinic.zone
    body, why = "", ""
    if one.way is not None:
        body = one.way.body if one.way.allowed else ""
        if not one.way.allowed:
            why = " ".join(
                f"{part.rstrip('.')}." for part in sentences(one.way.code, one.way.channel) if part
            )
    return Row(
        key=f"{first.pk}-{one.step}",
        time=_("now") if one.goes_at <= now else times.clock_time(one.goes_at, zone),
        iso=one.goes_at.isoformat(),
        name=_names(one.visits),
        url=reverse("people:page", args=[first.patient_id]),
        visit=_visit(one.visits, zone),
        step=_("%(n)d h") % {"n": one.step},
        chips=_chips(one, zone),
        body=body,
        why=why,
    )


def _chips(one: Foretold, zone: ZoneInfo) -> list[Chip]:
    if one.skipped == REQUEST:
        return [Chip(_("Not sent: still a request"), "clock", "warn")]
    if one.skipped == ANSWERED:
        said = one.visits[0].attendance
        words = _("Skipped: says they come") if said == Attendance.ATTENDING else _("Skipped: does not come")
        return [Chip(words, "check")]
    assert one.way is not None
    chips = [_how(one.way)]
    if len(one.visits) > 1 and one.way.allowed:
        words = ngettext("One message for %(n)d visit", "One message for %(n)d visits", len(one.visits))
        chips.insert(0, Chip(words % {"n": len(one.visits)}, "users", "accent"))
    wanted = one.due_at
    if one.way.allowed and one.way.verdict and one.way.verdict.not_before:
        late = {"time": times.clock_time(one.goes_at, zone), "wanted": times.clock_time(wanted, zone)}
        chips.append(Chip(_("%(time)s, not %(wanted)s: quiet hours") % late, "moon"))
    return chips


def _how(way: Way) -> Chip:
    spoken = str(LANGUAGES.get(way.words.language, way.words.language))
    if way.how == FREE:
        return Chip(_("Free text, %(language)s") % {"language": spoken}, "message")
    if way.how == APPROVED:
        return Chip(_("Approved text, %(language)s") % {"language": spoken}, "text")
    if way.how == BY_SMS:
        parts = segments.count(way.body).parts
        words = ngettext("SMS, %(language)s, %(n)d part", "SMS, %(language)s, %(n)d parts", parts)
        return Chip(words % {"language": spoken, "n": parts}, "phone")
    return Chip(_("Nobody reached: on the call list"), "warning", "bad")


def _sent(claim: ReminderClaim, visit: Appointment, clinic: Clinic, *, now: datetime) -> Row:
    chips = [_arrived(claim)]
    if claim.version == visit.version and claim.outcome == SENT:
        chips.append(_answer(visit))
    if claim.by_hand:
        chips.append(Chip(_("By hand"), "user"))
    message = claim.message
    why = "" if claim.outcome == SENT else " ".join(filter(None, sentences(claim.outcome, claim.channel)))
    return Row(
        key=str(claim.pk),
        time=times.moment(claim.claimed_at, clinic.zone, now=now),
        iso=claim.claimed_at.isoformat(),
        name=_names([visit]),
        url=(
            reverse("inbox:thread", args=[message.conversation_id])
            if message
            else reverse("people:page", args=[visit.patient_id])
        ),
        visit=_visit([visit], clinic.zone),
        step=_("%(n)d h") % {"n": claim.step},
        chips=chips,
        body=message.body if message else "",
        why=why,
    )


def _arrived(claim: ReminderClaim) -> Chip:
    if claim.message is None or claim.outcome != SENT:
        return Chip(_("Nobody reached"), "warning", "bad")
    status = MessageStatus(claim.message.status)
    if status in NOT_REACHED:
        return Chip(str(status.label).capitalize(), "warning", "bad")
    icons = {MessageStatus.READ: "eye", MessageStatus.DELIVERED: "checks", MessageStatus.SENT: "check"}
    return Chip(str(status.label).capitalize(), icons.get(status, "clock"))


def _answer(visit: Appointment) -> Chip:
    return {
        Attendance.ATTENDING: Chip(_("Coming"), "coming", "ok"),
        Attendance.DECLINED: Chip(_("Not coming"), "close", "bad"),
        Attendance.ASKED: Chip(_("No answer yet"), "clock"),
        Attendance.UNASKED: Chip(_("No answer yet"), "clock"),
    }[Attendance(visit.attendance)]


def _names(visits: Sequence[Appointment]) -> str:
    names = dict.fromkeys(visit.patient.name or _("No name yet") for visit in visits)
    return ", ".join(names)


def _visit(visits: Sequence[Appointment], zone: ZoneInfo) -> str:
    first = visits[0]
    when = f"{times.short_day(first.starts_at, zone)}, {times.clock_time(first.starts_at, zone)}"
    if len(visits) == 1:
        return f"{when} · {first.practitioner.name}"
    return f"{when} · " + ngettext("%(n)d visit", "%(n)d visits", len(visits)) % {"n": len(visits)}


def _title(at: datetime, clinic: Clinic, *, now: datetime) -> str:
    zone = clinic.zone
    tomorrow = (now.astimezone(zone) + timedelta(days=1)).date()
    if at.astimezone(zone).date() == tomorrow:
        return _("Tomorrow, %(day)s") % {"day": times.day(at, zone)}
    return times.day_line(at, zone, now=now)
