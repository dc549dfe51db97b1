"""How an approved text stands, in the words of the desk: its status, why, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import failures, variables
from messaging.approved.starter import KNOCK, MARKETING, USES, UTILITY
from messaging.approved.syncing import GONE
from messaging.language import LANGUAGES
from messaging.models import Approval, ContentTemplate

#: The types that can be filled and shown here; others are listed, greyed, with the reason.
KNOWN_TYPES = frozenset({"twilio/text", "twilio/quick-reply"})

NAMES: Mapping[str, str | Promise] = {
    **variables.NAMES,
    "when": gettext_lazy("Day and time of the next visit"),
    "old_date": gettext_lazy("Day before the change"),
    "old_time": gettext_lazy("Time before the change"),
    "times": gettext_lazy("Times that are offered"),
    "reason": gettext_lazy("Reason"),
}
CATEGORIES: Mapping[str, str | Promise] = {
    UTILITY: gettext_lazy("Utility"),
    MARKETING: gettext_lazy("Marketing"),
    "AUTHENTICATION": gettext_lazy("Log-in code"),
}
#: What texts are for, as the picker sorts them: each with what goes out for it.
PURPOSES: Mapping[str, tuple[str | Promise, frozenset[str]]] = {
    "answers": (gettext_lazy("Answers and follow-up"), frozenset({KNOCK, "missed"})),
    "reminders": (
        gettext_lazy("Reminders"),
        frozenset({"reminder_default", "reminder_default_neutral", "api_reminder"}),
    ),
    "visits": (
        gettext_lazy("Visits confirmed or changed"),
        frozenset(
            {
                *("accepted", "moved", "cancelled", "cancelled_by_patient"),
                *("accepted_neutral", "moved_neutral", "cancelled_neutral"),
            }
        ),
    ),
    "times": (
        gettext_lazy("Requests and other times"),
        frozenset({"counter", "waiting_offer", "rejected", "expired", "moved_pending"}),
    ),
}
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Standing:
    """A status with icon and word; `why` and `way` are for what does not go out."""

    word: str
    icon: str
    tone: str
    why: str = ""
    way: str = ""
    code: str = ""
    usable: bool = False


def standing(row: ContentTemplate) -> Standing:
    """Return how a text stands. Pure, but for the active language."""
    if row.approval == Approval.DRAFT and row.error_code:
        failure = failures.explain(error_code=row.error_code)
        return Standing(
            _("Not submitted"),
            "warning",
            "bad",
            failure.what,
            _("Try again; nothing was lost."),
            row.error_code,
        )
    if row.approval == Approval.DRAFT:
        if row.asked_category:
            return Standing(_("Being submitted"), "clock", "")
        return Standing(
            _("Not submitted"), "minus", "", _("It was made at the provider and never submitted.")
        )
    if row.approval == Approval.PENDING:
        return Standing(_("Being reviewed"), "clock", "", _("WhatsApp takes minutes, at most two days."))
    if row.approval == Approval.APPROVED:
        if row.content_type not in KNOWN_TYPES:
            return Standing(
                _("Approved"),
                "check",
                "",
                _("Its type (%(type)s) cannot be sent from here.") % {"type": row.content_type or "?"},
                _("Make it a text or a text with buttons."),
            )
        return Standing(_("Approved"), "check", "ok", usable=True)
    if row.approval == Approval.REJECTED:
        why, way = rejection(row.rejection_reason)
        return Standing(_("Rejected"), "close", "bad", why, way, row.rejection_reason)
    if row.approval == Approval.PAUSED:
        return Standing(
            _("Paused"),
            "pause",
            "warn",
            _("WhatsApp paused it: many people blocked or reported it."),
            _("It comes back by itself after some hours. Send it to fewer people, or say it differently."),
        )
    if row.approval == Approval.DISABLED:
        return Standing(
            _("Disabled"), "ban", "bad", _("WhatsApp has switched it off for good."), _("Write another one.")
        )
    if row.error_code == GONE:
        return Standing(
            _("Not known"),
            "info",
            "warn",
            _("The provider does not list it (any more)."),
            _("Check the SID, or take it out of the list."),
        )
    if row.error_code:
        failure = failures.explain(error_code=row.error_code)
        return Standing(_("Not known"), "info", "warn", failure.what, failure.helps, row.error_code)
    return Standing(_("Not known"), "info", "warn", _("The provider has not said yet how it stands."))


_REJECTIONS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    (
        "TAG_CONTENT_MISMATCH",
        gettext_lazy("WhatsApp finds that it does not fit its category: it reads like advertising."),
        gettext_lazy("Take out what sells or invites, and name the visit it is about."),
    ),
    (
        "INVALID_FORMAT",
        gettext_lazy("WhatsApp found a mistake in how it is written: the variables, or the line breaks."),
        gettext_lazy("Put words before, behind and between the variables."),
    ),
    (
        "ABUSIVE",
        gettext_lazy("WhatsApp took it for abuse or a threat."),
        gettext_lazy("Say it in a more friendly way."),
    ),
    (
        "SCAM",
        gettext_lazy("WhatsApp took it for a fraud: links and requests for data do that."),
        gettext_lazy("Take out links and what asks for numbers or data."),
    ),
    (
        "PROMOTIONAL",
        gettext_lazy("WhatsApp takes it for advertising."),
        gettext_lazy("Take out what sells or invites."),
    ),
    (
        "INCORRECT_CATEGORY",
        gettext_lazy("WhatsApp finds that it does not fit its category."),
        gettext_lazy("Take out what sells or invites, and name the visit it is about."),
    ),
    (
        "DUPLICATE",
        gettext_lazy("A text with the same words is there already."),
        gettext_lazy("Use that one, or say it differently."),
    ),
)


def rejection(reason: str) -> tuple[str, str]:
    """Return why WhatsApp rejected a text and what helps, in plain words; what is not known is shown as it came."""
    plain = reason.upper().replace(" ", "_")
    for word, why, way in _REJECTIONS:
        if word in plain:
            return str(why), str(way)
    if not reason or plain == "NONE":
        return _("WhatsApp did not say why."), _("Say it differently and submit it again.")
    return _("WhatsApp says: %(reason)s") % {"reason": reason}, _("Change it and submit it again.")


def name_of(row: ContentTemplate) -> str:
    """Return what a text is called: what it goes out for, else its name."""
    return str(USES[row.key]) if row.key in USES else row.name


def purpose_of(row: ContentTemplate) -> tuple[str, str]:
    """Return what a text is for: the key, and its words; the clinic's own texts are for whatever it likes."""
    for key, (name, uses) in PURPOSES.items():
        if row.key in uses:
            return key, str(name)
    return OTHER, _("Other texts")


def language_of(row: ContentTemplate) -> str:
    """Return the language in words, with what it is for when it is a country's own."""
    base, _sep, region = row.language.partition("_")
    name = str(LANGUAGES.get(base, row.language))
    return f"{name} ({region})" if region and (base, region) != ("zh", "CN") else name


def category_of(row: ContentTemplate) -> str:
    """Return what WhatsApp counts a text as, "" when it has not said."""
    found = row.category or row.asked_category
    return str(CATEGORIES.get(found, found.capitalize()))


def category_moved(row: ContentTemplate) -> bool:
    """Say whether WhatsApp made a text of use one that advertises: it costs more, and the US does not get it."""
    return row.asked_category == UTILITY and row.category == MARKETING


def label_of(name: str) -> str:
    """Return what a variable is called on a screen."""
    if name.isdecimal():
        return _("Variable %(n)s") % {"n": name}
    return str(NAMES.get(name, name.replace("_", " ")))
