"""What a provider's final error means beyond the one message: a STOP, a closed window, a phone that takes nothing.

Called once a message has failed for good, from its send or from a callback. Everything here may be said twice.
"""

import logging
from datetime import datetime

from clinics.models import ProviderAccount
from medsync.lib import clock
from messaging import consent, providers
from messaging.gate import windows
from messaging.models import Attempt, ConsentSource, Direction, Message, Purpose
from scheduling.models import ContactAddress

logger = logging.getLogger(__name__)

#: What says that an address will not take messages, until somebody writes from it. `blocked` is among them: a phone
#: or a carrier that blocks us is no STOP, which only the patient's own word is.
UNUSABLE = frozenset(
    [
        *("invalid_number", "no_such_number", "landline", "no_sms", "no_way_there"),
        *("not_on_whatsapp", "whatsapp_experiment", "blocked"),
    ]
)


def follow(message: Message, *, code: str, now: datetime) -> None:
    """Do what follows from an error number for the person, the window or the account; unknown ones do nothing.

    In the present transaction or each in its own; the message comes with its conversation's contact point at hand
    or one statement away.
    """
    known = providers.known_error(code)
    if known is None:
        return
    if known.what == "stopped":
        _stop(message, code, now)
    elif known.what == "no_news":
        _no_news(message, now)
    elif known.what == "window_closed":
        windows.close(message, now=now)
    elif known.what == "account_closed":
        _stop_account(message, now)
    elif known.what in UNUSABLE:
        _mark_address(message, known.what, now)


def _stop(message: Message, code: str, now: datetime) -> None:
    """Record the STOP that the provider had and we had not: from now on nothing is sent on this channel."""
    point = message.conversation.contact_point
    sent = Attempt.objects.filter(message=message).order_by("-n").values_list("created_at", flat=True).first()
    # Errors come late: who has sent START meanwhile is not stopped by what was refused before it.
    if consent.state_of(point, message.channel).opted_out_at is None and not consent.opted_in_since(
        point, message.channel, since=sent or message.created_at
    ):
        consent.opt_out(
            point, message.channel, source=ConsentSource.PROVIDER, message=message, wording=code, now=now
        )


def _no_news(message: Message, now: datetime) -> None:
    point = message.conversation.contact_point
    if consent.state_of(point, message.channel).news is not False:
        consent.record(
            point,
            message.channel,
            purpose=Purpose.NEWS,
            granted=False,
            source=ConsentSource.PROVIDER,
            now=now,
        )


def _stop_account(message: Message, now: datetime) -> None:
    """Stop an account of which we learn only by a callback that the provider has closed it."""
    if message.account_id is None:
        return
    active = ProviderAccount.objects.filter(pk=message.account_id, state=ProviderAccount.State.ACTIVE)
    if active.update(state=ProviderAccount.State.REFUSED, stopped_at=now - clock.offset()):
        logger.error("provider refuses account %s: its messages wait", message.account_id)


def _mark_address(message: Message, what: str, now: datetime) -> None:
    """Note that an address takes nothing; whoever wrote from it since proves the contrary."""
    heard = Message.objects.filter(
        conversation=message.conversation_id,
        direction=Direction.INBOUND,
        channel=message.channel,
        address=message.address,
        created_at__gt=message.created_at,
    )
    if not message.address or heard.exists():
        return
    ContactAddress.objects.bulk_create(
        [
            ContactAddress(
                contact_point_id=message.conversation.contact_point_id,
                channel=message.channel,
                address=message.address,
            )
        ],
        ignore_conflicts=True,
    )
    ContactAddress.objects.filter(channel=message.channel, address=message.address, unusable="").update(
        unusable=what, unusable_at=now
    )
