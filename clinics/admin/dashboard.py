"""What the platform's overview says of clinics and webhooks. No patient data: counts of the shared schema."""

from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics import watching
from clinics.admin.watch import reason_words
from clinics.charts import Bars, Columns, Fill, Period, Series, bars, busiest
from clinics.dashboards import COUNT_LIMIT, Part, Tile, figure
from clinics.models import ClinicState
from clinics.sites import platform_site

_FILLS = (Fill.STRONG, Fill.SOFT, Fill.HATCH, Fill.EDGE)


def watch(request: HttpRequest, period: Period) -> Iterator[Part]:
    """Yield clinics, accounts that cannot send, held webhooks, dead tasks and refused signatures."""
    yield _clinics()
    yield _accounts()
    yield _held()
    dead = watching.dead_by_reason(since=period.since)
    yield _dead(period, dead)
    refused = watching.refused_by_day(since=period.dates[0])
    yield _refused(period, refused)
    yield _held_by_day(period)
    yield _refused_by_day(period, refused)
    yield _dead_by_reason(period, dead)


def _clinics() -> Tile:
    states = watching.clinics_by_state()
    ready = states.pop(ClinicState.READY, 0)
    others = [f"{count} {ClinicState(state).label}" for state, count in sorted(states.items())]
    note = ", ".join(others) or _("All are ready.")
    unfinished = bool(states.get(ClinicState.PREPARING))
    return Tile(
        _("Clinics"),
        str(ready),
        note,
        "warn" if unfinished else "",
        reverse("admin:clinics_clinic_changelist"),
    )


def _accounts() -> Tile:
    stopped = watching.stopped_accounts(limit=COUNT_LIMIT)
    note = _("Refused, or without an answer: messages wait.") if stopped else _("All of them send.")
    url = reverse("admin:clinics_provideraccount_changelist")
    return Tile(_("Accounts that cannot send"), figure(stopped), note, "bad" if stopped else "ok", url)


def _held() -> Tile:
    waiting = watching.held_waiting(limit=COUNT_LIMIT)
    note = _("Wait for somebody.") if waiting else _("Nothing waits.")
    url = reverse("admin:clinics_heldevent_changelist") + "?waits=yes"
    return Tile(_("Held events"), figure(waiting), note, "warn" if waiting else "ok", url)


def _dead(period: Period, dead: dict[str, int]) -> Tile:
    count = sum(dead.values())
    url = reverse("admin:clinics_deadtask_changelist")
    return Tile(_("Dead tasks"), str(count), period.words, "bad" if count else "ok", url)


def _refused(period: Period, refused: dict[tuple[date, str], int]) -> Tile:
    count, alarms = sum(refused.values()), watching.alarms(limit=COUNT_LIMIT)
    note, tone = period.words, "warn" if count else "ok"
    if alarms:
        tone = "bad"
        note = ngettext(
            "%(count)d clinic number raised an alarm.", "%(count)d clinic numbers raised an alarm.", alarms
        ) % {"count": alarms}
    url = reverse("admin:clinics_counter_changelist") + "?q=refused"
    return Tile(_("Refused signatures"), str(count), note, tone, url)


def _held_by_day(period: Period) -> Columns:
    found = watching.held_by_day(since=period.since, zone=period.zone)
    series = [
        Series(label, fill, [found.get((day, waits), 0) for day in period.dates])
        for waits, label, fill in (
            (False, _("Processed since"), Fill.SOFT),
            (True, _("Still held"), Fill.STRONG),
        )
    ]
    totals = [sum(day) for day in zip(*(one.values for one in series), strict=True)]
    total = sum(totals)
    if total:
        finding = _("%(count)d held, %(left)d of them wait still. Most on %(day)s.") % {
            "count": total,
            "left": series[1].total,
            "day": busiest(period.dates, totals),
        }
    else:
        finding = _("No webhook was held in these days.")
    return Columns(_("Held events by day"), period.words, finding, period, series)


def _refused_by_day(period: Period, refused: dict[tuple[date, str], int]) -> Columns:
    providers = sorted({provider for _day, provider in refused})
    series = [
        Series(
            provider.capitalize(),
            _FILLS[index % len(_FILLS)],
            [refused.get((day, provider), 0) for day in period.dates],
        )
        for index, provider in enumerate(providers)
    ] or [Series(_("Refused"), Fill.STRONG, [0] * period.days)]
    totals = [sum(day) for day in zip(*(one.values for one in series), strict=True)]
    if any(totals):
        finding = _("%(count)d webhooks nobody we know had signed. Most on %(day)s.") % {
            "count": sum(totals),
            "day": busiest(period.dates, totals),
        }
    else:
        finding = _("Every webhook was signed as it should be.")
    return Columns(_("Refused signatures by day"), period.words, finding, period, series)


def _dead_by_reason(period: Period, dead: dict[str, int]) -> Bars:
    rows = [
        (reason_words(reason), count, Fill.BAD)
        for reason, count in sorted(dead.items(), key=lambda one: -one[1])
    ]
    finding = (
        _("Most often: %(reason)s.") % {"reason": rows[0][0]}
        if rows
        else _("No task came without its clinic.")
    )
    return Bars(_("Dead tasks by reason"), period.words, finding, bars(rows), (_("Reason"), _("Tasks")))


platform_site.show(10, watch)
