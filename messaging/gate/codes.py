"""What a message may be sent for, and every reason of the gate with what happened and what helps."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import Channel

#: What a message is sent for (`Message.purpose`).
#: KNOCK is the approved text that goes before a held reply; REMINDER is what the clock begins.
ANSWER, STAFF, NOTICE, CONSENT = "answer", "staff", "notice", "consent"
KNOCK, REMINDER = "knock", "reminder"
#: Of two that are due at a sender, the smaller goes first.
PRIORITY: Mapping[str, int] = {CONSENT: 0, ANSWER: 0, STAFF: 0, KNOCK: 0, NOTICE: 1, REMINDER: 2}
#: What we begin: one event is one text on one channel, and nothing of it goes to a wrong number.
BEGUN = frozenset({NOTICE, REMINDER})
#: What waits for the morning.
WAITS_FOR_MORNING = frozenset({REMINDER})
#: What may use all of an account's people of a day; other texts leave the share that is kept for reminders.
USES_ALL = frozenset({REMINDER, STAFF, KNOCK})

NO_SENDER, NO_CONSENT, OPTED_OUT, WINDOW_CLOSED = "no_sender", "no_consent", "opted_out", "window_closed"
NO_ADDRESS, EMPTY, TOO_LONG, ACCOUNT_REFUSED = "no_address", "empty", "too_long", "account_refused"
UNUSABLE, WRONG_NUMBER, DUPLICATE, TOO_LATE = "unusable", "wrong_number", "duplicate", "too_late"
HELD_EXPIRED = "held_expired"
QUIET, CAPACITY, BLOCKED_ADDRESS = "quiet_hours", "capacity", "blocked_address"
NOT_THEIRS = "not_theirs"

Sentences = tuple[str | Promise, str | Promise]

#: `no_sender` and `no_consent` are for WhatsApp here, see `_FOR_SMS`.
SENTENCES: Mapping[str, Sentences] = {
    NO_SENDER: (_("No active WhatsApp sender configured"), _("Connect a number in Settings.")),
    NO_CONSENT: (
        _("Patient has not consented to WhatsApp messages"),
        _("It comes by itself when the patient writes; staff record it on the patient page."),
    ),
    OPTED_OUT: (
        _("Patient has opted out of messages on this channel"),
        _("Only the patient can undo it, by sending START. Call instead."),
    ),
    WINDOW_CLOSED: (
        _("The 24-hour window is closed: WhatsApp takes no free text now"),
        _("Wait for the patient to write, call, or write by SMS."),
    ),
    NO_ADDRESS: (
        _("No address of this patient is known on this channel"),
        _("Add a number on the patient page."),
    ),
    UNUSABLE: (
        _("The number takes no messages on this channel"),
        _("Call, or add another number on the patient page."),
    ),
    WRONG_NUMBER: (
        _("Whoever has this number said that it is not this patient’s"),
        _("Ask the patient for the right number and add it on the patient page."),
    ),
    NOT_THEIRS: (
        _("The number was taken off the patient before it could go"),
        _("Call the patient, or write to the number that is on the patient page now."),
    ),
    DUPLICATE: (
        _("The same words went out a few minutes ago"),
        _("Nothing is needed: the patient has them."),
    ),
    BLOCKED_ADDRESS: (
        _("This address is blocked: nothing is begun to it"),
        _("Open its thread and choose “No longer block this address”."),
    ),
    TOO_LATE: (
        _("Its time was over before it could go"),
        _("Call when it still matters."),
    ),
    QUIET: (
        _("Quiet hours: it goes in the morning"),
        _("Nothing is needed: it goes by itself. Write yourself if it cannot wait."),
    ),
    CAPACITY: (
        _("WhatsApp lets this account reach no more people today, so the message waits"),
        _("It goes by itself as soon as there is room; Meta raises the limit with good quality."),
    ),
    HELD_EXPIRED: (
        _("The patient did not answer for seven days, so it was not sent"),
        _("Call the patient, or send an approved text once more."),
    ),
    EMPTY: (_("The message is empty"), _("Write something first.")),
    TOO_LONG: (_("The message is longer than 1,600 characters"), _("Shorten it, or send it in two parts.")),
    ACCOUNT_REFUSED: (
        _("The provider refuses this account, so the message waits"),
        _("Check the account's token and its balance; then it goes by itself."),
    ),
}
_FOR_SMS: Mapping[str, Sentences] = {
    NO_SENDER: (_("No active SMS sender configured"), _("Connect a number in Settings.")),
    NO_CONSENT: (
        _("Patient does not want SMS messages"),
        _("Staff record it on the patient page when the patient agrees again."),
    ),
}


def sentences(code: str, channel: str) -> tuple[str, str]:
    """Return what happened and what helps for a code of the gate, both "" for an unknown one."""
    table = _FOR_SMS if channel == Channel.SMS and code in _FOR_SMS else SENTENCES
    detail, remedy = table.get(code, ("", ""))
    return str(detail), str(remedy)
