"""The steps of connecting a number: what ticks each, and what helps until then. No statement is made here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clinics.models import Clinic, Sender, SenderHealth, SenderStatus
from messaging import failures, times


@dataclass(frozen=True, slots=True)
class Tick:
    """A step of connecting: done, wrong, or waited for."""

    title: str
    detail: str
    done: bool
    wrong: bool = False
    check: bool = False  # the provider can be asked again
    test: bool = False  # a test message can be sent here


def ticks_of(
    sender: Sender, health: SenderHealth, clinic: Clinic, *, provider: str, practice: bool, now: datetime
) -> Iterator[Tick]:
    """Yield the steps of connecting a number, in their order, each with how it stands; a provider goes by its name."""

    def at(moment: datetime) -> str:
        return times.moment(moment, clinic.zone, now=now)

    if not practice:  # a practice number has no token, and nothing to paste
        yield _credentials(health, provider, at(health.credentials_at) if health.credentials_at else "")
        seen = health.webhook_at or health.last_inbound_at
        yield Tick(
            _("Webhook seen"),
            _("%(provider)s reached us with a good signature · %(at)s")
            % {"provider": provider, "at": at(seen)}
            if seen
            else _("Paste the addresses below at the provider; the first signed call ticks this."),
            done=bool(seen),
        )
    came = health.last_inbound_at
    yield Tick(
        _("Test message came in"),
        _("The last message came %(at)s") % {"at": at(came)}
        if came
        else _("Write “hello” to the number from your own phone."),
        done=bool(came),
    )
    arrived = health.last_delivered_at
    yield Tick(
        _("Test answer delivered"),
        _("The last message arrived %(at)s") % {"at": at(arrived)}
        if arrived
        else _("Send a test to the phone that wrote; its receipt ticks this."),
        done=bool(arrived),
        test=sender.status == SenderStatus.ACTIVE,
    )


def _credentials(health: SenderHealth, provider: str, at: str) -> Tick:
    title = _("Credentials work")
    if not health.credentials_at:
        return Tick(title, _("%(provider)s is being asked.") % {"provider": provider}, False, check=True)
    if not health.credentials_error:
        said = _("%(provider)s took the token · %(at)s") % {"provider": provider, "at": at}
        return Tick(title, said, True, check=True)
    failure = failures.explain(error_code=health.credentials_error)
    detail = f"{failure.what.rstrip('.')}. {failure.helps} · {at}"
    return Tick(title, detail, False, wrong=True, check=True)
