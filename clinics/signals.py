"""Events of the shared room; payloads are ids, sent inside the transaction and inside the clinic they concern."""

from django.dispatch import Signal

# clinic_created(sender=Clinic, clinic_id: UUID, owner_user_id: UUID | None): seeds defaults; re-runnable.
clinic_created = Signal()

# sender_linked(sender=Sender, sender_id: UUID): held events of the number can be replayed.
sender_linked = Signal()
