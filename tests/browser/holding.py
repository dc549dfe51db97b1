"""Answers that are held until they are in the way: what comes late, without waiting for it by the clock."""

import contextlib
from collections.abc import Callable
from typing import Any

from playwright.sync_api import APIResponse, Error, Page, Route

# For who wonders why nothing was asked for: what a key would go to, and what the page says of itself.
_LOOKS = """() => {
    const open = document.querySelector("dialog[open]");
    const said = document.querySelector("[data-toasts]");
    return JSON.stringify({
        focus: document.activeElement.outerHTML.slice(0, 120),
        isFocused: document.hasFocus(),
        dialog: open && open.id,
        toast: said && said.innerText,
        isDown: document.documentElement.hasAttribute("data-down"),
        isComing: Boolean(document.querySelector("[data-coming]")),
        picked: document.querySelectorAll("[aria-checked=true]").length,
    });
}"""


class Held:
    """Answers of the server that are kept from the page until they are let go."""

    def __init__(self, page: Page, url: Any, *, only: Callable[[Route], bool] = lambda route: True) -> None:
        self.answers: list[tuple[Route, APIResponse]] = []
        self.page, self.only, self.is_over = page, only, False
        self.lost: Error | None = None
        self.asked = 0
        page.route(url, self._hold)

    def _hold(self, route: Route) -> None:
        if not self.only(route) or self.is_over:
            route.continue_()
            return
        self.asked += 1
        try:  # the server may close an idle line in the moment in which it is used again
            self.answers.append((route, route.fetch(max_retries=3)))
        except Error as error:
            self.lost = error  # nobody would hear of what is raised here
            route.abort()

    def came(self) -> None:
        """Wait until the server has answered."""
        for _ in range(400):
            if self.answers:
                return
            if self.lost is not None:
                raise self.lost
            self.page.wait_for_timeout(100)
        if self.asked:
            raise AssertionError("the server did not answer")
        raise AssertionError(f"nothing was asked for; {self.page.evaluate(_LOOKS)}")

    def let_go(self) -> None:
        """Hand the answers to the page; what is asked from now on is answered at once."""
        self.is_over = True  # to unroute now would ask the server once more
        for route, answer in self.answers:
            with contextlib.suppress(Error):  # the page has given it up meanwhile
                route.fulfill(response=answer)
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done))))"
        )


def posts(page: Page, end: str) -> list[str]:
    """Return a list to which what is posted there will be added."""
    found: list[str] = []
    page.on(
        "request",
        lambda request: (
            found.append(request.post_data or "")
            if request.method == "POST" and request.url.endswith(end)
            else None
        ),
    )
    return found
