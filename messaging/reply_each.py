"""Pure: "1 yes, 2 no", "both yes": what a message says of each of several people, or of all of them."""

from collections.abc import Mapping, Sequence

from messaging.wording import LONGEST_ANSWER, Lexicon, Tokens, section, tokens

_FILLER = ""
_NOBODY = -1


def each(text: str, labels: Sequence[str]) -> Mapping[int, bool] | None:
    """Return who of the named *labels*, listed from 1, comes and who does not: "1 yes, 2 no", "Ana sí, Luis no".

    None when the message says anything else, or says of one both.
    """
    entries = _answers()
    for group, phrases in section("numbers").items():
        entries.update(dict.fromkeys(phrases, int(group)))
    for number, label in enumerate(labels, 1):
        entries[tokens(label)] = number
    said = _lexed(text, entries)
    if said is None or len(said) < 2 or len(said) % 2:
        return None
    name_first = not isinstance(said[0], bool)
    found: dict[int, bool] = {}
    for at in range(0, len(said), 2):
        who, answer = said[at : at + 2] if name_first else reversed(said[at : at + 2])
        if isinstance(who, bool) or not isinstance(answer, bool) or not 1 <= who <= len(labels):
            return None
        if found.setdefault(who - 1, answer) is not answer:
            return None
    return found


def everyone(text: str) -> bool | None:
    """Return whether all come, or none, when the message says so of all: "both yes", "todos"; else None."""
    entries = _answers()
    entries.update(dict.fromkeys(section("each")["everyone"], 0))
    entries.update(dict.fromkeys(section("each")["nobody"], _NOBODY))
    said = _lexed(text, entries)
    if said and _NOBODY in said:
        return False if all(part is False or part == _NOBODY for part in said) else None
    if said is None or not any(part == 0 and not isinstance(part, bool) for part in said):
        return None
    answers = {part for part in said if isinstance(part, bool)}
    if len(answers) > 1 or any(part for part in said if not isinstance(part, bool)):
        return None
    return answers.pop() if answers else True


def _answers() -> dict[Tokens, bool | int | str]:
    """Return what says yes and no beside a name, and the little words that say nothing there."""
    return {
        **dict.fromkeys(section("polite")["words"], _FILLER),
        **dict.fromkeys(section("meanings")["yes"], True),
        **dict.fromkeys(section("meanings")["no"], False),
        **dict.fromkeys(section("each")["filler"], _FILLER),  # "y" is a yes in English, and "and" in Spanish
    }


def _lexed(text: str, entries: Mapping[Tokens, bool | int | str]) -> list[bool | int] | None:
    """Return the answers and numbers of *text* without fillers, None when a word is unknown."""
    if len(text) > LONGEST_ANSWER:
        return None
    parsed = Lexicon.of(entries).parse(tokens(text))
    if parsed is None:
        return None
    found: list[bool | int] = []
    for part in parsed:
        if not isinstance(part, str):
            found.append(part)
        elif part != _FILLER:
            if not part.isdigit() or len(part) > 2:
                return None
            found.append(int(part))
    return found
