"""Texts of this room that go out to patients: the room above says what may not stand in them."""

from collections.abc import Callable, Sequence

#: Returns what is wrong with a text, a sentence each.
Judge = Callable[[str], Sequence[str]]

_judges: list[Judge] = []


def register(judge: Judge) -> None:
    """Ask *judge*, too, before a text is stored."""
    _judges.append(judge)


def problems_of(body: str) -> list[str]:
    """Return what keeps *body* from being sent to patients, a sentence each; [] is good."""
    return [problem for judge in _judges for problem in judge(body)] if body else []
