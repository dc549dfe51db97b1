"""Every word in and out of one clinic."""

from messaging.models.consent import ChannelConsent, ConsentAction, ConsentEvent, ConsentSource, Purpose
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
from messaging.models.message import Author, Direction, Kind, Message, MessageStatus
from messaging.models.settings import BotMode, MessagingSettings

__all__ = [
    "RANK",
    "Attempt",
    "AttemptKind",
    "Author",
    "BotMode",
    "ChannelConsent",
    "ConsentAction",
    "ConsentEvent",
    "ConsentSource",
    "Conversation",
    "ConversationEvent",
    "ConversationEventKind",
    "ConversationState",
    "Direction",
    "Kind",
    "Message",
    "MessageStatus",
    "MessagingSettings",
    "Purpose",
    "Question",
    "QuestionKind",
    "QuestionOutcome",
    "StatusEvent",
    "ThreadSeen",
    "Window",
    "WorkState",
]
