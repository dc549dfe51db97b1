"""From a provider's request to what it changes: verify, route, parse, store, acknowledge.

Called by the HTTP webhooks and by the built-in phones alike. After a signature has been found good, nothing is
lost any more: what cannot be processed is held (`messaging.held`) and answered with 200, for a provider that
gets an error forgets the message.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from clinics.models import HeldEvent, ProviderAccount
from clinics.queries import Route, account_for_sid, secrets_of, sender_for
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

    Tried are the platform's own token, then the tokens (present, previous) of the account that owns the number
    or, for a number we do not know, that the request names. An account that does not own the number is refused
    whoever signed. Raises Unavailable.
    """
    try:
        route = sender_for(*ours) if ours else None
        if route is not None and route.provider != provider.slug:
            return route, None
        named = provider.named_account(request)
        if route is not None and named in ("", route.account_sid):
            secrets = (*_master_secrets(provider), *route.secrets)
            return route, route.account_id if provider.verify(request, secrets) else None
        account = account_for_sid(provider.slug, named) if named else None
        secrets = (*_master_secrets(provider), *(secrets_of(account) if account else ()))
        if not provider.verify(request, secrets) or route is not None:
            return route, None
        return None, (account or _master_account(provider)).pk
    except _DATABASE as error:
        logger.error("webhook of %s not identified: %s", provider.slug, type(error).__name__)
        raise Unavailable from error


def _master_secrets(provider: Provider) -> tuple[str, ...]:
    token = settings.TWILIO_AUTH_TOKEN if provider.slug == "twilio" else ""
    return (token,) if token else ()


def _master_account(provider: Provider) -> ProviderAccount:
    account, _ = ProviderAccount.objects.get_or_create(
        provider=provider.slug,
        external_id=settings.TWILIO_ACCOUNT_SID,
        defaults={"is_master": True},
    )
    return account


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
