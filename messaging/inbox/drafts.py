"""What a member began to write: the list shows its beginning, the composer brings it back."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models.functions import Left

from clinics.models import User
from messaging.models import Draft, DraftTab

#: What the list shows of a draft.
SHOWN = 160


def drafts_of(user: User, conversation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the beginnings of a member's unsent replies by conversation; one statement."""
    rows = Draft.objects.filter(
        user_id=user.pk, conversation__in=list(conversation_ids), tab=DraftTab.REPLY
    ).exclude(body="")
    return dict(rows.annotate(shown=Left("body", SHOWN)).values_list("conversation_id", "shown"))


def drafts_in(conversation_id: UUID, user: User) -> dict[str, Draft]:
    """Return a member's drafts of one thread by tab, the empty ones too: their revisions count."""
    return {d.tab: d for d in Draft.objects.filter(conversation=conversation_id, user_id=user.pk)}
