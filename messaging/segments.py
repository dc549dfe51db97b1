"""Pure: how many SMS parts a text makes, and which character is to blame. static/js/segments.js counts the same.

GSM 03.38 takes 160 characters in one part and 153 in each of several; its extension counts twice and is never cut
in two. One character outside of it makes the whole text UCS-2: 70, and 67 in each of several, and what lies beyond
the first plane (most emoji) takes two units that are never cut apart either.
"""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Segments:
    """The count: `units` of the encoding, the `parts` they make, and the first character that is not GSM-7."""

    encoding: str  # "gsm" | "ucs2"
    units: int
    parts: int
    room: int  # units that all the parts hold together
    because: str = ""


def count(text: str) -> Segments:
    """Return how a text travels by SMS."""
    because = next((char for char in text if char not in _BASIC and char not in _EXTENDED), "")
    if because:
        sizes = [2 if ord(char) > 0xFFFF else 1 for char in text]
        return _counted("ucs2", sizes, single=70, each=67, because=because)
    sizes = [2 if char in _EXTENDED else 1 for char in text]
    return _counted("gsm", sizes, single=160, each=153)


def _counted(encoding: str, sizes: list[int], *, single: int, each: int, because: str = "") -> Segments:
    units = sum(sizes)
    if units <= single:
        return Segments(encoding, units, 1 if units else 0, single, because)
    parts, filled = 1, 0
    for size in sizes:
        if filled + size > each:  # a pair is never cut apart
            parts, filled = parts + 1, 0
        filled += size
    return Segments(encoding, units, parts, parts * each, because)
