"""Text from outside: made storable, never refused; and made searchable."""

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def clean(value: str) -> str:
    """Return the text with NUL and lone surrogates replaced by U+FFFD, the only code points Postgres refuses."""
    return _UNSTORABLE.sub("�", value)


def search_key(value: str) -> str:
    """Return the text as searches compare it: case-folded, without accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", clean(value).casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _SPACES.sub(" ", bare).strip()
