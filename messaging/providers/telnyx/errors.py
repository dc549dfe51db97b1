"""What Telnyx's error numbers leave us to do; what they mean stands in `errors.toml`."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from messaging.providers.base import ErrorKind
from messaging.providers.causes import Cause, KnownError, Retry, load

_REFUSED = "40301"


@cache
def table() -> dict[str, KnownError]:
    """Return every number that we know."""
    return dict(load(Path(__file__).with_name("errors.toml")))


def known(code: str) -> KnownError | None:
    """Return what a number means, None when it is new to us; a new 403xx is a plain refusal."""
    found = table().get(code)
    if found is None and len(code) == 5 and code.startswith("403") and code.isdigit():
        return replace(table()[_REFUSED], code=code)
    return found


def kind(http_status: int, code: str) -> ErrorKind:
    """Return what an HTTP error of the REST API leaves us to do."""
    found = known(code)
    if http_status == 429:
        return ErrorKind.RETRY
    # Telnyx's own failure, and whatever is no plain refusal, may come after the send was done.
    if http_status >= 500 or http_status < 400 or http_status == 408:
        return ErrorKind.UNKNOWN
    if http_status == 401 or (found is not None and found.cause is Cause.ACCOUNT):
        return ErrorKind.ACCOUNT
    if found is None:
        return ErrorKind.ACCOUNT if http_status == 403 else ErrorKind.PERMANENT
    if found.retry is Retry.BACKOFF:
        return ErrorKind.RETRY
    return ErrorKind.UNKNOWN if found.retry is Retry.RECONCILE else ErrorKind.PERMANENT
