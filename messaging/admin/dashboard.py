"""What the clinic's overview says of messages and threads."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinics.charts import Bars, Fill, Period, bars
from clinics.dashboards import COUNT_LIMIT, Part, Tile, figure
from clinics.sites import clinic_site
from medsync.lib.spans import duration
from messaging import figures
from messaging.models import MessageStatus

# What a reader tells apart; the statuses behind each word.
GROUPS = (
    (gettext_lazy("Read"), Fill.STRONG, (MessageStatus.READ,)),
    (gettext_lazy("Delivered"), Fill.SOFT, (MessageStatus.DELIVERED,)),
    (gettext_lazy("Sent, not yet delivered"), Fill.HATCH, (MessageStatus.SENT,)),
    (
        gettext_lazy("On the way"),
        Fill.EDGE,
        (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN),
    ),
    (gettext_lazy("Not delivered"), Fill.BAD, (MessageStatus.FAILED, MessageStatus.UNDELIVERED)),
    (gettext_lazy("Held back or cancelled"), Fill.EDGE, (MessageStatus.BLOCKED, MessageStatus.CANCELLED)),
)


def messages_and_threads(request: HttpRequest, period: Period) -> Iterator[Part]:
    """Yield what needs a reply, what did not arrive, and what became of the messages."""
    yield _waiting(period)
    found = figures.sent_by_status(since=period.since)
    yield _failed(period, found)
    yield _by_status(period, found)


def _waiting(period: Period) -> Tile:
    count, since = figures.waiting_threads(limit=COUNT_LIMIT)
    note, tone = _("Every patient has an answer."), "ok"
    if count:
        tone = "warn"
        note = _("Somebody waits.")
        if since is not None:
            note = _("The first has waited %(span)s.") % {"span": duration(period.now - since)}
    url = reverse("clinic_admin:messaging_conversation_changelist") + "?work_state__exact=needs_reply"
    return Tile(_("Need a reply"), figure(count), note, tone, url)


def _failed(period: Period, found: dict[str, int]) -> Tile:
    count = found.get(MessageStatus.FAILED, 0) + found.get(MessageStatus.UNDELIVERED, 0)
    url = reverse("clinic_admin:messaging_message_changelist") + "?result=failed"
    note = period.words if count else _("Nothing failed, %(days)s.") % {"days": period.words}
    return Tile(_("Not delivered"), str(count), note, "bad" if count else "ok", url)


def _by_status(period: Period, found: dict[str, int]) -> Bars:
    rows = [
        (str(label), sum(found.get(status, 0) for status in group), fill) for label, fill, group in GROUPS
    ]
    total = sum(value for _label, value, _fill in rows)
    counted = ngettext("%(count)d sent", "%(count)d sent", total) % {"count": total}
    if not total:
        finding = _("No messages to patients in these days.")
    else:
        arrived, failed = rows[0][1] + rows[1][1], rows[4][1]
        finding = _("%(arrived)d of %(total)d arrived, %(failed)d did not.") % {
            "arrived": arrived,
            "total": total,
            "failed": failed,
        }
    return Bars(
        _("Messages by status"),
        f"{counted}, {period.words}",
        finding,
        bars(rows),
        (_("Status"), _("Messages")),
    )


clinic_site.show(20, messages_and_threads)
