"""Pure: "wrong number", and "I am not Rosa". The words are data, in `phrases/*.toml`."""

from collections.abc import Iterable, Iterator

from messaging.replies import unpolite
from messaging.wording import LONGEST_ANSWER, Tokens, section, tokens

_LONGEST_NAME = 3  # words; of a Chinese name characters


def wrong_number(text: str, names: Iterable[str] = ()) -> str | None:
    """Return what *text* says of whom it reached: "" for a wrong number, else the name that is not theirs.

    *names* are those of the people whom we look for; a name of theirs counts however it is written, another one only
    when it is written as a name, or is a Chinese one. Who says both has a wrong number, whatever the name is. None: it
    says nothing of the kind.
    """
    if len(text) > LONGEST_ANSWER:
        return None
    wrong = section("wrong_number")["whole"]
    whole = tokens(text)
    bare = unpolite(whole)
    if whole in wrong or bare in wrong:
        return ""
    beside = (*_beside_wrong_number(whole), *_beside_wrong_number(bare))
    if any(said in wrong or 0 < len(_behind_not_me(said)) <= _LONGEST_NAME for said in beside):
        return ""
    rest = _behind_not_me(bare)
    known = {token for name in names for token in tokens(name)} if rest else set()  # read only now
    return " ".join(rest) if rest and (set(rest) <= known or _is_name(text, rest)) else None


def _beside_wrong_number(said: Tokens) -> Iterator[Tokens]:
    """Yield what else is said, "I'm not Rosa", by who says at the end or first that we have the wrong number."""
    wrong = section("wrong_number")["whole"]
    for at in range(1, len(said)):
        if said[at:] in wrong:
            yield unpolite(said[:at])
        if said[:at] in wrong:
            yield unpolite(said[at:])


def _behind_not_me(said: Tokens) -> Tokens:
    """Return what stands behind "I am not", () where it is not said."""
    words = section("wrong_number")
    for size in range(min(len(said) - 1, max(map(len, words["not_me"]))), 0, -1):
        if said[:size] in words["not_me"]:
            rest = said[size:]
            for end in words["not_me_end"]:
                if len(rest) > len(end) and rest[-len(end) :] == end:
                    rest = rest[: -len(end)]
            return rest
    return ()


def _is_name(text: str, words: Tokens) -> bool:
    return _is_chinese_name(words) or (len(words) <= _LONGEST_NAME and _written_as_names(text, words))


def _is_chinese_name(words: Tokens) -> bool:
    """Say whether *words* are a surname with one or two characters behind it, or a title; nobody of a clinic."""
    known = section("wrong_number")
    if len(words) > _LONGEST_NAME and words[-2:] in known["titles"]:
        words = words[:-2]
    return (
        1 < len(words) <= _LONGEST_NAME
        and words[:1] in known["surnames"]
        and words[1:] not in known["not_a_name"]
        and all(len(word) == 1 and not word.isascii() for word in words)
    )


def _written_as_names(text: str, words: Tokens) -> bool:
    """Say whether each of *words* begins with a capital in *text*, which is not written in capitals throughout."""
    titled = {token for word in text.split() if word.istitle() for token in tokens(word)}
    return not text.isupper() and set(words) <= titled
