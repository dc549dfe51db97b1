"""Why a reminder does not go, in the words of staff: what happened and what helps."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from messaging import gate
from messaging.reminders.reminding import ALREADY, ANSWERED, NOT_ACCEPTED, OVER, NotReminded

_SENTENCES: Mapping[str, tuple[str | Promise, str | Promise]] = {
    NOT_ACCEPTED: (_("Nobody has accepted this request yet"), _("Accept it first.")),
    OVER: (_("This visit is over or cancelled"), _("There is nothing to remind of.")),
    ANSWERED: (
        _("The patient has said already whether they come"),
        _("Write a message to ask something else."),
    ),
    ALREADY: (_("The reminder of this visit went already"), _("It stands in the thread.")),
}


def sentences(code: str, channel: str) -> tuple[str, str]:
    """Return what happened and what helps for a code of reminders or of the gate, both "" for an unknown one."""
    if code in _SENTENCES:
        detail, remedy = _SENTENCES[code]
        return str(detail), str(remedy)
    return gate.sentences(code, channel)


def refusal(error: NotReminded) -> str:
    """Return why a member's "send now" is refused, and what helps, in one line."""
    detail, remedy = sentences(error.code, error.channel)
    return f"{detail}. {remedy}" if detail else gettext("This reminder cannot be sent.")
