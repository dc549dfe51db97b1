"""What a provider offers besides whose texts WhatsApp approves, and the data that goes in and out.

Not every provider has it: where it is there, the provider object has it as its attribute `contents`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDraft:
    """A text to be approved. `body` has {{1}}, {{2}} …; `buttons` are (id, title); `samples` as {"1": "Ana"}."""

    name: str  # a-z, 0-9 and _ only
    language: str
    body: str
    samples: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A text as the provider has it.

    `approval` is "unsubmitted", "pending", "approved", "rejected", "paused", "disabled", or "unknown" for any other
    word of the provider's; `category` is what it counts as now. `types` is the provider's own tree of types;
    `content_type` names the one that we read `body` and `buttons` from, or the first one, with an empty body.
    """

    content_sid: str
    name: str = ""
    language: str = ""
    content_type: str = ""
    body: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    samples: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, Any] = field(default_factory=dict)
    approval: str = "unknown"
    category: str = ""
    rejection_reason: str = ""


class ContentProvider(Protocol):
    """The contract of `contents`. Raises SendError only."""

    def create(self, account_sid: str, secret: str, draft: ContentDraft) -> str:
        """Store a text at the provider; return its content SID."""
        ...

    def submit(self, account_sid: str, secret: str, *, content_sid: str, name: str, category: str) -> Content:
        """Ask WhatsApp to approve a text that is stored; return how it stands."""
        ...

    def listed(self, account_sid: str, secret: str, *, submitted: Sequence[str]) -> Sequence[Content]:
        """Return all texts of the account with their approval; `submitted` are the SIDs that we wait for."""
        ...
