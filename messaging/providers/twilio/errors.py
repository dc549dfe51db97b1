"""What Twilio's error numbers mean for a send, and for the person who reads about it."""

from enum import StrEnum

from messaging.providers.base import ErrorKind

#: Credentials or the account itself: nothing of this account will go out until a person acts.
ACCOUNT_CODES = frozenset({20003, 20005, 20008})
#: Too much at once; the request was not carried out.
RETRY_CODES = frozenset({20429, 21611, 63017, 63018, 63038})


class Cause(StrEnum):
    """Why a message did not arrive, coarse enough for one plain sentence on a screen."""

    ACCOUNT = "account"
    CONFIG = "config"
    CONTENT = "content"
    MESSAGE = "message"
    OPT_OUT = "opt_out"
    RATE = "rate"
    RECIPIENT = "recipient"
    TEMPLATE = "template"
    TRANSIENT = "transient"
    WINDOW = "window"


_CODES: dict[Cause, tuple[int, ...]] = {
    Cause.ACCOUNT: (20003, 20005, 20008, 21608, 30002, 30033, 63001, 63020, 63051, 63062, 63112),
    Cause.CONFIG: (
        *(20404, 21408, 21606, 21609, 21616, 21655, 21703, 21704, 21705, 30018, 30032, 30034, 30035),
        *(63002, 63007, 63015, 63027),
    ),
    Cause.CONTENT: (30007, 30450, 63005, 63013, 63021, 63049),
    Cause.MESSAGE: (
        *(21602, 21603, 21604, 21617, 21619, 21620, 21623, 21654, 21656, 21658, 30019, 35114),
        *(63006, 63019, 63028, 63030, 63031, 63034, 92002, 92007),
    ),
    Cause.OPT_OUT: (21610, 63014, 63033),
    Cause.RATE: (20249, 20429, 21611, 30001, 30022, 30023, 30027, 63017, 63018, 63038),
    Cause.RECIPIENT: (*(21211, 21601, 21612, 21614, 30003, 30004, 30005, 30006, 30008, 63003, 63024, 63032),),
    Cause.TEMPLATE: (63040, 63041, 63042, 92009),
    Cause.TRANSIENT: (20500, 20503, 30017, 30036, 30410, 63009, 63010, 63012),
    Cause.WINDOW: (63016,),
}
_CAUSES = {str(code): cause for cause, codes in _CODES.items() for code in codes}


def cause(code: str) -> Cause | None:
    """Return why a message with this error number did not arrive, None when the number is new to us."""
    return _CAUSES.get(code)


def kind(http_status: int, code: int) -> ErrorKind:
    """Return what an HTTP error of the REST API leaves us to do."""
    if http_status == 429 or code in RETRY_CODES:
        return ErrorKind.RETRY
    if http_status in (401, 403) or code in ACCOUNT_CODES:
        return ErrorKind.ACCOUNT
    # A gateway's or Twilio's own failure, and whatever is no plain refusal, may come after the send was done.
    if http_status >= 500 or http_status < 400 or http_status == 408:
        return ErrorKind.UNKNOWN
    return ErrorKind.PERMANENT
