"""What the views of the inbox are called, how each is sorted, and what it says when it is empty."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from messaging.inbox.queries import View

#: Label, word on the phone's bottom bar ("" keeps it under More), icon.
LABELS = {
    View.NEEDS_REPLY: (gettext_lazy("Needs reply"), gettext_lazy("Inbox"), "inbox"),
    View.REQUESTS: (gettext_lazy("Requests"), gettext_lazy("Requests"), "request"),
    View.MINE: (gettext_lazy("Mine"), "", "user"),
    View.UNASSIGNED: (gettext_lazy("Unassigned"), "", "users"),
    View.BOT: (gettext_lazy("Bot answering"), "", "bot"),
    View.CLOSING: (gettext_lazy("Closing in < 2 h"), "", "clock"),
    View.FAILED: (gettext_lazy("Failed to deliver"), "", "warning"),
    View.SNOOZED: (gettext_lazy("Snoozed"), "", "moon"),
    View.WAITING: (gettext_lazy("Waiting for patient"), "", "message"),
    View.DONE: (gettext_lazy("Done"), "", "check"),
    View.ALL: (gettext_lazy("All threads"), "", "users"),
    View.BLOCKED: (gettext_lazy("Blocked"), "", "ban"),
}
ORDERS = {
    View.NEEDS_REPLY: gettext_lazy("Visits today, then longest waiting"),
    View.UNASSIGNED: gettext_lazy("Visits today, then longest waiting"),
    View.CLOSING: gettext_lazy("Closing first"),
    View.SNOOZED: gettext_lazy("Next to wake up first"),
}
EMPTY = {
    View.NEEDS_REPLY: (
        gettext_lazy("All answered"),
        gettext_lazy("Nobody waits for a reply. A new message appears here by itself."),
    ),
    View.MINE: (
        gettext_lazy("Nothing is yours now"),
        gettext_lazy("Threads that you answer or take stand here until they are done."),
    ),
    View.UNASSIGNED: (
        gettext_lazy("Every thread has somebody"),
        gettext_lazy("Threads that need a reply and that nobody has taken stand here."),
    ),
    View.BOT: (
        gettext_lazy("The bot is talking with nobody"),
        gettext_lazy("Threads stand here while the bot answers and nobody is needed."),
    ),
    View.CLOSING: (
        gettext_lazy("No window closes soon"),
        gettext_lazy("Threads stand here in the last two hours in which you can write freely."),
    ),
    View.FAILED: (
        gettext_lazy("Everything arrived"),
        gettext_lazy("A message that does not reach the patient stands here until somebody finds a way."),
    ),
    View.SNOOZED: (
        gettext_lazy("Nothing sleeps"),
        gettext_lazy("Snoozed threads stand here until their time comes or the patient writes."),
    ),
    View.WAITING: (
        gettext_lazy("Nobody to wait for"),
        gettext_lazy("Threads stand here after you answered, until the patient writes."),
    ),
    View.DONE: (
        gettext_lazy("Nothing done yet"),
        gettext_lazy("Threads you close stand here; a new message brings them back."),
    ),
    View.ALL: (
        gettext_lazy("No messages yet"),
        gettext_lazy(
            "When somebody writes to one of the clinic’s numbers, the thread appears here by itself."
        ),
    ),
    View.BLOCKED: (
        gettext_lazy("Nobody is blocked"),
        gettext_lazy("Threads of blocked addresses stand here: nobody answers them, and you can undo it."),
    ),
}
