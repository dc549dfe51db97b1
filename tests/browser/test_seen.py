"""What looks for cut words, white and English would find them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.seen import CUT, OVERLAP, SIDEWAYS, TEXTS, WHITE, english

pytestmark = pytest.mark.browser


@pytest.fixture
def bare(chrome: Browser) -> Iterator[Page]:
    """Give an empty page."""
    page = chrome.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


@pytest.mark.parametrize(
    "style",
    ["width: 60px; overflow: hidden; white-space: nowrap", "width: 60px; white-space: nowrap", "height: 20px; overflow: hidden; width: 60px"],
    ids=["hidden", "over-its-edge", "second-line-half-hidden"],
)  # fmt: skip
def test_a_cut_word_is_found(bare: Page, style: str) -> None:
    bare.set_content(
        f'<p><button>Save</button></p><div style="{style}; font: 10px/16px sans-serif"><h2 style="font: inherit">A very long heading</h2></div>'
        f'<div class="chip" style="{style}; font: 10px/16px sans-serif">A very long chip</div>'
    )

    found = bare.evaluate(CUT, "button, .chip, h2")

    assert "chip: A very long chip" in found
    assert not [one for one in found if "Save" in one]


def test_texts_upon_each_other_white_and_sideways_are_found(bare: Page) -> None:
    bare.set_content(
        '<p><span>one two</span><span style="margin-left: -30px">three</span></p>'
        '<div style="background: #fff; width: 41px; height: 41px">x</div><div style="width: 500px">wide</div>'
    )

    assert bare.evaluate(OVERLAP) == ["one two / three"]
    assert len(bare.evaluate(WHITE)) == 1
    assert bare.evaluate(SIDEWAYS) > 0


def test_english_left_over_is_found(bare: Page) -> None:
    bare.set_content('<html lang="es"><button title="Try again">Guardar</button><p>Patients</p>')

    assert {"Try again", "Patients"} <= set(bare.evaluate(TEXTS)) & english()
    assert len(english()) > 500
