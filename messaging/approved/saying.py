"""A member sends an approved text, alone or as the knock before a reply that waits for the patient."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from clinics.models import Channel, Sender, User
from medsync.lib.text import clean
from messaging import drafts, gate
from messaging.approved import choosing, holding
from messaging.models import (
    Approval,
    Author,
    ContentTemplate,
    Conversation,
    DraftTab,
    Kind,
    Message,
    MessageStatus,
)
from messaging.outbox import numbers, replying
from messaging.outbox.preparing import prepared
from messaging.outbox.queueing import insert
from scheduling.locks import retrying


class NotApproved(ValueError):
    """WhatsApp does not take this text now."""

    code = "not_approved"


class ValueMissing(ValueError):
    """Variables of the text have no value; `names` in their order."""

    code = "missing_variable"

    def __init__(self, names: list[str]) -> None:
        super().__init__(self.code)
        self.names = names


@retrying
def say(
    conversation: Conversation,
    *,
    template: ContentTemplate,
    values: Mapping[str, str],
    user: User,
    now: datetime,
    hold: str = "",
    client_message_id: str | None = None,
    after_message_id: UUID | None = None,
    sender: Sender | None = None,
    draft: int | None = None,
) -> Message:
    """Queue an approved text, filled by name; with `hold` those words go by themselves once the patient writes.

    Idempotent under `client_message_id`. `draft` is the revision of the draft that `hold` was, which ends with it.
    Raises NotApproved, ValueMissing, BodyRefused, KeyReused, AnsweredMeanwhile, GateRefused, holding.HeldAlready.
    """
    if template.approval != Approval.APPROVED or template.archived_at or not template.content_sid:
        raise NotApproved
    variables = choosing.variables_for(template, {name: clean(value) for name, value in values.items()})
    if variables is None:
        raise ValueMissing(choosing.missing(template, values))
    body = replying.checked(choosing.reads(template, variables))
    hold = replying.checked(hold) if hold.strip() else ""
    with transaction.atomic():
        Conversation.objects.select_for_update(no_key=True).values_list("pk").get(pk=conversation.pk)
        if known := replying.known_request(conversation, body, client_message_id):
            return known
        replying.nobody_faster(conversation, after_message_id, user=user)
        message, verdict = prepared(
            conversation,
            body=body,
            kind=Kind.TEMPLATE,
            purpose=gate.KNOCK if hold else gate.STAFF,
            author=Author.STAFF,
            user=user,
            sender=sender_for(conversation, template, sender),
            client_message_id=client_message_id,
            language=template.language,
            template=template,
            variables=variables,
            now=now,
        )
        if not verdict.allowed:
            raise replying.GateRefused(verdict)
        message.status, message.next_attempt_at = MessageStatus.QUEUED, verdict.not_before or now
        if template.buttons:
            message.payload["buttons"] = [dict(one) for one in template.buttons]
        stored = insert(message)
        if stored is not message:
            return stored
        if hold:
            holding.hold(conversation, body=hold, knock=message, user=user, now=now)
            if draft is not None:
                drafts.clear(conversation.pk, user, tab=DraftTab.REPLY, revision=draft, now=now)
        replying.answered(conversation, message, verdict, user=user, now=now)
        replying.ring()
        if hold:
            holding.wake(now=now)  # the clock is locked last
        return message


def sender_for(conversation: Conversation, template: ContentTemplate, chosen: Sender | None) -> Sender | None:
    """Return the WhatsApp number that the text leaves from: one of the account that has it approved.

    The chosen one, else the one that the patient wrote to last, else the first. Raises NotApproved when there is none.
    """
    if chosen is not None and chosen.account_id == template.account_id and chosen.channel == Channel.WHATSAPP:
        return chosen
    senders = [
        one
        for one in numbers.active()
        if one.account_id == template.account_id and one.channel == Channel.WHATSAPP
    ]
    if not senders:
        raise NotApproved
    return numbers.with_id(senders, conversation.last_sender_id) or senders[0]
