"""Pure: "wrong number", and "I am not Rosa". The words are data, in `phrases/*.toml`."""

from collections.abc import Iterable

from messaging.replies import unpolite
from messaging.wording import LONGEST_ANSWER, Tokens, section, tokens

_LONGEST_NAME = 3  # words


def wrong_number(text: str, names: Iterable[str] = ()) -> str | None:
    """Return what *text* says of whom it reached: "" for a wrong number, else the name that is not theirs.

    *names* are those of the people whom we look for; a name of theirs counts however it is written, another one only
    when it is written as a name. None: it says nothing of the kind.
    """
    if len(text) > LONGEST_ANSWER:
        return None
    whole = tokens(text)
    said = unpolite(whole)
    words = section("wrong_number")
    if whole in words["whole"] or said in words["whole"]:
        return ""
    for size in range(min(len(said) - 1, max(map(len, words["not_me"]))), 0, -1):
        if said[:size] in words["not_me"]:
            rest = said[size:]
            for end in words["not_me_end"]:
                if len(rest) > len(end) and rest[-len(end) :] == end:
                    rest = rest[: -len(end)]
            known = {token for name in names for token in tokens(name)}  # read only now
            named = set(rest) <= known or (len(rest) <= _LONGEST_NAME and _written_as_names(text, rest))
            return " ".join(rest) if rest and named else None
    return None


def _written_as_names(text: str, words: Tokens) -> bool:
    """Say whether each of *words* begins with a capital in *text*, which is not written in capitals throughout."""
    titled = {token for word in text.split() if word.istitle() for token in tokens(word)}
    return not text.isupper() and set(words) <= titled
