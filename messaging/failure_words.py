"""What happened to a message and what helps: a pair of sentences for each word that `failures` meets.

The words of providers are those of `errors.toml` in their folders; a word without sentences of its own has those of
its class. The sentences of the gate's refusals live with the gate.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging.providers.causes import Cause

Sentences = tuple[str | Promise, str | Promise]

TRY_AGAIN = _("Send it again, or call the patient.")
OTHER_WAY = _("Call the patient, or use another number or channel.")
_CHECK_NUMBER = _("Check the number with the patient, or call.")
_CHECK_ACCOUNT = _("Check the account's token and its balance.")
_CALL = _("Call the patient.")
_NUMBERS = _("Ask who looks after the clinic's numbers to complete the set-up.")
_GOES_BY_ITSELF = _("Nothing to do: it goes once more by itself where that is still of use. Else call.")
_SUPPORT = _("Tell who operates MedSync, with the number of the error.")
_REGISTER = _("Complete the registration of the number in the provider’s console.")
_APPROVED_TEXTS = _("Look at the approved texts, and choose another one.")
_SHORTEN = _("Shorten it, or send it in two parts.")
_SMALLER_FILE = _("Send a smaller file.")

UNKNOWN: Sentences = (_("The provider did not say why."), OTHER_WAY)

BY_CAUSE: Mapping[Cause, Sentences] = {
    Cause.ACCOUNT: (_("The provider refuses the clinic’s account."), _CHECK_ACCOUNT),
    Cause.CONFIG: (_("The clinic’s number is not set up for this at the provider."), _NUMBERS),
    Cause.CONTENT: (
        _("The carrier or WhatsApp held this text back."),
        _("Do not send the same text again: word it differently, or call."),
    ),
    Cause.MESSAGE: (_("The provider does not take a message of this form."), _("Shorten or reword it.")),
    Cause.OPT_OUT: (
        _("This person has stopped messages on this channel."),
        _("Only the patient can undo it, by sending START. Call instead."),
    ),
    Cause.OUR_SIDE: (_("The provider could not work with MedSync’s own answer."), _SUPPORT),
    Cause.RATE: (_("Too many messages went out at once."), TRY_AGAIN),
    Cause.RECIPIENT: (_("There is no phone under this number that takes it."), _CHECK_NUMBER),
    Cause.RECIPIENT_SOFT: (_("The phone did not take it this time."), _("Try again later, or call.")),
    Cause.TEMPLATE: (_("WhatsApp has paused or refused the approved text."), OTHER_WAY),
    Cause.TRANSIENT: (_("The provider had a fault of its own."), TRY_AGAIN),
    Cause.UNKNOWN_OUTCOME: (
        _("The provider did not say whether it took the message."),
        _("It is being looked up; do not send it again before that."),
    ),
    Cause.WINDOW: (
        _("The 24 hours after the patient’s last message were over."),
        _("Wait for the patient to write, or use an approved text."),
    ),
}

BY_WHAT: Mapping[str, Sentences] = {
    # The account.
    "credentials": (
        _("The provider does not take the account's token, or its balance is used up."),
        _CHECK_ACCOUNT,
    ),
    "account_closed": (
        _("The provider has suspended or closed the clinic’s account."),
        _("Settle it in the provider’s console; what waits goes by itself then."),
    ),
    "test_credentials": (
        _("The account’s token is one for tests only."),
        _("Enter the real token where the number is linked."),
    ),
    "trial": (
        _("The provider's account is a trial: it sends to verified numbers only."),
        _("Upgrade the account, or verify the number there."),
    ),
    "spend_limit": (
        _("The account has reached the limit of what it may spend."),
        _("Raise the limit or add money in the provider’s console; what waits goes by itself then."),
    ),
    "campaign_suspended": (
        _("The carriers have suspended the number’s registration for texting."),
        _("Settle it in the provider’s console, then send again."),
    ),
    "channel_login": (
        _("The provider cannot log in to WhatsApp with this number."),
        _("Register the number for WhatsApp once more in the provider’s console."),
    ),
    "meta_billing": (
        _("Meta waits for an invitation to be accepted, or for a payment."),
        _("Look into the clinic’s Meta business account."),
    ),
    "meta_disabled": (
        _("Meta disabled the clinic's WhatsApp account."),
        _("Settle the billing at the provider, then ask the provider's support."),
    ),
    "sender_locked": (
        _("WhatsApp has locked this number; a month without messages is enough for that."),
        _("Register the number for WhatsApp once more in the provider’s console."),
    ),
    "terms": (
        _("The clinic has not accepted Meta’s terms for this kind of message."),
        _("Accept them in the Meta business account."),
    ),
    # The clinic's number and its set-up.
    "country": (
        _("The provider's account may not send to this country."),
        _("Allow the country in the provider's console."),
    ),
    "not_found": (_("The provider does not know this under the clinic’s account."), _NUMBERS),
    "not_set_up": (_("The provider’s account or number is not set up for texting yet."), _NUMBERS),
    "sender_unfit": (
        _("The clinic’s number cannot send this there."),
        _("Check in the provider’s console what the number may send, and where to."),
    ),
    "sender_unknown": (
        _("The provider does not have this number on this channel."),
        _("Check in the provider’s console that the number is online for the channel."),
    ),
    "sender_blocked": (
        _("The carriers have blocked the clinic’s number as a sender of unwanted texts."),
        _("Ask the provider’s support to lift it, and use another number meanwhile."),
    ),
    "sender_unregistered": (_("The number is not registered for texting with the carriers."), _REGISTER),
    "registration_pending": (
        _("The carriers are still looking at the number’s registration."),
        _("Wait some hours, or use another number."),
    ),
    "toll_free_unverified": (_("The toll-free number is not verified."), _REGISTER),
    "service_empty": (
        _("The messaging service at the provider has no number that fits."),
        _("Add a number to it in the provider’s console."),
    ),
    "sandbox": (
        _("The patient has not joined the WhatsApp sandbox, or the joining ran out."),
        _("The phone must send the sandbox's join words again."),
    ),
    "callback_url": (
        _("The provider does not take MedSync’s own address for receipts."),
        _("Whoever operates MedSync must set TWILIO_WEBHOOK_BASE_URL to its public https address."),
    ),
    # The patient's phone.
    "invalid_number": (_("The provider says that this is no phone number."), _CHECK_NUMBER),
    "no_such_number": (_("This number does not exist."), _CHECK_NUMBER),
    "landline": (_("This is a landline, or a phone that takes no messages."), _CALL),
    "no_sms": (_("This phone takes no SMS."), OTHER_WAY),
    "no_way_there": (_("The clinic’s number cannot reach this phone."), OTHER_WAY),
    "not_on_whatsapp": (_("WhatsApp knows no phone with this number."), OTHER_WAY),
    "whatsapp_experiment": (
        _("WhatsApp holds messages to this person back for a test of its own."),
        OTHER_WAY,
    ),
    "blocked": (_("This person or the carrier has blocked the clinic’s number."), _CALL),
    "no_news": (
        _("This person wants no news from the clinic on WhatsApp."),
        _("Send only what concerns the patient’s own visits, or call."),
    ),
    "out_of_reach": (_("The phone is switched off or out of reach."), _("Try again later, or call.")),
    "carrier_silent": (
        _("The patient’s carrier did not deliver it and gave no reason."),
        _("Try again later, or call."),
    ),
    # The words and files.
    "filtered": (
        _("The carrier took this text for unwanted advertising."),
        _("Do not send the same text again: word it differently, without links, or call."),
    ),
    "content_refused": (
        _("The carrier or WhatsApp refused this text."),
        _("Word it differently, or call."),
    ),
    "policy": (
        _("WhatsApp refused the text: a blank part, a link or a file is against its rules."),
        _("Fill in every part, or word it differently."),
    ),
    "marketing": (
        _("WhatsApp counts this text as advertising, and did not deliver it."),
        _("Use SMS, or an approved text that is about the visit only."),
    ),
    "empty": (_("The message was empty."), _("Write something, and send it again.")),
    "incomplete": (_("The provider refused the message as it stands."), _SUPPORT),
    "wrong_form": (_("The channel cannot show a message of this form."), _("Send it as plain text.")),
    "too_long": (_("The message is longer than the provider takes."), _SHORTEN),
    "variables": (_("The blanks of the approved text were not filled in as it needs them."), _APPROVED_TEXTS),
    "same_number": (
        _("The message would go from the clinic’s number to itself."),
        _("Check the patient’s number."),
    ),
    "file_too_big": (_("The file is too big for the carrier."), _SMALLER_FILE),
    "too_many_files": (_("These are too many files for one message."), _("Send them in several messages.")),
    "file_address": (_("The provider did not take the file."), _("Attach it again, and send it.")),
    "file_not_fetched": (
        _("The provider could not fetch the file."),
        _("Attach it again; if that does not help, tell who operates MedSync."),
    ),
    # Approved texts.
    "text_missing": (_("The approved text does not exist in this number’s account."), _APPROVED_TEXTS),
    "text_language": (_("The approved text does not exist in this language."), _APPROVED_TEXTS),
    "text_rejected": (_("WhatsApp has rejected the approved text."), _APPROVED_TEXTS),
    "text_paused": (
        _("WhatsApp has paused the approved text, because people complained about it."),
        _APPROVED_TEXTS,
    ),
    "text_disabled": (_("WhatsApp has switched the approved text off for good."), _APPROVED_TEXTS),
    "text_approved": (_("WhatsApp has approved the text."), _("Nothing to do.")),
    "text_submitted": (
        _("This text has been submitted for approval already."),
        _("Wait for the answer, or submit a new text."),
    ),
    # Too much, too late, not now.
    "too_fast": (_("Too many messages went out at once."), _GOES_BY_ITSELF),
    "queue_full": (_("Too many messages of this number wait at the provider."), _GOES_BY_ITSELF),
    "daily_limit": (
        _("The day’s limit of the clinic’s number is reached."),
        _("It goes by itself tomorrow where that is still of use. Call when it is urgent."),
    ),
    "whatsapp_limit": (
        _("WhatsApp limits how many people the clinic may write to in a day."),
        _GOES_BY_ITSELF,
    ),
    "registrations": (
        _("This number was registered too often in a short time."),
        _("Wait three days, then register it again."),
    ),
    "expired": (_("It waited too long at the carrier, and was given up."), TRY_AGAIN),
    "carrier_busy": (_("The patient’s carrier had a fault."), TRY_AGAIN),
    "provider_fault": (_("The provider had a fault of its own."), TRY_AGAIN),
    "whatsapp_fault": (_("WhatsApp had a fault of its own."), TRY_AGAIN),
    # Our side.
    "webhook_failed": (
        _("MedSync did not answer the provider in time, or with an error."),
        _SUPPORT,
    ),
    "webhook_unreachable": (
        _("The provider could not reach MedSync."),
        _("Check the address that is pasted at the provider, and that MedSync runs."),
    ),
    "answer_malformed": (_("The provider could not read MedSync’s own answer."), _SUPPORT),
    "reply_loop": (_("Two machines answered each other; the provider ended it."), _("Look into the thread.")),
    "call_label": (_("The call could not be joined."), _SUPPORT),
    # What the outbox itself says, as a code or as the way it ended.
    "no_credentials": (
        _("There is no token for the provider's account."),
        _("Enter it where the number is linked."),
    ),
    "no_list": (_("The provider keeps no list to look into."), OTHER_WAY),
    "provider_off": (_("This provider is switched off here."), OTHER_WAY),
    "unreachable": (_("The provider could not be reached."), TRY_AGAIN),
    "absent": (_("The provider never got it."), TRY_AGAIN),
    "no_answer": (_("The provider did not answer."), TRY_AGAIN),
    "gave_up": (_("It was tried many times in vain."), TRY_AGAIN),
    "not_taken": (_("The provider never got it."), TRY_AGAIN),
}
