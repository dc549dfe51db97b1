"""How many SMS parts a text makes; the page counts the same vectors, see tests/browser/test_composer.py."""

import json
from pathlib import Path

import pytest

from messaging import segments

VECTORS = json.loads((Path(__file__).parent / "sms_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "text", "times", "encoding", "units", "parts"), VECTORS, ids=[vector[0] for vector in VECTORS]
)
def test_a_text_makes_so_many_parts(
    name: str, text: str, times: int, encoding: str, units: int, parts: int
) -> None:
    found = segments.count(text * times)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts), name


def test_the_character_that_is_to_blame_is_named() -> None:
    assert segments.count("a" * 100 + "🙂" + "ñ").because == "🙂"
    assert segments.count("ñ€").because == ""


def test_one_emoji_makes_three_parts_of_one() -> None:
    assert segments.count("a" * 150).parts == 1
    assert segments.count("a" * 150 + "🙂").parts == 3
