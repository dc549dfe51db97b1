// Who is at the other end of the thread: a column where there is room, else a drawer. Read again with the thread.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const root = document.querySelector("[data-inbox]");
  if (!root) return;

  const FOLDED = "medsync.person.folded";
  const wide = window.matchMedia("(min-width: 1280px)");

  function pane() {
    return root.querySelector("[data-person]");
  }

  function isShown() {
    return wide.matches ? !root.hasAttribute("data-person-folded") : root.hasAttribute("data-person-open");
  }

  function remembered() {
    try {
      return localStorage.getItem(FOLDED) === "1";
    } catch {
      return false; // storage is switched off; the pane is shown
    }
  }

  function remember(folded) {
    try {
      localStorage.setItem(FOLDED, folded ? "1" : "0");
    } catch {
      return; // storage is switched off; it lasts as long as the page
    }
  }

  function tell() {
    const button = root.querySelector("[data-person-toggle]");
    if (button && pane()) button.setAttribute("aria-expanded", String(isShown()));
  }

  function show(shown) {
    const element = pane();
    if (!element) return;
    const within = element.contains(document.activeElement);
    if (wide.matches) {
      root.toggleAttribute("data-person-folded", !shown);
      remember(!shown);
    } else {
      root.toggleAttribute("data-person-open", shown);
      if (shown) element.querySelector("[data-person-close]").focus();
    }
    tell();
    const button = root.querySelector("[data-person-toggle]");
    if (!shown && within && button) button.focus();
  }

  MedSync.person = {
    toggle: () => show(!isShown()),
    /** Close the drawer; false when none is open. */
    closeDrawer: function () {
      if (wide.matches || !pane() || !isShown()) return false;
      show(false);
      return true;
    },
    /** Begin with a thread: no drawer stands over what was just opened. */
    setUp: function () {
      root.removeAttribute("data-person-open");
      tell();
    },
  };

  function failed(event) {
    const element = pane();
    if (event.target !== element) return;
    const part = element.querySelector("[data-part=person][data-loading]");
    if (part) part.replaceChildren(document.getElementById("person-error").content.cloneNode(true));
  }
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:timeout", failed);

  document.addEventListener("medsync:thread", function () {
    MedSync.read(pane(), "medsync:person");
  });
  document.addEventListener("medsync:merged", function (event) {
    if (event.detail.name === "thread-actions") tell();
  });
  document.addEventListener("medsync:updated", tell);
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-person-toggle]")) MedSync.person.toggle();
    if (event.target.closest("[data-person-close]")) show(false);
    if (event.target.closest("[data-person-retry]")) MedSync.read(pane(), "medsync:person");
  });
  wide.addEventListener("change", tell);

  root.toggleAttribute("data-person-folded", remembered());
})();
