"""The page of the clinic's numbers, as its templates read it. Built from rows; no statement is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from clinics.carriers import CARRIERS, carrier
from clinics.models import Channel, Clinic, ProviderAccount, Sender, SenderHealth, SenderStatus
from medsync.lib import phone
from messaging import callbacks, times
from messaging.gate.capacity import Use
from messaging.inbox import parts
from messaging.inbox.parts import Chip
from messaging.numbers.queries import Figures, health_of
from messaging.numbers.ticks import Tick, ticks_of

LOCAL = "local"
PROVIDERS = {slug: known.label for slug, known in CARRIERS.items()} | {LOCAL: "MedSync"}


@dataclass(frozen=True, slots=True)
class Row:
    """A number in the list."""

    id: UUID
    url: str
    number: str
    about: str
    state: Chip
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The numbers of one channel."""

    head: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a number's health."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Paste:
    """An address to paste at the provider."""

    id: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Way:
    """A provider at which a number may be."""

    label: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class Number:
    """One number."""

    id: UUID
    number: str
    tag: str
    state: Chip
    active: bool
    primary: bool
    practice: bool
    provider: str
    ticks: list[Tick]
    done: bool
    figures: list[Figure]
    reach: str
    paste: list[Paste]
    paste_help: str
    facts: list[tuple[str, str]]
    alert: str
    urls: dict[str, str]


def groups(found: Sequence[Sender], *, clinic: Clinic, current: UUID | None, now: datetime) -> list[Group]:
    """Return the list: active numbers by channel, then those taken off."""
    shown: list[Group] = []
    for channel in Channel:
        mine = [s for s in found if s.channel == channel and s.status == SenderStatus.ACTIVE]
        if mine:
            head = _("%(channel)s · %(n)d of 3") % {"channel": channel.label, "n": len(mine)}
            shown.append(Group(head, [_row(s, clinic, current, now=now) for s in mine]))
    gone = [s for s in found if s.status != SenderStatus.ACTIVE]
    if gone:
        shown.append(Group(_("Taken off"), [_row(s, clinic, current, now=now) for s in gone]))
    return shown


def number(sender: Sender, figures: Figures, *, clinic: Clinic, now: datetime) -> Number:
    """Return one number with its ticks, its health and what to paste."""
    health, account = health_of(sender), sender.account
    provider, practice = PROVIDERS.get(account.provider, account.provider), account.provider == LOCAL
    ticks = list(ticks_of(sender, health, clinic, provider=provider, practice=practice, now=now))
    here = [sender.pk]
    return Number(
        id=sender.pk,
        number=phone.display(sender.phone_number, clinic.country),
        tag=_tag(sender),
        state=_state(sender, health, now=now),
        active=sender.status == SenderStatus.ACTIVE,
        primary=sender.is_primary,
        practice=practice,
        provider=provider,
        ticks=ticks,
        done=all(tick.done for tick in ticks),
        figures=list(_figures(health, figures, clinic, now=now)),
        reach=_reach(figures.reach),
        paste=paste(account.provider, sender.channel),
        paste_help=_paste_help(account.provider),
        facts=list(_facts(sender, account, clinic, now=now)),
        alert=_alert(health, account, clinic, now=now),
        urls={
            name: reverse(f"numbers:{name}", args=here)
            for name in ("one", "primary", "deactivate", "check", "test", "token")
        },
    )


def _reach(use: Use | None) -> str:
    """Return how many people the account has reached outside of their 24 hours; Meta limits them."""
    if use is None:
        return ""
    return _(
        "%(reached)s of %(limit)s people reached in 24 hours outside of their windows; %(kept)s kept for reminders"
    ) % {
        "reached": number_format(use.reached),
        "limit": number_format(use.people_a_day),
        "kept": number_format(use.kept),
    }


def _row(sender: Sender, clinic: Clinic, current: UUID | None, *, now: datetime) -> Row:
    about = [
        _tag(sender),
        _("primary") if sender.is_primary else "",
        PROVIDERS.get(sender.account.provider, ""),
    ]
    return Row(
        id=sender.pk,
        url=reverse("numbers:one", args=[sender.pk]),
        number=phone.display(sender.phone_number, clinic.country),
        about=" · ".join(filter(None, about)),
        state=_state(sender, health_of(sender), now=now),
        current=sender.pk == current,
    )


def _tag(sender: Sender) -> str:
    tag = parts.sender_tag(sender, sender.channel)
    return tag.text if tag and sender.rank else str(Channel(sender.channel).label)


def _state(sender: Sender, health: SenderHealth, *, now: datetime) -> Chip:
    if sender.status != SenderStatus.ACTIVE:
        return Chip(_("Taken off"), "minus")
    if sender.account.provider == LOCAL:
        return Chip(_("Practice number"), "phone")
    if sender.account.state == ProviderAccount.State.REFUSED or health.credentials_error:
        return Chip(_("Refused"), "warning", "bad")
    if sender.account.stopped_at:
        return Chip(_("Does not answer"), "warning", "warn")
    if health.alert_since:
        return Chip(_("Signatures refused"), "warning", "warn")
    if health.last_inbound_at and health.last_delivered_at:
        return Chip(_("Healthy"), "check", "ok")
    return Chip(_("Connecting"), "signal", "accent")


def _figures(health: SenderHealth, found: Figures, clinic: Clinic, *, now: datetime) -> Iterator[Figure]:
    def at(moment: datetime | None) -> str:
        return times.moment(moment, clinic.zone, now=now) if moment else _("none yet")

    yield Figure(_("Last in"), at(health.last_inbound_at))
    yield Figure(_("Last delivered"), at(health.last_delivered_at))
    failed = _("%(failed)d of %(sent)d") % {"failed": found.failed, "sent": found.sent}
    yield Figure(_("Failed"), failed, _("in 24 h"), "bad" if found.failed else "")
    refused = _("since %(at)s") % {"at": at(health.refused_since)} if health.refused_since else ""
    yield Figure(
        _("Refused signatures"), str(health.refused_count), refused, "warn" if health.alert_since else ""
    )


def way(provider: str, url: str, *, here: str) -> Way:
    """Return a provider with the channels that it carries; `here` is the one whose form is shown."""
    known = carrier(provider)
    channels = ", ".join(str(channel.label) for channel in known.channels)
    return Way(f"{known.label} · {channels}", url, provider == here)


def paste(provider: str, channel: str) -> list[Paste]:
    """Return the addresses that a number needs at its provider."""
    if provider not in CARRIERS or channel == Channel.VOICE:
        return []
    inbound = callbacks.inbound_url(channel, provider=provider)
    status = callbacks.status_base_url(channel, provider=provider)
    if inbound == status:  # one address for all events, and for when it did not answer
        return [Paste("paste-in", _("Webhook URL and failover URL of the messaging profile"), inbound)]
    return [
        Paste("paste-in", _("When a message comes in (POST)"), inbound),
        Paste("paste-status", _("Status callback"), status),
    ]


def _paste_help(provider: str) -> str:
    if carrier(provider).has_public_key:
        return _(
            "It is set on the number’s messaging profile, twice. A refused signature means that the public key is "
            "another account’s, or that MedSync’s clock is wrong."
        )
    return _(
        "For WhatsApp they are set on the WhatsApp sender, not on the number. A refused signature means that "
        "the address at the provider differs from this one."
    )


def _facts(
    sender: Sender, account: ProviderAccount, clinic: Clinic, *, now: datetime
) -> Iterator[tuple[str, str]]:
    yield _("Display name"), sender.display_name or "–"
    if sender.provider_sender_id:
        yield _("Provider’s id"), _short(sender.provider_sender_id)
    if sender.messaging_profile_id:
        yield _("Messaging profile"), _short(sender.messaging_profile_id)
    if account.provider != LOCAL:
        own = _("The platform’s account") if account.is_master else _("Its own account")
        yield _("Account"), f"{own} · {_short(account.external_id)}"
    if account.previous_until and account.previous_until > now:
        until = times.moment(account.previous_until, clinic.zone, now=now)
        yield _("Previous token"), _("valid until %(at)s") % {"at": until}
    yield _("Connected"), times.short_day(sender.created_at, clinic.zone)


def _short(sid: str) -> str:
    return f"{sid[:4]}…{sid[-4:]}" if len(sid) > 12 else sid


def _alert(health: SenderHealth, account: ProviderAccount, clinic: Clinic, *, now: datetime) -> str:
    if account.state == ProviderAccount.State.REFUSED:
        return _("The provider refuses this account: messages wait and go by themselves once it is settled.")
    if account.stopped_at:
        return _(
            "The provider does not answer: messages wait, we keep trying, and then they go by themselves."
        )
    if health.alert_since:
        since = times.moment(health.alert_since, clinic.zone, now=now)
        if carrier(account.provider).has_public_key:
            return _(
                "Three signatures in five minutes were refused, %(at)s: the public key is another account’s, or "
                "MedSync’s clock is wrong."
            ) % {"at": since}
        return _(
            "Three signatures in five minutes were refused, %(at)s: the token or the pasted address is wrong. "
            "Compare the addresses below with those at the provider. If MedSync shows another address than it "
            "has, whoever operates it must set TWILIO_WEBHOOK_BASE_URL to its exact public https address."
        ) % {"at": since}
    return ""
