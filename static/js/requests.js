// The Requests screen: opening a request beside its list, keys, and what an answer brings.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const root = document.querySelector("[data-requests]");
  if (!root) return;
  const pane = root.querySelector("[data-decision-pane]");
  let asked = 0;
  let slow = 0;
  let news = false; // whether something happened while a request was read: it found nothing to read again

  function rows() {
    return Array.from(root.querySelectorAll("[data-row]"));
  }

  function mark(url) {
    const path = new URL(url, location.href).pathname;
    rows().forEach(function (row) {
      if (new URL(row.href).pathname === path) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    });
  }

  function fill(html) {
    pane.innerHTML = html;
    MedSync.remember(pane);
    window.htmx.process(pane);
    document.dispatchEvent(new CustomEvent("medsync:updated"));
  }

  function load(url, push) {
    const turn = (asked += 1);
    mark(url);
    root.dataset.open = "true";
    pane.dataset.coming = ""; // what stands there until then is another request
    news = false;
    if (push) history.pushState({ request: url }, "", url);
    clearTimeout(slow); // the one before must not lay its grey bars over what is there by then
    slow = setTimeout(() => fill(document.getElementById("decision-loading").innerHTML), 300);
    fetch(url, { headers: { "HX-Request": "true", "X-Pane": "decision" } })
      .then((response) => (response.ok && new URL(response.url).pathname === new URL(url, location.href).pathname ? response.text() : Promise.reject(new Error("refused"))))
      .then(function (html) {
        if (turn !== asked) return;
        clearTimeout(slow);
        delete pane.dataset.coming;
        fill(html);
        if (news) MedSync.read(pane.querySelector("[data-follows]"), "medsync:live");
      })
      .catch(function () {
        if (turn !== asked) return;
        clearTimeout(slow);
        delete pane.dataset.coming;
        fill(document.getElementById("decision-error").innerHTML);
        pane.querySelector("[data-retry]").addEventListener("click", () => load(url, false));
      });
  }

  document.addEventListener("medsync:frame", () => (news = true));

  root.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const row = event.target.closest("[data-row]");
    if (row) {
      event.preventDefault();
      // What stands there already is not replaced under who begins to answer it: what is new in it is merged.
      const shown = pane.querySelector("[data-decision]");
      if (row.hasAttribute("aria-current") && shown && !pane.hasAttribute("data-coming")) {
        root.dataset.open = "true";
        if (location.href !== row.href) history.pushState({ request: row.href }, "", row.href);
        MedSync.read(pane.querySelector("[data-follows]"), "medsync:live");
      } else load(row.href, true);
      return;
    }
    if (event.target.closest("[data-back]")) {
      event.preventDefault();
      root.dataset.open = "false";
      history.pushState({}, "", root.dataset.home);
      const present = root.querySelector("[data-row][aria-current]");
      if (present) present.focus();
    }
  });

  window.addEventListener("popstate", function () {
    if (location.pathname === root.dataset.home) root.dataset.open = "false";
    else load(location.href, false);
  });

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const present = all.findIndex((row) => row.hasAttribute("aria-current"));
    const next = all[Math.max(0, Math.min(all.length - 1, present + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    if (!next.hasAttribute("aria-current")) load(next.href, true);
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    a: () => MedSync.cards.accept(),
    o: () => MedSync.cards.offer(),
    x: () => MedSync.cards.decline(),
  };

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && event.target.matches("input, select, textarea")) {
      const card = event.target.closest("[data-request]");
      if (card) card.focus({ preventScroll: true });
      else event.target.blur();
      return;
    }
    if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const key = MedSync.key(event);
    const action = KEYS[key];
    if (!action) return;
    event.preventDefault();
    // A key held down moves; it does nothing twice. And nothing is answered that is about to go.
    if (!"jk".includes(key) && (event.repeat || pane.hasAttribute("data-coming"))) return;
    action();
  });

  /* Errors ----------------------------------------------------------------------------- */
  document.body.addEventListener("htmx:sendError", function (event) {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "post") MedSync.toast(MedSync.word("kept"));
  });
})();
