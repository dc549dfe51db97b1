"""The shared schema: who we serve, who may enter, and what routing needs before a clinic is known."""

from clinics.models.access import ApiToken, IdempotencyKey, Invitation, Membership, Role, Theme, User
from clinics.models.clinic import Clinic, ClinicState, Domain
from clinics.models.clock import ClinicClock, PersonReached
from clinics.models.ledger import Counter, DeadTask, HeldEvent
from clinics.models.push import PushSubscription
from clinics.models.sender import Channel, ProviderAccount, Sender, SenderHealth, SenderPace, SenderStatus

__all__ = [
    "ApiToken",
    "Channel",
    "Clinic",
    "ClinicClock",
    "ClinicState",
    "Counter",
    "DeadTask",
    "Domain",
    "HeldEvent",
    "IdempotencyKey",
    "Invitation",
    "Membership",
    "PersonReached",
    "ProviderAccount",
    "PushSubscription",
    "Role",
    "Sender",
    "SenderHealth",
    "SenderPace",
    "SenderStatus",
    "Theme",
    "User",
]
