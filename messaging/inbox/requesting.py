"""What a composer's request carries beside its words: the number, the key, the draft's revision."""

from __future__ import annotations

from datetime import timedelta

from clinics.access import ClinicRequest
from clinics.models import Channel, Sender
from medsync.lib import clock
from medsync.lib.ids import id_in
from medsync.lib.text import clean
from messaging.attachments import sending
from messaging.attachments.sending import Upload

#: A page whose clock runs ahead may not lock others out of a draft for longer than this.
AHEAD = timedelta(seconds=60)


def sender(request: ClinicRequest) -> Sender | None:
    """Return the number that was chosen by hand (the gate knows whether it works), None for the patient's."""
    chosen = id_in(request.POST.get("sender", ""))
    if chosen is None:
        return None
    return (
        Sender.objects.select_related("account")
        .filter(pk=chosen, clinic=request.clinic, channel__in=(Channel.WHATSAPP, Channel.SMS))
        .first()
    )


def client_id(request: ClinicRequest) -> str | None:
    """Return the key under which sending this again sends once."""
    return clean(request.POST.get("client_message_id", ""))[:80] or None


def revision(request: ClinicRequest) -> int | None:
    """Return the revision of the page's draft; it counts by the page's clock, which may not be far ahead."""
    text = request.POST.get("revision", "")
    if not text.isdecimal() or not text.isascii() or len(text) > 15:
        return None
    return min(int(text), int((max(clock.now(), clock.real_now()) + AHEAD).timestamp() * 1000))


def files(request: ClinicRequest) -> list[Upload]:
    """Return the files that were chosen; of what is too big just enough is read to see that it is."""
    chosen = request.FILES.getlist("files")[: sending.MOST + 1]
    return [Upload((one.name or "")[:200], one.read(sending.LARGEST + 1)) for one in chosen]
