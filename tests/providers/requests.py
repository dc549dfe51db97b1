"""Webhooks made by hand for the provider tests."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

from messaging.providers.base import InboundRequest
from tests.standin.twilio import TOKEN, sign

URL = "https://medsync.example/api/webhooks/whatsapp"


def request(
    form: Mapping[str, str] | Iterable[tuple[str, str]],
    *,
    url: str = URL,
    urls: tuple[str, ...] | None = None,
    signature: str | None = None,
    token: str = TOKEN,
    headers: Mapping[str, str] | None = None,
) -> InboundRequest:
    """Return a form post signed with the token (or carrying the given signature)."""
    pairs = list(form.items() if isinstance(form, Mapping) else form)
    raw: dict[bytes, list[bytes]] = {}
    text: dict[str, list[str]] = {}
    for name, value in pairs:
        raw.setdefault(name.encode(), []).append(value.encode())
        text.setdefault(name, []).append(value)
    given = sign(url, pairs, token) if signature is None else signature
    return InboundRequest(
        method="POST",
        urls=urls or (url,),
        headers={"x-twilio-signature": given, **(headers or {})},
        body="&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in pairs).encode(),
        raw_form=raw,
        form=text,
        content_type="application/x-www-form-urlencoded",
    )
