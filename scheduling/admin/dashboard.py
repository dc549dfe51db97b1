"""What the clinic's overview says of visits and requests."""

from collections.abc import Iterator
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.charts import Columns, Fill, Period, Series, busiest
from clinics.dashboards import COUNT_LIMIT, Part, Tile, figure
from clinics.sites import clinic_site
from medsync.lib.spans import duration
from scheduling import figures


def visits_and_requests(request: HttpRequest, period: Period) -> Iterator[Part]:
    """Yield what waits, what is today, and the requests of each day."""
    visits = reverse("clinic_admin:scheduling_appointment_changelist")
    yield _waiting(period, visits)
    yield _today(period, visits)
    yield _requests(period)


def _waiting(period: Period, url: str) -> Tile:
    waiting = figures.waiting_requests(limit=COUNT_LIMIT)
    note, tone = _("Nothing waits for an answer."), "ok"
    if waiting.count:
        note, tone = _("Each keeps its time until it is answered."), "warn"
        if waiting.first_ends is not None:
            left = waiting.first_ends - period.now
            if left <= timedelta(0):
                note = _("The first has run out.")
            else:
                note = _("The first runs out in %(span)s.") % {"span": duration(left)}
    return Tile(
        _("Requests waiting"), figure(waiting.count), note, tone, f"{url}?status__exact=pending_review"
    )


def _today(period: Period, url: str) -> Tile:
    start = period.start_of(period.today)
    end = period.start_of(period.today + timedelta(days=1))
    day = figures.visits_between(start, end)
    note = (
        ngettext("%(count)d patient was here or is.", "%(count)d patients were here or are.", day.seen)
        % {"count": day.seen}
        if day.visits
        else _("Nobody is booked.")
    )
    return Tile(_("Visits today"), str(day.visits), note, "", f"{url}?when=today")


def _requests(period: Period) -> Columns:
    found = figures.requests_by_day(since=period.since, zone=period.zone)
    series = [
        Series(label, fill, [found.get((day, outcome), 0) for day in period.dates])
        for outcome, label, fill in (
            (figures.ACCEPTED, _("Accepted"), Fill.STRONG),
            (figures.OPEN, _("Waiting"), Fill.HATCH),
            (figures.NOT_ACCEPTED, _("Declined or ran out"), Fill.EDGE),
        )
    ]
    totals = [sum(day) for day in zip(*(one.values for one in series), strict=True)]
    if not any(totals):
        finding = _("No requests in these days.")
    else:
        finding = _(
            "%(accepted)d accepted, %(open)d waiting, %(declined)d declined or ran out. Most on %(day)s."
        ) % {
            "accepted": series[0].total,
            "open": series[1].total,
            "declined": series[2].total,
            "day": busiest(period.dates, totals),
        }
    asked = ngettext("%(count)d request", "%(count)d requests", sum(totals)) % {"count": sum(totals)}
    return Columns(_("Requests by day"), f"{asked}, {period.words}", finding, period, series)


clinic_site.show(10, visits_and_requests)
