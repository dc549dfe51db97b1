"""Changing what the clinic has of approved texts: the starter set, texts of its own, uses, what is put away.

Nothing here talks to a provider: what is to be submitted stands in its row, the worker takes it from there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import Channel, ProviderAccount
from medsync.lib import jobs
from medsync.lib.ids import new_id
from messaging import providers
from messaging.approved.choosing import WANTED, spelled
from messaging.approved.starter import SPELLED, Starter, starter_set
from messaging.models import Approval, ContentTemplate
from messaging.outbox import numbers

SUBMIT, SYNC = "messaging.submit_approved_texts", "messaging.sync_approved_texts"
TEXT, QUICK_REPLY = "twilio/text", "twilio/quick-reply"


class UseTaken(ValueError):
    """Another text of that account and language goes out for this already."""

    code = "use_taken"


class SidTaken(ValueError):
    """This content SID is in the list already."""

    code = "sid_taken"


def accounts() -> list[ProviderAccount]:
    """Return the accounts of the clinic's WhatsApp numbers whose provider has approved texts; one statement."""
    found = {one.account_id: one.account for one in numbers.active() if one.channel == Channel.WHATSAPP}
    return [account for account in found.values() if _has_contents(account.provider)]


@transaction.atomic
def submit_starter_set(*, now: datetime) -> int:
    """Put every text of the starter set that is not there yet into the queue, and those that failed once more.

    Returns how many are to be submitted. Idempotent: there is one text for a use, account and language.
    """
    to_do = 0
    for account in accounts():
        here = ContentTemplate.objects.filter(account=account, archived_at=None)
        known = {(row.key, spelled(row.language)) for row in here.exclude(key="")}
        missing = [one for one in starter_set() if (one.key, SPELLED[one.language]) not in known]
        made = ContentTemplate.objects.bulk_create(
            [_row(account, one, now) for one in missing], ignore_conflicts=True
        )
        to_do += len(made) + _again(here)
    if to_do:
        jobs.enqueue_on_commit(SUBMIT)
    return to_do


@transaction.atomic
def create(
    *,
    account: ProviderAccount,
    name: str,
    language: str,
    body: str,
    variables: Sequence[Mapping[str, str]],
    buttons: Sequence[str],
    category: str,
    key: str = "",
    now: datetime,
) -> ContentTemplate:
    """Store a text of the clinic's own, to be submitted. Raises UseTaken."""
    row = ContentTemplate(
        id=new_id(),
        account=account,
        name=name,
        key=key,
        language=spelled(language),
        content_type=QUICK_REPLY if buttons else TEXT,
        body=body,
        variables=[dict(one) for one in variables],
        buttons=[{"id": f"b{n}", "title": title} for n, title in enumerate(buttons, 1)],
        asked_category=category,
        created_at=now,
    )
    _store(row)
    jobs.enqueue_on_commit(SUBMIT)
    return row


@transaction.atomic
def map_existing(*, account: ProviderAccount, content_sid: str, key: str, now: datetime) -> ContentTemplate:
    """Store a text that the account has already, or bring it back; the next look at the provider brings its words.

    Raises SidTaken.
    """
    row = ContentTemplate(
        account=account, content_sid=content_sid, name=content_sid, approval=Approval.UNKNOWN, created_at=now
    )
    # Its language is not known yet, and a use is for one language: it is taken when the words come.
    row.content = {WANTED: key} if key else {}
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        away = ContentTemplate.objects.filter(account=account, content_sid=content_sid)
        back = away.exclude(archived_at=None).update(
            archived_at=None, approval=Approval.UNKNOWN, key="", content=row.content, error_code=""
        )
        if not back:
            raise SidTaken from error
        row = away.get()
    jobs.enqueue_on_commit(SYNC)
    return row


@transaction.atomic
def use_for(template_id: UUID, *, key: str, names: Mapping[str, str]) -> bool:
    """Say what a text goes out for ("" for nothing), and by which names its variables are filled.

    False when there is no such text. Raises UseTaken.
    """
    row = ContentTemplate.objects.select_for_update().filter(pk=template_id, archived_at=None).first()
    if row is None:
        return False
    row.key = key
    row.content.pop(WANTED, None)  # this is the answer to it
    row.variables = [{**one, "name": names.get(str(one["n"]), one.get("name", ""))} for one in row.variables]
    _store(row, update_fields=["key", "variables", "content"])
    return True


@transaction.atomic
def submit_again(template_id: UUID) -> bool:
    """Try once more what the provider did not take; False when there is nothing to try."""
    moved = _again(ContentTemplate.objects.filter(pk=template_id, archived_at=None))
    if moved:
        jobs.enqueue_on_commit(SUBMIT)
    return bool(moved)


@transaction.atomic
def write_anew(
    template_id: UUID, *, body: str, samples: Mapping[str, str], now: datetime
) -> ContentTemplate | None:
    """Put a rejected text away and submit another in its place, under a new name; None when there is none."""
    old = ContentTemplate.objects.select_for_update().filter(pk=template_id, archived_at=None).first()
    if old is None or old.approval not in (Approval.REJECTED, Approval.DISABLED):
        return None
    ContentTemplate.objects.filter(pk=old.pk).update(archived_at=now)
    known = {str(one["n"]): one for one in old.variables}
    row = ContentTemplate(
        id=new_id(),
        account_id=old.account_id,
        name=old.name,
        key=old.key,
        language=old.language,
        content_type=old.content_type,
        body=body,
        variables=[
            {"n": n, "name": known.get(n, {}).get("name", ""), "sample": sample}
            for n, sample in samples.items()
        ],
        buttons=old.buttons,
        asked_category=old.asked_category,
        created_at=now,
    )
    _store(row)
    jobs.enqueue_on_commit(SUBMIT)
    return row


def put_away(template_id: UUID, *, now: datetime) -> bool:
    """Take a text out of use; it stays at the provider. False when it is already."""
    done = ContentTemplate.objects.filter(pk=template_id, archived_at=None).update(archived_at=now)
    if done:
        jobs.enqueue_on_commit(SYNC)  # another text may wait for its place
    return bool(done)


def _again(rows: Any) -> int:
    """Let the worker try rows that a provider did not take; return how many."""
    failed = rows.filter(approval=Approval.DRAFT, submitted_at=None).exclude(error_code="")
    return int(failed.exclude(asked_category="").update(error_code=""))


def _row(account: ProviderAccount, one: Starter, now: datetime) -> ContentTemplate:
    return ContentTemplate(
        account=account,
        name=one.key,
        key=one.key,
        language=SPELLED[one.language],
        content_type=QUICK_REPLY if one.buttons else TEXT,
        body=one.body,
        variables=[{"n": n, "name": name, "sample": sample} for n, name, sample in one.variables],
        buttons=[{"id": button, "title": title} for button, title in one.buttons],
        asked_category=one.category,
        created_at=now,
    )


def _store(row: ContentTemplate, *, update_fields: Sequence[str] | None = None) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=update_fields is None, update_fields=update_fields)
    except IntegrityError as error:
        raise UseTaken from error


def _has_contents(provider: str) -> bool:
    try:
        return providers.contents_of(provider) is not None
    except providers.UnknownProvider:
        return False
