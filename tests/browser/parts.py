"""What the browser's tests do again and again, in the words of who does it."""

import json
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, FloatRect, Locator, Page, expect

from tests.browser.conftest import CLINIC, PATIENCE, PHONE
from tests.stack.running import RunningStack

INBOX = f"/c/{CLINIC}/inbox/"
DESK = f"/c/{CLINIC}/phone/"


@dataclass
class PlayedPhone:
    """One patient's phone on the phone page."""

    page: Page
    id: str

    @property
    def case(self) -> Locator:
        """Return the phone itself."""
        return self.page.locator(f'[data-phone="{self.id}"]')

    @property
    def name(self) -> str:
        """Return the owner's name."""
        return self.case.get_attribute("aria-label") or ""

    def write(self, text: str) -> None:
        """Type a message and send it."""
        self.case.locator("[name=body]").fill(text)
        self.case.locator("[data-phone-send]").click()
        expect(self.case.locator(".said-mine").last).to_contain_text(text, timeout=PATIENCE)
        # Its own answer is here too: the next words are typed into an empty field.
        expect(self.case.locator("[name=body]")).to_have_value("", timeout=PATIENCE)

    def arrives(self, line: str) -> None:
        """Choose how messages arrive on this phone, and wait until it is so."""
        with self.page.expect_response("**/settings/"):
            self.case.locator("[data-line]").select_option(line)

    def heard(self, text: str) -> None:
        """Wait until the clinic's text stands on the screen."""
        expect(self.case.locator(".said-theirs", has_text=text).last).to_be_visible(timeout=PATIENCE)

    def messages(self) -> int:
        """Return how many messages came from the clinic."""
        return self.case.locator(".said-theirs").count()

    def answered(self, more_than: int) -> str:
        """Wait for one more message from the clinic than there were, and return its text."""
        expect(self.case.locator(".said-theirs").nth(more_than)).to_be_visible(timeout=PATIENCE)
        return self.case.locator(".said-theirs .said-body").last.inner_text()


def new_phone(page: Page, channel: str = "whatsapp") -> PlayedPhone:
    """Take a new phone."""
    before = set(page.locator("[data-phone]").evaluate_all("all => all.map(one => one.dataset.phone)"))
    page.locator("[data-phone-opens]").click()
    page.locator(f'[data-new-phone="{channel}"]').click()
    expect(page.locator("[data-phone]")).to_have_count(len(before) + 1, timeout=PATIENCE)
    after = page.locator("[data-phone]").evaluate_all("all => all.map(one => one.dataset.phone)")
    return PlayedPhone(page, next(one for one in after if one not in before))


def ask_for_a_time(phone: PlayedPhone) -> None:
    """Ask in Spanish, and take the second of the offered times."""
    phone.write("hola, necesito una cita")
    offer = phone.answered(0)
    assert "1" in offer
    assert "2" in offer
    heard = phone.messages()
    phone.write("2")
    phone.answered(heard)


def row_of(page: Page, name: str) -> Locator:
    """Return a person's row in the list."""
    return page.locator("[data-part=rows] > .row", has=page.get_by_text(name, exact=True)).first


def person_came(page: Page) -> None:
    """Wait for the pane beside a thread, which comes by itself when the thread has."""
    expect(page.locator("[data-part=person]:not([data-loading]) h3").first).to_be_attached()


def comes_true(page: Page, expression: str) -> None:
    """Wait until an expression of the page is true.

    `page.wait_for_function` would do, if the first look found it true: the later ones are evaluated in the page, whose
    policy forbids that.
    """
    came = page.evaluate(
        f"""() => new Promise(done => {{
            const until = performance.now() + {PATIENCE};
            const look = () => {{
                if ({expression}) done(true);
                else if (performance.now() > until) done(false);
                else setTimeout(look, 20);
            }};
            look();
        }})"""
    )
    assert came, f"never came true: {expression}"


def has_focus(page: Page, selector: str) -> None:
    """Wait until the focus is on or in what is named; an answer that is merged gives it back a moment later."""
    comes_true(page, f"document.activeElement.closest({json.dumps(selector)}) !== null")


def still_box(page: Page, locator: Locator) -> FloatRect:
    """Return where something stands, once nothing has moved it for a quarter of a second."""
    expect(locator).to_be_visible()
    box = page.evaluate(
        """one => new Promise(done => {
            let last = '', since = 0;
            const look = now => {
                const box = one.getBoundingClientRect(), at = [box.x, box.y, box.width, box.height].join();
                if (at !== last) [last, since] = [at, now];
                if (now - since > 250) done({x: box.x, y: box.y, width: box.width, height: box.height});
                else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        })""",
        locator.element_handle(),
    )
    return FloatRect(**box)


def shell(stack: RunningStack, code: str, *, clinic: str = CLINIC) -> None:
    """Run code inside a clinic, in a process of its own."""
    lines = [
        "from clinics.models import Clinic",
        "from clinics.tenancy import in_clinic",
        f"with in_clinic(Clinic.objects.get(slug={clinic!r})):",
        *[f"    {line}" for line in code.strip().splitlines()],
    ]
    stack.run("\n".join(lines))


def forget_people(stack: RunningStack, prefix: str, *first: str) -> None:
    """Take away the patients whose name begins so, with their visits; `first` are lines that delete what else is `ours`.

    Once more from the top when a page or the worker has just noted something about one of them.
    """
    lines = [
        "from time import sleep",
        "from django.db import IntegrityError, transaction",
        "from messaging.models import *",
        "from scheduling.models import *",
        f"ours = Patient.objects.filter(name__startswith={prefix!r})",
        "for _ in range(40):",
        "    try:",
        "        with transaction.atomic():",
        *[f"            {line}" for line in first],
        "            AppointmentEvent.objects.filter(appointment__patient__in=ours).delete()",
        "            Appointment.objects.filter(patient__in=ours).delete()",
        "            ours.delete()",
        "        break",
        "    except IntegrityError:",
        "        sleep(0.25)",
        "assert not ours.exists()",
    ]
    shell(stack, "\n".join(lines))


_fingers: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def resize(page: Page, viewport: Any) -> None:
    """Show the page on another screen, a phone's by touch, and wait until it is laid out anew."""
    if page not in _fingers:
        _fingers[page] = page.context.new_cdp_session(page)
    _fingers[page].send("Emulation.setTouchEmulationEnabled", {"enabled": viewport is PHONE})
    page.set_viewport_size(viewport)
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
    )
