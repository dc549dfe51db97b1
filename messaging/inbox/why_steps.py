"""The gate's steps of one message in plain words, each with what it was decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic
from messaging import gate, times
from messaging.models import ConsentEvent, Message
from messaging.outbox import routes


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked before sending: passed, waited for, refused or unasked."""

    text: str
    detail: str
    icon: str
    state: str
    url: str = ""  # where the proof is


@dataclass(frozen=True, slots=True)
class _Looked:
    """A stored step with what its words need."""

    name: str
    ok: bool
    code: str
    evidence: Mapping[str, str]
    message: Message
    clinic: Clinic
    now: datetime

    def when(self, name: str) -> str:
        """Return a time of the evidence as the desk says it, "" where it is not known."""
        at = parse_datetime(self.evidence.get(name, ""))
        return times.moment(at, self.clinic.zone, now=self.now) if at else ""

    def until(self, name: str) -> str:
        """Return a time of the evidence that something waits for."""
        at = parse_datetime(self.evidence.get(name, ""))
        return times.until(at, self.clinic.zone, now=self.now) if at else ""


_PASSED = {
    "sender": gettext_lazy("The clinic’s number works"),
    "account": gettext_lazy("The provider takes the account"),
    "address": gettext_lazy("There is an address to send to"),
    "opt_out": gettext_lazy("No STOP on this channel"),
    "consent": gettext_lazy("Messages on this channel are agreed to"),
    "window": gettext_lazy("Could write freely"),
    "body": gettext_lazy("The text fits"),
    "duplicate": gettext_lazy("Not said just before"),
    "quiet": gettext_lazy("Outside of quiet hours"),
    "capacity": gettext_lazy("There was room among the people of 24 hours"),
    "time": gettext_lazy("Still in time"),
}
#: These say when, not whether: what comes after them still counts.
_HOLDS = frozenset({"account", "quiet", "capacity"})


def steps_of(
    message: Message, *, clinic: Clinic, now: datetime, proof: ConsentEvent | None = None, proof_url: str = ""
) -> Iterator[Step]:
    """Yield what the gate looked at, in its order; after the first refusal the rest changed nothing."""
    stopped = False
    for raw in message.verdict.get("steps", ()):
        looked = _looked(raw, message, clinic, now)
        text = _text(looked)
        unasked = looked.name == "consent" and looked.ok and proof is None and message.channel == Channel.SMS
        if unasked:
            text = _("Nobody refused: an SMS about a visit needs no more")
        if stopped:
            yield Step(text, "", "minus", "unasked")
            continue
        url = _proof_url(looked, proof, proof_url)
        detail = _agreed(proof, clinic, now) if looked.name == "consent" and looked.ok else _detail(looked)
        if looked.ok:
            yield Step(text, detail, "check", "passed", url)
        elif looked.name in _HOLDS:
            yield Step(_refusal(looked), detail, "clock", "waits")
        else:
            yield Step(_refusal(looked), detail, "close", "refused", url)
            stopped = True


def _proof_url(looked: _Looked, proof: ConsentEvent | None, url: str) -> str:
    """Return where the ledger shows what a step was decided on, "" where it has nothing to show."""
    if looked.ok:
        return url if looked.name == "consent" and proof is not None else ""
    return url if looked.name in {"consent", "opt_out"} else ""


def _looked(raw: Mapping[str, Any], message: Message, clinic: Clinic, now: datetime) -> _Looked:
    return _Looked(
        name=str(raw.get("step", "")),
        ok=bool(raw.get("ok")),
        code=str(raw.get("code", "")),
        evidence=raw.get("evidence") or {},
        message=message,
        clinic=clinic,
        now=now,
    )


def _text(looked: _Looked) -> str:
    if looked.name == "channel":
        return _channel(looked)
    if looked.name == "window" and looked.evidence.get("template_name"):
        return _("Approved text “%(name)s”") % {"name": looked.evidence["template_name"]}
    if looked.name == "window" and looked.message.channel == Channel.SMS:
        return _("By SMS one may always write")
    return str(_PASSED.get(looked.name, looked.name))


def _refusal(looked: _Looked) -> str:
    said, _remedy = gate.sentences(looked.code, looked.message.channel)
    return said or _text(looked)


def _channel(looked: _Looked) -> str:
    channel = _name(looked.message.channel)
    sentences = {
        routes.ANSWERED: _("%(channel)s, where the patient wrote"),
        routes.BY_HAND: _("%(channel)s, from the number that was chosen"),
        routes.LAST: _("%(channel)s, where the patient last wrote"),
        routes.PREFERRED: _("%(channel)s, as the patient prefers"),
        routes.ORDER: _("%(channel)s, where the clinic begins"),
        routes.ELSEWHERE: _("%(channel)s, because %(other)s was not possible"),
    }
    sentence = sentences.get(looked.evidence.get("how", ""), "%(channel)s")
    return sentence % {"channel": channel, "other": _name(looked.evidence.get("instead_of", ""))}


def _name(channel: str) -> str:
    return str(Channel(channel).label) if channel in Channel.values else channel


def _detail(looked: _Looked) -> str:
    found = _DETAILS.get(looked.name)
    return found(looked) if found else ""


def _channel_detail(looked: _Looked) -> str:
    because = looked.evidence.get("because")
    if because:
        return gate.sentences(because, looked.evidence.get("instead_of", ""))[0]
    return looked.when("at")


def _since(looked: _Looked) -> str:
    when = looked.when("opted_out_at") or looked.when("at")
    return _("Since %(when)s") % {"when": when} if when else ""


def _window(looked: _Looked) -> str:
    if looked.message.channel != Channel.WHATSAPP:
        return ""
    closed, wrote = looked.when("closed_at"), looked.when("last_inbound_at")
    if closed and not looked.ok:
        return _("WhatsApp said so, %(when)s") % {"when": closed}
    if wrote:
        return _("The patient last wrote %(when)s") % {"when": wrote}
    return _("The patient has never written to this number") if "template_name" in looked.evidence else ""


def _duplicate(looked: _Looked) -> str:
    when = looked.when("at")
    return _("Stored %(when)s") % {"when": when} if when else ""


def _quiet(looked: _Looked) -> str:
    zone = looked.evidence.get("zone", "") or looked.clinic.timezone
    at = parse_datetime(looked.evidence.get("until", ""))
    until = times.until(at, ZoneInfo(zone), now=looked.now) if at else ""
    if zone == looked.clinic.timezone:
        return until
    city = zone.rpartition("/")[2].replace("_", " ")
    return " · ".join(filter(None, (until, _("on the clock of %(city)s") % {"city": city})))


def _capacity(looked: _Looked) -> str:
    used, limit = looked.evidence.get("used", ""), looked.evidence.get("limit", "")
    parts = []
    if used.isdigit() and limit.isdigit():
        parts.append(
            _("%(used)s of %(limit)s people in 24 hours")
            % {"used": number_format(int(used)), "limit": number_format(int(limit))}
        )
    elif limit.isdigit():
        parts.append(_("%(limit)s people in 24 hours") % {"limit": number_format(int(limit))})
    if until := looked.until("until"):
        parts.append(until)
    return " · ".join(parts)


def _time(looked: _Looked) -> str:
    until = looked.when("expires_at")
    return _("It made sense until %(when)s") % {"when": until} if until else ""


_DETAILS: Mapping[str, Callable[[_Looked], str]] = {
    "channel": _channel_detail,
    "address": _since,
    "opt_out": _since,
    "window": _window,
    "duplicate": _duplicate,
    "quiet": _quiet,
    "capacity": _capacity,
    "time": _time,
}


def _agreed(proof: ConsentEvent | None, clinic: Clinic, now: datetime) -> str:
    """Return how and when the patient agreed, "" where nothing is in the ledger (an SMS needs no more than a number)."""
    if proof is None:
        return ""
    how = str(proof.get_source_display())
    when = times.moment(proof.at, clinic.zone, now=now)
    return _("%(how)s · %(when)s") % {"how": how[:1].upper() + how[1:], "when": when}
