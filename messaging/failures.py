"""Why a message did not arrive, and what helps: one plain sentence each, for every code that a member can meet.

A code is the provider's number, a word of the outbox ("absent", "gave_up") or one of the gate. What is not known
yet is shown with its number, so that it can be looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import gate
from messaging.providers.twilio.errors import Cause, cause


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened and what helps, in the active language."""

    what: str
    helps: str
    again: bool  # the same message may arrive when it is sent once more


_Sentences = tuple[str | Promise, str | Promise]

_TRY_AGAIN = _("Send it again, or call the patient.")
_OTHER_WAY = _("Call the patient, or use another number or channel.")
_CHECK_NUMBER = _("Check the number with the patient, or call.")
_CHECK_ACCOUNT = _("Check the account's token and its balance.")

_CAUSES: Mapping[Cause, _Sentences] = {
    Cause.ACCOUNT: (_("The provider refuses the clinic’s account."), _CHECK_ACCOUNT),
    Cause.CONFIG: (
        _("The clinic’s number is not set up for this at the provider."),
        _("Ask who looks after the clinic's numbers to complete the set-up."),
    ),
    Cause.CONTENT: (
        _("The carrier or WhatsApp held this text back."),
        _("Do not send the same text again: word it differently, or call."),
    ),
    Cause.MESSAGE: (_("The provider does not take a message of this form."), _("Shorten or reword it.")),
    Cause.OPT_OUT: (
        _("This person has stopped messages on this channel."),
        _("Only the patient can undo it, by sending START. Call instead."),
    ),
    Cause.RATE: (_("Too many messages went out at once."), _TRY_AGAIN),
    Cause.RECIPIENT: (_("There is no phone under this number that takes it."), _CHECK_NUMBER),
    Cause.TEMPLATE: (_("WhatsApp has paused or refused the approved text."), _OTHER_WAY),
    Cause.TRANSIENT: (_("The provider had a fault of its own."), _TRY_AGAIN),
    Cause.WINDOW: (
        _("The 24 hours after the patient’s last message were over."),
        _("Wait for the patient to write, or use an approved text."),
    ),
}
_EXACT: Mapping[str, _Sentences] = {
    "20003": (
        _("The provider does not take the account's token, or its balance is used up."),
        _CHECK_ACCOUNT,
    ),
    "401": (
        _("The provider does not take the account's token, or its balance is used up."),
        _CHECK_ACCOUNT,
    ),
    "21408": (
        _("The provider's account may not send to this country."),
        _("Allow the country in the provider's console."),
    ),
    "21608": (
        _("The provider's account is a trial: it sends to verified numbers only."),
        _("Upgrade the account, or verify the number there."),
    ),
    "30003": (_("The phone is switched off or out of reach."), _("Try again later, or call.")),
    "30005": (_("This number does not exist."), _CHECK_NUMBER),
    "30006": (_("This is a landline, or a phone that takes no messages."), _("Call the patient.")),
    "63003": (_("WhatsApp knows no phone with this number."), _OTHER_WAY),
    "63015": (
        _("The patient has not joined the WhatsApp sandbox, or the joining ran out."),
        _("The phone must send the sandbox's join words again."),
    ),
    "63024": (_("WhatsApp knows no phone with this number."), _OTHER_WAY),
    "63112": (
        _("Meta disabled the clinic's WhatsApp account."),
        _("Settle the billing at the provider, then ask the provider's support."),
    ),
    "no_credentials": (
        _("There is no token for the provider's account."),
        _("Enter it where the number is linked."),
    ),
    "provider_off": (_("This provider is switched off here."), _OTHER_WAY),
    "unreachable": (_("The provider could not be reached."), _TRY_AGAIN),
    "absent": (_("The provider never got it."), _TRY_AGAIN),
}
_REASONS: Mapping[str, _Sentences] = {
    "gave_up": (_("It was tried many times in vain."), _TRY_AGAIN),
    "not_taken": (_("The provider never got it."), _TRY_AGAIN),
}
#: What the gate refused may go later without other words; the gate is asked again then.
_GATE_MAY_OPEN = frozenset({gate.NO_SENDER, gate.NO_CONSENT, gate.NO_ADDRESS, gate.ACCOUNT_REFUSED})
_MAY_PASS = frozenset({Cause.ACCOUNT, Cause.CONFIG, Cause.RATE, Cause.TRANSIENT})
_NEVER = frozenset({"30005", "30006"})
_UNKNOWN: _Sentences = (_("The provider did not say why."), _OTHER_WAY)


def explain(*, error_code: str, reason: str = "", channel: str = "") -> Failure:
    """Return what happened to a message that did not arrive, and what helps."""
    refused, remedy = gate.sentences(reason, channel)
    if refused:
        return Failure(refused, remedy, again=reason in _GATE_MAY_OPEN)
    known = cause(error_code)
    what, helps = (
        _EXACT.get(error_code) or (_CAUSES[known] if known else None) or _REASONS.get(reason) or _UNKNOWN
    )
    again = known in _MAY_PASS or (known is None and error_code not in _NEVER)
    return Failure(str(what), str(helps), again=again)
