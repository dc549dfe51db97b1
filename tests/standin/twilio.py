"""A stand-in Twilio: checks each request as Twilio does, does what a script says, remembers what it accepted.

Start it with `with TwilioStandIn() as twilio:`, point `TWILIO_API_BASE_URL` at `twilio.base_url`. What scripts,
callbacks and faults can do stands in `tests.standin.server`.
"""

import base64
import hmac
import itertools
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.standin.server import Carried, Exchange, Script, StandIn, refuse

__all__ = ["ACCOUNT", "TOKEN", "Accepted", "Script", "TwilioStandIn", "post_form", "refuse", "sign"]

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "0123456789abcdef0123456789abcdef"

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_BSUID = re.compile(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}")
_CONTENT = re.compile(r"HX[0-9a-f]{32}")
_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json")
_LONGEST = 1600
#: What a send may say; a name that Twilio does not know would be dropped in silence.
_KNOWN = frozenset(
    [
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "StatusCallback",
        "ContentSid",
        "ContentVariables",
        "ValidityPeriod",
        "SmartEncoded",
        "ShortenUrls",
        "ProvideFeedback",
        "Attempt",
        "ForceDelivery",
        "AddressRetention",
        "ContentRetention",
        "PersistentAction",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "RiskCheck",
        "MaxPrice",
        "ApplicationSid",
    ]
)


@dataclass(kw_only=True)
class Accepted(Carried):
    """A message that the stand-in carries."""

    direction: str = "outbound-api"
    error_code: int | None = None
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The REST representation."""
        date = format_datetime(self.created_at)
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": date,
            "date_updated": date,
            "date_sent": None,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "to": self.to,
            "messaging_service_sid": None,
            "num_media": str(len(self.media)),
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "status": self.status,
            "uri": f"/2010-04-01/Accounts/{self.account}/Messages/{self.sid}.json",
            "subresource_uris": {},
        }


def sign(url: str, form: Iterable[tuple[str, str]], token: str) -> str:
    """Twilio's signature, written apart from the product's own code."""
    by_name: dict[str, set[str]] = {}
    for name, value in form:
        by_name.setdefault(name, set()).add(value)
    text = url.split("#")[0] + "".join(n + v for n in sorted(by_name) for v in sorted(by_name[n]))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def post_form(url: str, form: Mapping[str, str], signature: str, timeout: float = 15.0) -> int:
    """Post a webhook as Twilio does; return the HTTP status, 0 when there was no answer."""
    request = urllib.request.Request(
        url.split("#")[0],
        data=urlencode(form).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature,
            "User-Agent": "TwilioProxy/1.1",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@dataclass
class TwilioStandIn(StandIn):
    """The server. `deliver` posts webhooks (over HTTP unless a test hands in something nearer).

    `rendered` are the approved texts' bodies by content SID, for the list; a SID that is not among them is
    refused once there is one.
    """

    tokens: dict[str, str] = field(default_factory=lambda: {ACCOUNT: TOKEN})
    deliver: Callable[[str, Mapping[str, str], str], int] = post_form
    rendered: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        super().__post_init__()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return what answers requests."""
        return _handler(self)

    def accept(self, account: str, form: Mapping[str, str], media: Sequence[str] = ()) -> Accepted:
        """Carry a message from now on."""
        with self._lock:
            content = form.get("ContentSid", "")
            variables = json.loads(form.get("ContentVariables") or "{}")
            message = Accepted(
                sid=f"SM{next(self._numbers):032x}",
                account=account,
                from_=form["From"],
                to=form["To"],
                body=self._fill(content, variables) if content else form.get("Body", ""),
                status_callback=form.get("StatusCallback", ""),
                created_at=datetime.now(UTC).replace(microsecond=0),
                media=tuple(media),
                content_sid=content,
                content_variables=variables,
            )
            self.accepted.append(message)
        return message

    def _fill(self, content_sid: str, variables: Mapping[str, str]) -> str:
        """Return an approved text as Twilio's list shows it; one that is not known reads like nothing."""
        body = self.rendered.get(content_sid, "")
        for number, value in variables.items():
            body = body.replace(f"{{{{{number}}}}}", value)
        return body

    def note_inline_reply(self, account: str, from_: str, to: str, body: str, callback: str) -> Accepted:
        """Carry a reply that came as TwiML: Twilio lists it as outbound-reply."""
        message = self.accept(account, {"From": from_, "To": to, "Body": body, "StatusCallback": callback})
        message.direction = "outbound-reply"
        return message

    def call_back(self, message: Accepted, statuses: Iterable[str], error_code: str = "") -> None:
        """Send signed status callbacks, one after another."""
        for status in statuses:
            if not message.status_callback:
                return
            form = {
                "MessageSid": message.sid,
                "SmsSid": message.sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": message.account,
                "From": message.from_,
                "To": message.to,
                "ApiVersion": "2010-04-01",
            }
            if status in ("failed", "undelivered"):
                form["ErrorCode"] = error_code or "30008"
            message.status = status
            url = message.status_callback
            answer = self.deliver(url, form, sign(url, form.items(), self.tokens[message.account]))
            self.answers.append((message.sid, status, answer))


def _handler(twilio: TwilioStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(Exchange):
        standin = twilio
        too_much, wrong_credentials, taken_status = 20429, 20003, 201

        def error(self, status: int, code: int, headers: Mapping[str, str] = {}) -> None:
            twilio.refused.append(code)
            self.answer(
                status,
                {
                    "code": code,
                    # Like the real one, the text quotes what was sent: it must never reach a log of ours.
                    "message": "The 'To' number +15005550001 is not a valid phone number.",
                    "more_info": f"https://www.twilio.com/docs/errors/{code}",
                    "status": status,
                },
                headers,
            )

        def taken(self, message: Accepted) -> object:
            return {**message.as_json(), "status": "queued"}

        def account(self) -> str | None:
            path = _PATH.fullmatch(urlsplit(self.path).path)
            if path is None:
                twilio.note_broken("no such path")
                self.error(404, 20404)
                return None
            scheme, _, credentials = (self.headers.get("Authorization") or "").partition(" ")
            sid, _, token = base64.b64decode(credentials or "").decode("utf-8", "replace").partition(":")
            if scheme != "Basic":
                twilio.note_broken("no basic authentication")
            if scheme != "Basic" or twilio.tokens.get(sid) != token:
                self.error(401, 20003)
                return None
            if sid != path[1]:
                self.error(404, 20404)
                return None
            return sid

        def do_POST(self) -> None:
            raw = self.body()
            script = twilio.next_script()
            account = self.account()
            if account is None:
                return
            if twilio.delay:
                twilio.wait(twilio.delay)
            if not (self.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded"):
                twilio.note_broken("not a form")
            pairs = parse_qsl(raw.decode(), keep_blank_values=True)
            form, media = dict(pairs), [value for name, value in pairs if name == "MediaUrl"]
            for what in _breaks(pairs):
                twilio.note_broken(what)
            problem = _problem(form, media, twilio.rendered)
            if problem:
                twilio.note_broken(f"refused with {problem}")
                self.error(400, problem)
                return
            self.play(script, lambda: twilio.accept(account, form, media))

        def do_GET(self) -> None:
            account = self.account()
            if account is None:
                return
            if twilio.list_fails:
                self.error(twilio.list_fails, 20500)
                return
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            found = [
                m
                for m in reversed(twilio.accepted)
                if m.account == account
                and query.get("To", m.to) == m.to
                and query.get("From", m.from_) == m.from_
                and _dated(m, query)
            ]
            size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
            rows = found[page * size : (page + 1) * size]
            path = urlsplit(self.path).path
            following = urlencode({**query, "Page": page + 1, "PageSize": size})
            self.answer(
                200,
                {
                    "messages": [m.as_json() for m in rows],
                    "page": page,
                    "page_size": size,
                    "next_page_uri": f"{path}?{following}" if len(found) > (page + 1) * size else None,
                    "uri": self.path,
                },
            )

    return Handler


def _dated(message: Accepted, query: Mapping[str, str]) -> bool:
    day = message.created_at.date().isoformat()
    return (
        query.get("DateSent", day)[:10] == day
        and query.get("DateSent>", day)[:10] <= day
        and query.get("DateSent<", day)[:10] >= day
    )


def _breaks(pairs: Sequence[tuple[str, str]]) -> Iterable[str]:
    """What Twilio would let pass or drop in silence, and is a mistake all the same."""
    names = [name for name, _ in pairs]
    for name in sorted(set(names) - _KNOWN):
        yield f"{name} is no field of a send"
    for name in sorted({name for name in names if name != "MediaUrl" and names.count(name) > 1}):
        yield f"{name} stands there twice"
    if "StatusCallback" not in names:
        yield "no StatusCallback: a lost answer could not be proved"
    if "SendAt" in names or "ScheduleType" in names:
        yield "scheduled without a messaging service"


def _problem(form: Mapping[str, str], media: Sequence[str], contents: Mapping[str, str]) -> int | None:
    """The error number with which Twilio refuses this form, None when it takes it."""
    to, from_ = form.get("To", ""), form.get("From", "")
    if not to:
        return 21604
    if not from_:
        return 21603
    if not form.get("Body") and not media and not form.get("ContentSid"):
        return 21602
    if len(form.get("Body", "")) > _LONGEST:
        return 21617
    return _bad_numbers(to, from_) or _bad_content(form, contents) or _bad_urls(form, media)


def _bad_numbers(to: str, from_: str) -> int | None:
    if to.startswith("whatsapp:") != from_.startswith("whatsapp:"):
        return 63007
    address, number = to.removeprefix("whatsapp:"), from_.removeprefix("whatsapp:")
    if not _E164.fullmatch(address) and not (to.startswith("whatsapp:") and _BSUID.fullmatch(address)):
        return 21211
    if not _E164.fullmatch(number):
        return 21606
    return 21211 if to == from_ else None


def _bad_content(form: Mapping[str, str], contents: Mapping[str, str]) -> int | None:
    sid = form.get("ContentSid")
    if sid is None:
        return 21654 if "ContentVariables" in form else None
    if not _CONTENT.fullmatch(sid) or (contents and sid not in contents):
        return 21655
    try:
        variables = json.loads(form.get("ContentVariables") or "{}")
    except ValueError:
        return 21656
    if not isinstance(variables, dict):
        return 21656
    if len(variables) > 100:
        return 92002
    for name, value in variables.items():
        if not isinstance(value, str) or not value.strip() or "\n" in value or not name.isdigit():
            return 92007
        if len(value) > _LONGEST:
            return 21658
    return None


def _bad_urls(form: Mapping[str, str], media: Sequence[str]) -> int | None:
    if len(media) > 10:
        return 21623
    if not all(_is_url(url) for url in media):
        return 21620
    callback = form.get("StatusCallback")
    if callback is not None and (not _is_url(callback) or "_" in (urlsplit(callback).hostname or "")):
        return 21609
    return None


def _is_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
