"""Words as searches compare them: lower case, without accents, each Chinese character a word of its own.

The same folding stands in an index of the database, so it is made of what Postgres has built in: a function of ours
would have to be made in every clinic's schema, and a column would be written with every message.
"""

import re
from collections.abc import Iterator

_ACCENTED = "áàâäãåāăąçćčďéèêëēęěíìîïīįñńňóòôöõøōřśšşťúùûüūůýÿžźż"
_PLAIN = "aaaaaaaaacccdeeeeeeeiiiiiinnnooooooorssstuuuuuuyyzzz"
_TABLE = str.maketrans(_ACCENTED, _PLAIN)
_CJK = "一-鿿぀-ヿ"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+", re.UNICODE)

#: The expression of the index, over the column `body`. A query must use it letter by letter.
VECTOR = (
    "to_tsvector('simple'::regconfig, regexp_replace("
    f"translate(lower(body), '{_ACCENTED}', '{_PLAIN}'), '([{_CJK}])', ' \\1 ', 'g'))"
)
MOST_WORDS = 8


def fold(text: str) -> str:
    """Return the text as the index has it, letter for letter: the places of words stay."""
    return text.lower().translate(_TABLE)


def words(text: str) -> Iterator[str]:
    """Yield the words to look for; Chinese in one piece."""
    for found in _TOKEN.findall(fold(text)):
        yield found.replace("_", " ").strip()


def tsquery(text: str) -> str:
    """Return the text as a query of all its words, the last one perhaps not typed to its end; "" for no word."""
    parts = [part for word in words(text) for part in word.split()][:MOST_WORDS]
    lexemes = []
    for n, part in enumerate(parts):
        if re.match(rf"[{_CJK}]", part):
            lexemes.append("(" + " <-> ".join(part) + ")")
        else:
            lexemes.append(part + (":*" if n == len(parts) - 1 and len(part) > 1 else ""))
    return " & ".join(lexemes)


def snippet(body: str, wanted: str, *, around: int = 60) -> tuple[str, str, str]:
    """Return the place of the first wanted word in a message: before it, the word, after it."""
    line = re.sub(r"\s+", " ", body)
    folded = fold(line)
    if len(folded) != len(line):  # a letter that becomes two in lower case: no place can be shown
        return line[: 2 * around], "", ""
    places = [(at, word) for word in words(wanted) for at in [folded.find(word)] if at >= 0 and word]
    if not places:
        return line[: 2 * around], "", ""
    at, word = min(places)
    begin, end = max(0, at - around), at + len(word) + around
    before = ("…" if begin else "") + line[begin:at]
    after = line[at + len(word) : end] + ("…" if end < len(line) else "")
    return before, line[at : at + len(word)], after
