"""From a provider's request to what it changes: verify, route, parse, store, acknowledge.

Called by the HTTP webhooks and by the built-in phones alike. After a signature has been found good, nothing is
lost any more: what cannot be processed is held (`messaging.held`) and answered with 200, for a provider that
gets an error forgets the message.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from clinics.carriers import master_account, master_signers
from clinics.models import HeldEvent, ProviderAccount
from clinics.queries import Route, account_for_sid, account_of_former, sender_for, signers_of
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import health, held, inbound, refusals, statuses
from messaging.providers.base import (
    Channel,
    InboundMessage,
    InboundRequest,
    Malformed,
    Provider,
    Response,
    StatusUpdate,
)

logger = logging.getLogger(__name__)

_DATABASE = (DatabaseError, InterfaceError)
_Reason = HeldEvent.Reason


class Unavailable(Exception):
    """Our database does not answer: nothing was kept, the provider is to come again."""


def receive_event(provider: Provider, request: InboundRequest, *, now: datetime) -> Response:
    """Take in whatever a provider with one address for all of its events reports. Raises Unavailable."""
    kind = provider.event_kind(request)
    if kind == "message":
        return receive_message(provider, request, now=now)
    if kind == "status":
        return receive_status(provider, request, now=now)
    ours = provider.named_receiver(request) or provider.named_origin(request)
    route, account_id = _identify(provider, request, ours)
    if account_id is None:
        refusals.refused(provider.slug, route.sender_id if route else None, now=now)
        return provider.refuse()
    refusals.count(f"webhook.other_event.{provider.slug}", now=now)
    return provider.acknowledge()


def receive_message(provider: Provider, request: InboundRequest, *, now: datetime) -> Response:
    """Take in a patient's message. Raises Unavailable."""
    route, account_id = _identify(provider, request, provider.named_receiver(request))
    if account_id is None:
        refusals.refused(provider.slug, route.sender_id if route else None, now=now)
        return provider.refuse()
    if route is not None:
        health.webhook_seen(route.sender_id, now=now)
    event: InboundMessage | None = None
    try:
        event = provider.parse_message(request)
        if route is None:
            held.keep(request, account_id, event, _Reason.UNKNOWN_SENDER, now=now)
            refusals.count(f"webhook.unknown_number.{provider.slug}", now=now)
            return provider.acknowledge()
        with in_clinic(route.schema_name):
            outcome = inbound.store(event, route, clock.here(now))
        health.inbound_seen(route.sender_id, now=now)
        if outcome.conflict:
            held.keep(request, account_id, event, _Reason.CONFLICT, now=now)
        return provider.acknowledge(outcome.replies)
    except Malformed as error:
        return _hold(provider, request, account_id, None, _Reason.MALFORMED, error.code, now)
    except Exception as error:  # the boundary: whatever went wrong, a verified message is kept
        return _hold(provider, request, account_id, event, _Reason.FAILED, _name(error), now)


def receive_status(provider: Provider, request: InboundRequest, *, now: datetime) -> Response:
    """Take in a status callback. Raises Unavailable."""
    route, account_id = _identify(provider, request, provider.named_origin(request))
    if account_id is None:
        refusals.refused(provider.slug, route.sender_id if route else None, now=now)
        return provider.refuse()
    if route is not None:
        health.webhook_seen(route.sender_id, now=now)
    update: StatusUpdate | None = None
    try:
        update = provider.parse_status(request)
        if not statuses.apply_status(update, account_id=account_id, route=route, now=now):
            refusals.count(f"status.unknown.{provider.slug}", now=now)
        return provider.acknowledge()
    except Malformed as error:
        return _hold(provider, request, account_id, None, _Reason.MALFORMED, error.code, now)
    except Exception as error:  # the boundary: as above
        return _hold(provider, request, account_id, update, _Reason.FAILED, _name(error), now)


def _identify(
    provider: Provider, request: InboundRequest, ours: tuple[Channel, str] | None
) -> tuple[Route | None, UUID | None]:
    """Return the route of our number, and the account that a good signature stands for, None for a bad one.

    Tried are the platform's own token (or key), then the tokens (present, previous) of the account that owns the number
    or, for a number we do not know, that the request names. An account that does not own the number is refused
    whoever signed. Raises Unavailable.
    """
    try:
        route = sender_for(*ours) if ours else None
        if route is not None and route.provider != provider.slug:
            return route, None
        named = provider.named_account(request)
        if route is not None and named in ("", route.account_sid):
            secrets = (*master_signers(provider.slug), *route.secrets)
            return route, route.account_id if provider.verify(request, secrets) else None
        account = _account_meant(provider, named, ours)
        secrets = (*master_signers(provider.slug), *(signers_of(account) if account else ()))
        if not provider.verify(request, secrets) or route is not None:
            return route, None
        return None, (account or master_account(provider.slug)).pk
    except _DATABASE as error:
        logger.error("webhook of %s not identified: %s", provider.slug, type(error).__name__)
        raise Unavailable from error


def _account_meant(
    provider: Provider, named: str, ours: tuple[Channel, str] | None
) -> ProviderAccount | None:
    """Return the account of a request for a number that is linked nowhere: the named one, else its last one."""
    if named:
        return account_for_sid(provider.slug, named)
    return account_of_former(provider.slug, *ours) if ours else None


def _hold(
    provider: Provider,
    request: InboundRequest,
    account_id: UUID,
    event: InboundMessage | StatusUpdate | None,
    reason: HeldEvent.Reason,
    code: str,
    now: datetime,
) -> Response:
    """Keep a verified request and say that all is well; without a database, ask for it again."""
    try:
        if (
            connection.connection is not None
            and not connection.in_atomic_block
            and not connection.is_usable()
        ):
            connection.close()
        held.keep(request, account_id, event, reason, error=code, now=now)
    except _DATABASE as error:
        logger.error("webhook of %s not kept: %s", provider.slug, type(error).__name__)
        raise Unavailable from error
    logger.error("webhook of %s held: %s, %s", provider.slug, reason, code)
    return provider.acknowledge()


def _name(error: Exception) -> str:
    # The type alone: texts of exceptions quote rows and numbers.
    logger.error("webhook failed: %s", type(error).__name__)
    return type(error).__name__
