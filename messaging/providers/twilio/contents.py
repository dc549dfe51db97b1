"""Twilio's Content API: texts that WhatsApp approves, with numbered variables and buttons."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from requests import RequestException
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from messaging.providers.base import ErrorKind, SendError
from messaging.providers.content import Content, ContentDraft

TEXT, QUICK_REPLY = "twilio/text", "twilio/quick-reply"
#: The types whose words and buttons we read; others are listed by their name.
READ = (QUICK_REPLY, TEXT)
_APPROVALS = frozenset({"unsubmitted", "pending", "approved", "rejected", "paused", "disabled"})
#: Twilio has taken it, and WhatsApp has not seen it yet.
_WAITING = frozenset({"received"})
_PAGE = 100
_BROKEN = (
    TwilioException,
    RequestException,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)


class TwilioContents:
    """The texts of a Twilio account; without state."""

    def __init__(self, client: Callable[[str, str], Client], error: Callable[[Exception], SendError]) -> None:
        self._client, self._error = client, error

    def create(self, account_sid: str, secret: str, draft: ContentDraft) -> str:
        """Create the content. Raises SendError."""
        client = self._client(account_sid, secret)
        try:
            made = client.content.v1.contents.create(
                _Body(
                    friendly_name=draft.name,
                    language=draft.language,
                    variables=dict(draft.samples),
                    types=_types(draft),
                )
            )
            sid = made.sid
        except _BROKEN as error:
            raise self._error(error) from None
        if not isinstance(sid, str) or not sid:
            raise SendError("garbage", ErrorKind.UNKNOWN)
        return sid

    def submit(self, account_sid: str, secret: str, *, content_sid: str, name: str, category: str) -> Content:
        """Submit the content for WhatsApp. Raises SendError."""
        client = self._client(account_sid, secret)
        try:
            made = client.content.v1.contents(content_sid).approval_create.create(
                _Body(name=name, category=category)
            )
            request = {
                "status": made.status,
                "category": made.category,
                "rejection_reason": made.rejection_reason,
            }
        except _BROKEN as error:
            raise self._error(error) from None
        return Content(content_sid=content_sid, **_approval(request))

    def listed(self, account_sid: str, secret: str, *, submitted: Sequence[str]) -> Sequence[Content]:
        """Return the contents with their approvals, page by page to the last. Raises SendError.

        A list whose pages come again tells nothing of what it lacks: it counts as garbage.
        """
        client = self._client(account_sid, secret)
        found: dict[str, Content] = {}
        known = 0
        try:
            for record in client.content.v1.content_and_approvals.stream(page_size=_PAGE):
                if not isinstance(record.sid, str) or not record.sid:
                    continue
                known = known + 1 if record.sid in found else 0
                if known > _PAGE:
                    raise SendError("garbage", ErrorKind.UNKNOWN)
                found[record.sid] = _content(record)
        except _BROKEN as error:
            raise self._error(error) from None
        return list(found.values())


class _Body:
    """A JSON body as the SDK wants it, without the nulls of the SDK's own classes."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields

    def to_dict(self) -> dict[str, Any]:
        """Return the body."""
        return self._fields


def _types(draft: ContentDraft) -> dict[str, Any]:
    if not draft.buttons:
        return {TEXT: {"body": draft.body}}
    actions = [{"type": "QUICK_REPLY", "id": key, "title": title} for key, title in draft.buttons]
    return {QUICK_REPLY: {"body": draft.body, "actions": actions}}


def _content(record: Any) -> Content:
    """Return a record of the list; of types that are new to us only the name is read."""
    types = record.types if isinstance(record.types, Mapping) else {}
    read = next((name for name in READ if isinstance(types.get(name), Mapping)), "")
    known = types[read] if read else {}
    samples = record.variables if isinstance(record.variables, Mapping) else {}
    return Content(
        content_sid=record.sid,
        name=_word(record.friendly_name, 120),
        language=_word(record.language, 12),
        content_type=(read or next(iter(types), ""))[:40],
        body=_word(known.get("body"), 2000),
        buttons=tuple(
            (_word(action.get("id"), 200), _word(action.get("title"), 40))
            for action in known.get("actions") or ()
            if isinstance(action, Mapping)
        ),
        samples={str(n): _word(value, 1600) for n, value in samples.items()},
        types=dict(types),
        **_approval(record.approval_requests),
    )


def _approval(request: Any) -> dict[str, Any]:
    """Return how a text stands, from either form of the answer: flat, or under the channel's name."""
    if isinstance(request, Mapping) and isinstance(request.get("whatsapp"), Mapping):
        request = request["whatsapp"]
    if not isinstance(request, Mapping) or not request:
        return {"approval": "unsubmitted"}
    word = _word(request.get("status"), 20).lower()
    return {
        "approval": word if word in _APPROVALS else "pending" if word in _WAITING else "unknown",
        "category": _word(request.get("category"), 20).upper(),
        "rejection_reason": _word(request.get("rejection_reason"), 250),
    }


def _word(value: Any, longest: int) -> str:
    return str(value)[:longest] if isinstance(value, str) else ""
