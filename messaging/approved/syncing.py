"""How the clinic's texts stand at the provider: status, reason, category, and texts that were made elsewhere."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from clinics import clocks
from clinics.models import ProviderAccount
from clinics.queries import secrets_of
from clinics.tenancy import current_clinic
from messaging import live, providers
from messaging.approved import writing
from messaging.approved.choosing import WANTED, numbers_in, spelled, wish_of
from messaging.approved.starter import can_be_filled, names_of
from messaging.approved.submitting import JOB, SYNC_EVERY
from messaging.models import Approval, ContentTemplate
from messaging.providers.base import SendError
from messaging.providers.content import Content

logger = logging.getLogger(__name__)

#: In `error_code` of a text that the provider does not list (any more).
GONE = "gone"


def sync(*, now: datetime) -> None:
    """Read how the entered clinic's texts stand. Idempotent; outside of any transaction."""
    accounts = {account.pk: account for account in writing.accounts()}
    for account in ProviderAccount.objects.filter(pk__in=_with_texts()):
        accounts.setdefault(account.pk, account)
    for account in accounts.values():
        _sync_account(account, now)
    live.publish("approved", id=None)
    with clocks.visit(JOB, now=now) as visit:
        if ContentTemplate.objects.filter(_watched(), archived_at=None).exists():
            visit.next_at = now + SYNC_EVERY
        else:
            visit.sleep()


def _with_texts() -> list[UUID]:
    rows = ContentTemplate.objects.filter(archived_at=None).exclude(content_sid="")
    return list(rows.order_by().values_list("account_id", flat=True).distinct())


def _watched() -> Q:
    """Return the condition of texts whose standing may change by itself."""
    return Q(approval__in=(Approval.PENDING, Approval.APPROVED, Approval.PAUSED, Approval.UNKNOWN)) & ~Q(
        content_sid=""
    )


def _sync_account(account: ProviderAccount, now: datetime) -> None:
    known = {
        row.content_sid: row
        for row in ContentTemplate.objects.filter(account=account).exclude(content_sid="")
    }
    submitted = [row.content_sid for row in known.values() if row.submitted_at and not row.archived_at]
    try:
        contents = providers.contents_of(account.provider)
        if contents is None:
            return
        listed = contents.listed(
            account.external_id, next(iter(secrets_of(account)), ""), submitted=submitted
        )
    except providers.UnknownProvider:
        return
    except SendError as error:
        logger.info("texts of account %s not read: %s %s", account.pk, error.kind, error.code)
        waiting = ContentTemplate.objects.filter(account=account, approval=Approval.UNKNOWN, synced_at=None)
        waiting.update(error_code=error.code)
        return
    for content in listed:
        row = known.pop(content.content_sid, None)
        if row is None:
            # What stands at an account that clinics share may be another clinic's.
            if account.clinic_id == current_clinic().pk:
                _adopt(account, content, now)
        else:
            _take(row.pk, content, now)
    gone = [row.pk for row in known.values() if not row.archived_at and row.approval != Approval.DRAFT]
    ContentTemplate.objects.filter(pk__in=gone).update(
        approval=Approval.UNKNOWN, error_code=GONE, synced_at=now
    )


@transaction.atomic
def _take(row_id: UUID, content: Content, now: datetime) -> None:
    """Write what the provider says of a text that we know."""
    row = ContentTemplate.objects.select_for_update().get(pk=row_id)
    wanted = "" if row.archived_at else row.key or wish_of(row)
    changes: dict[str, Any] = {"synced_at": now, "error_code": ""}
    approval = Approval(content.approval)
    if approval == Approval.DRAFT and row.submitted_at:  # taken, not yet shown to a reviewer
        approval = Approval.PENDING
    if approval != Approval.DRAFT or not row.asked_category:
        changes |= {"approval": approval, "rejection_reason": content.rejection_reason}
    if content.category:
        changes["category"] = content.category
        if not row.asked_category:
            changes["asked_category"] = content.category
    if content.types:  # the words stand at the provider; what goes out is what it has
        changes |= _words(content, row.variables)
    if wanted:
        changes |= _use(wanted, changes.get("variables", row.variables))
    # It waits for its use, and the list says why; every look tries again.
    waiting = {"key": "", "content": {**changes.get("content", row.content), WANTED: wanted}}
    if wanted and not changes["key"]:
        changes |= waiting
    try:
        with transaction.atomic():
            ContentTemplate.objects.filter(pk=row.pk).update(**changes)
    except IntegrityError:  # another text of its language goes out for that already
        ContentTemplate.objects.filter(pk=row.pk).update(**{**changes, **waiting})


def _words(content: Content, known: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns that a text's words are kept in; the names of its variables are ours and stay."""
    names: Mapping[str, str] = {str(one["n"]): str(one.get("name", "")) for one in known}
    numbers = sorted({*content.samples, *numbers_in(content.body)}, key=lambda n: (len(n), n))
    return {
        "language": spelled(content.language) if content.language else "",
        "content_type": content.content_type,
        "body": content.body,
        "variables": [
            {"n": n, "name": names.get(n, ""), "sample": content.samples.get(n, "")} for n in numbers
        ],
        "buttons": [{"id": key, "title": title} for key, title in content.buttons],
        "content": dict(content.types),
    }


def _adopt(account: ProviderAccount, content: Content, now: datetime) -> None:
    """Keep a text that was made outside of this product; it goes out for nothing until somebody says so."""
    ContentTemplate.objects.bulk_create(
        [
            ContentTemplate(
                account=account,
                content_sid=content.content_sid,
                name=content.name or content.content_sid,
                approval=Approval(content.approval),
                rejection_reason=content.rejection_reason,
                category=content.category,
                asked_category=content.category,
                synced_at=now,
                created_at=now,
                **_words(content, []),
            )
        ],
        ignore_conflicts=True,
    )


def _use(key: str, variables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of a text that is to go out for a use: it does once each of its variables can be filled.

    A variable whose sample is one of our names ("{{1}}" with the example "patient_name") needs no question.
    """
    ours = names_of(key)
    named = [
        {**one, "name": one["sample"]} if not one.get("name") and one.get("sample") in ours else one
        for one in variables
    ]
    return {"key": key if can_be_filled(named, key) else "", "variables": named}
