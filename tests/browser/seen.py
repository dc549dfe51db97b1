"""What a page shows, asked of the browser: cut words, texts upon each other, white in the dark, English left over."""

from functools import cache

from babel.messages.pofile import read_po

from tests.stack.running import PROJECT

SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"

# Words that reach out of their element, or out of one round it that shows no more than itself.
CUT = """only => [...document.querySelectorAll(only)].filter(one => one.checkVisibility({visibilityProperty: true}))
    .filter(one => !one.closest('.sr-only, .row-last, .sr-only-unless-focused, dialog:not([open]), .day-block'))
    .filter(one => {
        const range = document.createRange();
        const texts = [...one.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
        const lines = texts.flatMap(node => (range.selectNodeContents(node), [...range.getClientRects()]));
        for (let round = one; lines.length && round && round !== document.body; round = round.parentElement) {
            const style = getComputedStyle(round), box = round.getBoundingClientRect();
            if (box.width <= 1) return false; // for screen readers alone
            if (/auto|scroll/.test(style.overflowX + style.overflowY)) return false;
            const hides = /hidden|clip/.test(style.overflowX);
            if (!hides && (round !== one || style.display === 'inline')) continue;
            if (lines.some(line => line.right > box.right + 1 || line.left < box.left - 1)) return true;
            if (hides && lines.some(line => line.bottom > box.bottom + 4 && line.top < box.bottom - 1)) return true; // else left out whole
        }
        return false;
    }).map(one => `${one.className || one.tagName}: ${one.textContent.trim().slice(0, 60)}`)"""

# Texts of one parent that lie upon each other.
OVERLAP = """() => {
    const boxes = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const one = node.parentElement;
        if (!node.data.trim() || !one.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        if (one.closest('.sr-only, .toasts, .calendar, .day-block, select')) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const list = boxes.get(one.parentElement) || boxes.set(one.parentElement, []).get(one.parentElement);
        list.push(...[...range.getClientRects()].map(box => [node.data.trim().slice(0, 40), box, one]));
    }
    const found = [];
    for (const list of boxes.values()) for (const [a, x, m] of list) for (const [b, y, n] of list)
        if (m !== n && a < b && Math.min(x.right, y.right) - Math.max(x.left, y.left) > 2
            && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 4) found.push(`${a} / ${b}`);
    return found;
}"""

TEXTS = """() => [...document.querySelectorAll('body *')].filter(one => !one.closest('template, script, .bubble-body, [lang]:not(html)'))
    .flatMap(one => [one.getAttribute('aria-label'), one.title, one.placeholder,
        ...[...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data)])
    .filter(Boolean).map(text => text.trim())"""

WHITE = """() => [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()).filter(one => {
    const box = one.getBoundingClientRect();
    return getComputedStyle(one).backgroundColor === 'rgb(255, 255, 255)' && box.width > 40 && box.height > 40;
}).map(one => one.outerHTML.slice(0, 100))"""


@cache
def english() -> set[str]:
    """Return our sentences that read otherwise in Spanish."""
    with (PROJECT / "medsync/locale/es/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file)
    found = [m for m in catalog if isinstance(m.id, str) and m.string and "%" not in m.id and len(m.id) > 3]
    spanish = {str(m.string) for m in found}
    their_own = {
        "English",
        "appointment",
    }  # a language by its own name, what a patient of the phone page may write
    return {str(m.id) for m in found if m.id != m.string} - spanish - their_own
