"""What Twilio's error numbers leave us to do; what they mean stands in `errors.toml`."""

from functools import cache
from pathlib import Path

from messaging.providers.base import ErrorKind
from messaging.providers.causes import Cause, KnownError, load

#: Credentials or the account itself: nothing of this account will go out until a person acts.
ACCOUNT_CODES = frozenset({20003, 20005, 20008})
#: Too much at once; the request was not carried out.
RETRY_CODES = frozenset({20429, 21611, 63017, 63018, 63038})


@cache
def table() -> dict[str, KnownError]:
    """Return every number that we know."""
    return dict(load(Path(__file__).with_name("errors.toml")))


def known(code: str) -> KnownError | None:
    """Return what a number means, None when it is new to us."""
    return table().get(code)


def kind(http_status: int, code: int) -> ErrorKind:
    """Return what an HTTP error of the REST API leaves us to do."""
    if http_status == 429 or code in RETRY_CODES:
        return ErrorKind.RETRY
    if http_status == 401 or code in ACCOUNT_CODES or (http_status == 403 and not _is_of_one_message(code)):
        return ErrorKind.ACCOUNT
    # A gateway's or Twilio's own failure, and whatever is no plain refusal, may come after the send was done.
    if http_status >= 500 or http_status < 400 or http_status == 408:
        return ErrorKind.UNKNOWN
    return ErrorKind.PERMANENT


def _is_of_one_message(code: int) -> bool:
    """Tell whether a number says that this message is refused, and nothing of the account."""
    found = known(str(code))
    return found is not None and found.cause is not Cause.ACCOUNT
