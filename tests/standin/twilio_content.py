"""Twilio's Content API beside the stand-in's messages: contents, their approval, and the paged list.

`contents` is the truth about what is stored; a test says what WhatsApp thinks of it with `decide`.
"""

import base64
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standin.twilio import TwilioStandIn

_SUBMIT = re.compile(r"/v1/Content/(HX[0-9a-f]{32})/ApprovalRequests/whatsapp")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")


@dataclass(kw_only=True)
class StoredContent:
    """A content of an account; `approval` as Twilio shows it, {} while it was not submitted."""

    sid: str
    account: str
    friendly_name: str
    language: str
    variables: Mapping[str, str]
    types: Mapping[str, Any]
    approval: dict[str, Any] = field(default_factory=dict)

    def as_json(self, base: str) -> dict[str, Any]:
        """The REST representation."""
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "friendly_name": self.friendly_name,
            "language": self.language,
            "variables": dict(self.variables),
            "types": dict(self.types),
            "date_created": "2026-11-20T10:00:00Z",
            "date_updated": "2026-11-20T10:00:00Z",
            "url": f"{base}/v1/Content/{self.sid}",
            "links": {},
        }


@dataclass
class TwilioContentStandIn(TwilioStandIn):
    """The stand-in with a Content API; `refuse_next` are the error numbers of the next calls to it, 0 for none."""

    page_size: int = 50
    loops: bool = False  # after the last page the first comes again
    refuse_next: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contents: dict[str, StoredContent] = {}
        self.content_requests: list[tuple[str, str, Any]] = []
        self._sids = itertools.count(1)
        super().__post_init__()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return what answers requests."""
        return _handler(self, super().handler())

    def store(self, account: str, wanted: Mapping[str, Any]) -> StoredContent:
        """Keep a content, whoever made it."""
        content = StoredContent(
            sid=f"HX{next(self._sids):032x}",
            account=account,
            friendly_name=wanted.get("friendly_name", ""),
            language=wanted["language"],
            variables=wanted.get("variables") or {},
            types=wanted["types"],
        )
        self.contents[content.sid] = content
        body = next((kind.get("body", "") for kind in content.types.values()), "")
        self.rendered[content.sid] = body
        return content

    def decide(self, sid: str, status: str, *, category: str = "", reason: str = "") -> None:
        """Say what WhatsApp thinks of a content by now."""
        approval = self.contents[sid].approval
        approval["status"] = status
        approval["rejection_reason"] = reason
        if category:
            approval["category"] = category

    def approve_all(self) -> None:
        """Let WhatsApp approve everything that was submitted."""
        for content in self.contents.values():
            if content.approval:
                content.approval["status"] = "approved"


def _handler(twilio: TwilioContentStandIn, base: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(base):  # type: ignore[misc]
        def do_POST(self) -> None:
            path = urlsplit(self.path).path
            if not path.startswith("/v1/"):
                super().do_POST()
                return
            raw = self.body()
            account = self.content_account()
            if account is None:
                return
            if self.headers.get("Content-Type") != "application/json":
                twilio.note_broken("not JSON")
                self.error(415, 20422)
                return
            wanted = json.loads(raw)
            twilio.content_requests.append(("POST", path, wanted))
            if twilio.refuse_next and (code := twilio.refuse_next.pop(0)):
                self.error(401 if code == 20003 else 429 if code == 20429 else 400, code)
            elif path == "/v1/Content":
                self.create(account, wanted)
            elif (found := _SUBMIT.fullmatch(path)) and found[1] in twilio.contents:
                self.submit(twilio.contents[found[1]], wanted)
            else:
                self.error(404, 20404)

        def create(self, account: str, wanted: dict[str, Any]) -> None:
            types = wanted.get("types")
            if not wanted.get("language") or not types or any(kind is None for kind in types.values()):
                twilio.note_broken("content without language or types")
                self.error(400, 20001)
                return
            self.answer(201, twilio.store(account, wanted).as_json(twilio.base_url))

        def submit(self, content: StoredContent, wanted: dict[str, Any]) -> None:
            if not _NAME.fullmatch(wanted.get("name", "")) or wanted.get("category") not in _CATEGORIES:
                twilio.note_broken("name or category of an approval")
                self.error(400, 20001)
            elif content.approval:
                self.error(400, 92009)
            else:
                content.approval = {
                    "name": wanted["name"],
                    "category": wanted["category"],
                    "content_type": next(iter(content.types)),
                    "status": "received",
                    "rejection_reason": "",
                    "allow_category_change": True,
                }
                self.answer(201, content.approval)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if not path.startswith("/v1/"):
                super().do_GET()
                return
            account = self.content_account()
            if account is None:
                return
            twilio.content_requests.append(("GET", path, None))
            if twilio.list_fails:
                self.error(twilio.list_fails, 20500)
                return
            if path != "/v1/ContentAndApprovals":
                self.error(404, 20404)
                return
            query = parse_qs(urlsplit(self.path).query)
            page = int(query.get("Page", ["0"])[0])
            size = twilio.page_size
            mine = [content for content in twilio.contents.values() if content.account == account]
            if twilio.loops:
                page %= -(-len(mine) // size)
            more = twilio.loops or len(mine) > (page + 1) * size
            url = f"{twilio.base_url}{path}?Page={page}"
            following = f"{twilio.base_url}{path}?Page={page + 1}&PageToken=x" if more else None
            shown = mine[page * size : (page + 1) * size]
            self.answer(
                200,
                {
                    "contents": [
                        {**one.as_json(twilio.base_url), "approval_requests": one.approval or None}
                        for one in shown
                    ],
                    "meta": {
                        "page": page,
                        "page_size": size,
                        "first_page_url": url,
                        "previous_page_url": None,
                        "url": url,
                        "next_page_url": following,
                        "key": "contents",
                    },
                },
            )

        def content_account(self) -> str | None:
            scheme, _, credentials = (self.headers.get("Authorization") or "").partition(" ")
            sid, _, token = base64.b64decode(credentials or "").decode("utf-8", "replace").partition(":")
            if scheme != "Basic" or twilio.tokens.get(sid) != token:
                self.error(401, 20003)
                return None
            return sid

    return Handler
