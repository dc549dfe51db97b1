"""The ways in which messages arrive on a played phone, as somebody chooses them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from clinics.models import Channel
from messaging import failures
from messaging.providers.local.script import Behaviour

LATE_SECONDS = 20.0
BROKEN_CODE = "30003"  # the phone is switched off or out of reach
#: What a provider answers that does not take a message at all, by channel.
REFUSALS = {Channel.WHATSAPP: ("63003", "63016", "63112"), Channel.SMS: ("30005", "30006", "30007")}
_REFUSED = "refused-"


@dataclass(frozen=True, slots=True)
class Line:
    """A way; `icon` and `tone` go with its words."""

    slug: str
    label: str | Promise
    icon: str
    tone: str
    behaviour: Behaviour


@dataclass(frozen=True, slots=True)
class Choice:
    """A way that can be chosen; `refuses` sets those apart that the provider answers with a code."""

    slug: str
    label: str
    icon: str
    tone: str
    chosen: bool
    refuses: bool = False


_LINES = (
    Line("online", gettext_lazy("Online"), "signal", "ok", Behaviour()),
    Line("late", gettext_lazy("Late by 20 s"), "clock", "warn", Behaviour(deliver_after=LATE_SECONDS)),
    Line("broken", gettext_lazy("Switched off"), "warning", "bad", Behaviour(error_code=BROKEN_CODE)),
    Line("silent", gettext_lazy("Never arrives"), "ban", "bad", Behaviour(silent=True)),
    Line("lost", gettext_lazy("The answer gets lost"), "refresh", "warn", Behaviour(lost=True)),
)
_BY_SLUG = {line.slug: line for line in _LINES}


def behaviour_for(slug: str) -> Behaviour | None:
    """Return what a choice means, None for a slug that is none."""
    if slug in _BY_SLUG:
        return _BY_SLUG[slug].behaviour
    code = slug.removeprefix(_REFUSED)
    if slug != code and any(code in codes for codes in REFUSALS.values()):
        return Behaviour(refused_with=code)
    return None


def slug_of(behaviour: Behaviour) -> str:
    """Return which of the choices a behaviour is; whether the phone reads does not matter."""
    if behaviour.refused_with:
        return f"{_REFUSED}{behaviour.refused_with}"
    plain = replace(behaviour, reads=True)
    return next((line.slug for line in _LINES if line.behaviour == plain), "online")


def choices(behaviour: Behaviour | None, *channels: str) -> list[Choice]:
    """Return the ways that phones of these channels can have, the present one chosen."""
    present = slug_of(behaviour) if behaviour is not None else ""
    codes = [code for channel in channels for code in REFUSALS.get(Channel(channel), ())]
    return [
        *(Choice(line.slug, str(line.label), line.icon, line.tone, line.slug == present) for line in _LINES),
        *(
            Choice(
                f"{_REFUSED}{code}",
                f"{code}: {failures.explain(error_code=code).what}",
                "warning",
                "bad",
                present == f"{_REFUSED}{code}",
                refuses=True,
            )
            for code in codes
        ),
    ]
