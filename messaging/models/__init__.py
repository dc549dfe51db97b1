"""Every word in and out of one clinic."""

from messaging.models.alert import Alert, AlertChannel, AlertDelivery, AlertKind, AlertSettings
from messaging.models.attachment import Attachment, AttachmentKind, AttachmentState
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
from messaging.models.settings import BotMode, MessagingSettings

__all__ = [
    "RANK",
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "AlertKind",
    "AlertSettings",
    "Attachment",
    "AttachmentKind",
    "AttachmentState",
    "Attempt",
    "AttemptKind",
    "Author",
    "BotMode",
    "ChannelConsent",
    "ConsentAction",
    "ConsentEvent",
    "ConsentHow",
    "ConsentSource",
    "Conversation",
    "ConversationEvent",
    "ConversationEventKind",
    "ConversationState",
    "Direction",
    "Draft",
    "DraftTab",
    "Kind",
    "Message",
    "MessageStatus",
    "MessagingSettings",
    "Purpose",
    "Question",
    "QuestionKind",
    "QuestionOutcome",
    "SavedText",
    "Solved",
    "StatusEvent",
    "TextCategory",
    "ThreadSeen",
    "Window",
    "WorkState",
]
