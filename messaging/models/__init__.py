"""Every word in and out of one clinic."""

from messaging.models.alert import Alert, AlertChannel, AlertDelivery, AlertKind, AlertSettings
from messaging.models.approved import Approval, ContentTemplate, HeldOutcome, HeldReply, OwnText
from messaging.models.attachment import Attachment, AttachmentKind, AttachmentState, Reaction
from messaging.models.composing import Draft, DraftTab, SavedText, TextCategory
from messaging.models.consent import (
    ChannelConsent,
    ConsentAction,
    ConsentEvent,
    ConsentHow,
    ConsentSource,
    Purpose,
)
from messaging.models.conversation import (
    Conversation,
    ConversationEvent,
    ConversationEventKind,
    ConversationState,
    Question,
    QuestionKind,
    QuestionOutcome,
    ThreadSeen,
    Window,
    WorkState,
)
from messaging.models.delivery import RANK, Attempt, AttemptKind, StatusEvent
from messaging.models.message import Author, Direction, Kind, Message, MessageStatus, Solved
from messaging.models.reminder import (
    ApiReminder,
    Confirmation,
    ConfirmationAction,
    ReminderClaim,
    ReminderSettings,
    ReminderSubject,
)
from messaging.models.settings import BotMode, FirstChannel, MessagingSettings

__all__ = [
    "RANK",
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "AlertKind",
    "AlertSettings",
    "ApiReminder",
    "Approval",
    "Attachment",
    "AttachmentKind",
    "AttachmentState",
    "Attempt",
    "AttemptKind",
    "Author",
    "BotMode",
    "ChannelConsent",
    "Confirmation",
    "ConfirmationAction",
    "ConsentAction",
    "ConsentEvent",
    "ConsentHow",
    "ConsentSource",
    "ContentTemplate",
    "Conversation",
    "ConversationEvent",
    "ConversationEventKind",
    "ConversationState",
    "Direction",
    "Draft",
    "DraftTab",
    "FirstChannel",
    "HeldOutcome",
    "HeldReply",
    "Kind",
    "Message",
    "MessageStatus",
    "MessagingSettings",
    "OwnText",
    "Purpose",
    "Question",
    "QuestionKind",
    "QuestionOutcome",
    "Reaction",
    "ReminderClaim",
    "ReminderSettings",
    "ReminderSubject",
    "SavedText",
    "Solved",
    "StatusEvent",
    "TextCategory",
    "ThreadSeen",
    "Window",
    "WorkState",
]
