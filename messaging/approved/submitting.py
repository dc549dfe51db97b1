"""Bringing texts to the provider and asking WhatsApp to approve them: the worker's part, resumable at any point."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache

from clinics import clocks
from clinics.queries import secrets_of
from clinics.tenancy import current_clinic
from medsync.lib import jobs
from messaging import live, providers
from messaging.approved.writing import SUBMIT, SYNC
from messaging.models import Approval, ContentTemplate
from messaging.providers.base import ErrorKind, SendError
from messaging.providers.content import ContentDraft, ContentProvider

logger = logging.getLogger(__name__)

#: The name of this room's visits (`clinics.clocks`).
JOB = "approved_texts"
SYNC_EVERY = timedelta(minutes=30)
#: Seconds after which one looks how a text stands that was just submitted.
LOOK_SOON = 20
#: One text is with the provider for no longer.
_ONE_TAKES = 120
#: Twilio: this content was submitted before, so an answer of its was lost.
_SUBMITTED = "92009"
_NOT_A_NAME = re.compile(r"[^a-z0-9_]+")


def submit_waiting(*, now: datetime) -> int:
    """Create and submit what waits in the entered clinic; return how many were submitted.

    Outside of any transaction. What fails keeps its error until somebody tries again; the account's trouble stops
    the texts of that account, a provider that is busy is asked again later.
    """
    waiting = ContentTemplate.objects.filter(
        approval=Approval.DRAFT, submitted_at=None, archived_at=None, error_code=""
    ).exclude(asked_category="")
    done, stopped = 0, set[UUID]()
    for row in waiting.select_related("account").order_by("created_at", "id"):
        # The cache only keeps two workers off one text; were it lost, the provider would have it twice.
        if row.account_id in stopped or not cache.add(f"approved-text:{row.pk}", 1, _ONE_TAKES):
            continue
        try:
            _submit(row, now)
            done += 1
        except SendError as error:
            stopped |= _failed(row, error)
        finally:
            cache.delete(f"approved-text:{row.pk}")
        live.publish("approved", id=row.pk)
    if done:
        clocks.wake(JOB, now + SYNC_EVERY)
        jobs.enqueue(SYNC, schema=current_clinic().schema_name, after=LOOK_SOON)
    return done


def _submit(row: ContentTemplate, now: datetime) -> None:
    contents, account = _contents(row), row.account
    secret = next(iter(secrets_of(account)), "")
    name = name_at_provider(row)
    if not row.content_sid:
        made = contents.create(account.external_id, secret, _draft(row, name))
        row.content_sid = made
        ContentTemplate.objects.filter(pk=row.pk, content_sid="").update(content_sid=made)
    approval, category = Approval.PENDING, ""
    try:
        answer = contents.submit(
            account.external_id, secret, content_sid=row.content_sid, name=name, category=row.asked_category
        )
        approval, category = Approval(answer.approval), answer.category
    except SendError as error:
        if error.code != _SUBMITTED:
            raise
    if approval == Approval.DRAFT:  # taken, and not yet shown to a reviewer
        approval = Approval.PENDING
    ContentTemplate.objects.filter(pk=row.pk, approval=Approval.DRAFT).update(
        approval=approval, category=category, submitted_at=now, error_code="", rejection_reason=""
    )


def name_at_provider(row: ContentTemplate) -> str:
    """Return the name under which WhatsApp knows a text: never one that was rejected before. Pure."""
    plain = _NOT_A_NAME.sub("_", (row.key or row.name).lower()).strip("_") or "text"
    return f"{plain[:40]}_{row.language.lower()}_{row.pk.hex[-8:]}"


def _draft(row: ContentTemplate, name: str) -> ContentDraft:
    return ContentDraft(
        name=name,
        language=row.language,
        body=row.body,
        samples=samples_of(row),
        buttons=tuple((str(one["id"]), str(one["title"])) for one in row.buttons),
    )


def samples_of(row: ContentTemplate) -> Mapping[str, str]:
    """Return what reviewers see in place of the variables."""
    return {str(one["n"]): str(one.get("sample", "")) for one in row.variables}


def _contents(row: ContentTemplate) -> ContentProvider:
    try:
        found = providers.contents_of(row.account.provider)
    except providers.UnknownProvider:
        found = None
    if found is None:
        raise SendError("provider_off", ErrorKind.PERMANENT)
    return found


def _failed(row: ContentTemplate, error: SendError) -> set[UUID]:
    """Note what the provider said; return the account when its other texts must wait too."""
    logger.info("text %s not submitted: %s %s", row.pk, error.kind, error.code)
    if error.kind is ErrorKind.RETRY:
        later = min(max(error.retry_after or 0.0, 15.0), 60.0)
        jobs.enqueue(SUBMIT, schema=current_clinic().schema_name, after=later)
        return {row.account_id}
    ContentTemplate.objects.filter(pk=row.pk).update(error_code=error.code)
    if error.kind is not ErrorKind.ACCOUNT:
        return set()
    ContentTemplate.objects.filter(
        account=row.account_id, approval=Approval.DRAFT, submitted_at=None, archived_at=None, error_code=""
    ).exclude(asked_category="").update(error_code=error.code)
    return {row.account_id}
