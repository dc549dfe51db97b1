"""When patients' messages were really written, where the provider's webhook does not say.

A webhook may come late, and the 24 hours count from the message, not from us. Twilio says when only in its list: it
is asked in a window's last hours, before anybody relies on what is left of them.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import OuterRef, Subquery

from clinics import clocks
from clinics.models import Channel, ClinicClock, ClinicState, Sender, SenderStatus
from clinics.queries import secrets_of
from medsync.lib import clock
from medsync.lib.ids import new_id
from messaging import gate, providers
from messaging.gate import windows
from messaging.models import Message, Window
from messaging.providers.base import ListedMessage, SendError

logger = logging.getLogger(__name__)

JOB = "windows"
#: What a window has left when the list is asked: more than a visit's interval, so that none is missed.
LAST_HOURS = timedelta(hours=2)
#: No webhook is known to have come later than this after its message.
LATEST = timedelta(hours=24)
MOST = 200
_ASKED_AGAIN = 3600  # seconds after which a message that the list did not have is asked for once more


def keep_clocks() -> None:
    """Have every clinic with a WhatsApp number of a real provider visited; one statement, two when one is new."""
    numbers = Sender.objects.filter(
        channel=Channel.WHATSAPP, status=SenderStatus.ACTIVE, clinic__state=ClinicState.READY
    ).exclude(account__provider="local")
    known = ClinicClock.objects.filter(job=JOB).values("clinic")
    new = list(numbers.exclude(clinic__in=known).order_by().values_list("clinic", flat=True).distinct())
    ClinicClock.objects.bulk_create(
        [ClinicClock(id=new_id(), clinic_id=pk, job=JOB, next_at=clock.real_now()) for pk in new],
        ignore_conflicts=True,
    )


def ask(*, now: datetime) -> int:
    """Ask when the last messages of windows that end soon were written; return how many windows that shortened.

    Idempotent; outside of a transaction. A list that does not answer is asked again at the next visit.
    """
    changed = 0
    for message in _uncertain(now):
        # The cache only spares questions; were it lost, there would be one more.
        if not cache.add(f"written-asked:{message.pk}", 1, _ASKED_AGAIN):
            continue
        line = next((one for one in _list(message, now) if _same(one, message)), None)
        if line is not None and windows.wrote_at(message.pk, at=line.created_at, now=now):
            changed += 1
    with clocks.visit(JOB, now=now):
        pass  # the next visit comes after LONGEST, well within LAST_HOURS
    return changed


def _uncertain(now: datetime) -> Iterable[Message]:
    """Return the last messages of windows that end soon, of which only we say when they came."""
    newest = Message.objects.filter(
        windows.OPENING, conversation=OuterRef("conversation"), sender=OuterRef("sender")
    ).order_by("-created_at", "-id")
    ending = Window.objects.filter(
        last_inbound_at__gt=now - gate.WINDOW, last_inbound_at__lte=now - gate.WINDOW + LAST_HOURS
    )
    ids = ending.annotate(newest=Subquery(newest.values("pk")[:1])).values("newest")
    rows = Message.objects.filter(pk__in=ids, occurred_at=None, provider_message_id__isnull=False)
    return rows.select_related("sender__account").order_by("created_at", "id")[:MOST]


def _list(message: Message, now: datetime) -> Iterable[ListedMessage]:
    sender = message.sender
    assert sender is not None
    account = sender.account
    try:
        return providers.get(account.provider).list_recent(
            account.external_id,
            next(iter(secrets_of(account)), ""),
            from_number=message.address,
            to_address=sender.phone_number,
            channel=Channel.WHATSAPP.value,  # type: ignore[arg-type]
            since=message.created_at - LATEST,
            until=now,
        )
    except (SendError, providers.UnknownProvider) as error:
        logger.warning("no list of account %s: %s", account.pk, type(error).__name__)
        cache.delete(f"written-asked:{message.pk}")
        return ()


def _same(line: ListedMessage, message: Message) -> bool:
    return line.direction == "inbound" and line.provider_message_id == message.provider_message_id
