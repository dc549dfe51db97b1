// Request cards, in a thread and on the screen: which answer's text shows, times to offer, reasons, what is off.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const MOST = 3;

  function card(element) {
    return element && element.closest ? element.closest("[data-request]") : null;
  }

  /** The card that the keys mean: the one that has the focus, else the first that can be answered. */
  function current() {
    const focused = card(document.activeElement);
    if (focused && focused.querySelector("[data-accept]")) return focused;
    const button = document.querySelector("[data-request] [data-accept]");
    return button ? card(button) : null;
  }

  function show(one, answer) {
    if (one && one.hasAttribute("data-shows")) one.dataset.shows = answer;
  }

  // In a thread the two other answers are forms that open; on the screen they stand open.
  function toggle(one, answer, open) {
    const form = one.querySelector('form.decline[data-answers="' + answer + '"]');
    if (!form) return false;
    one.querySelectorAll("form.decline").forEach(function (other) {
      const shown = other === form && open;
      other.hidden = !shown;
      one.querySelector('[aria-controls="' + other.id + '"]').setAttribute("aria-expanded", String(shown));
    });
    show(one, open ? answer : "accept");
    const button = one.querySelector('[aria-controls="' + form.id + '"]');
    if (!open) {
      button.focus();
      return true;
    }
    const first = form.querySelector(answer === "offer" ? "[data-offer-send]" : "[name=why]");
    first.focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
    return true;
  }

  function limit(form) {
    const boxes = Array.from(form.querySelectorAll("[name=slot]"));
    const full = boxes.filter((box) => box.checked).length >= MOST;
    boxes.forEach((box) => (box.disabled = full && !box.checked));
  }

  function isTouched(one) {
    return Boolean(one.querySelector("[data-touched]"));
  }

  // A card that nobody has changed is looked at again; in one that somebody has, only its words are.
  function look() {
    if (document.hidden || !window.htmx) return;
    document.querySelectorAll("[data-request] [data-looks]").forEach(function (element) {
      const one = card(element);
      if (!isTouched(one)) MedSync.read(element, "medsync:look");
    });
  }

  function lockWhatIsOff() {
    document.querySelectorAll("[data-request]").forEach(function (one) {
      const button = one.querySelector("[data-accept]");
      if (!button) return;
      if (one.querySelector("[data-blocked]")) button.setAttribute("aria-disabled", "true");
      else if (!document.documentElement.hasAttribute("data-down")) button.removeAttribute("aria-disabled");
      one.querySelectorAll("form[data-answers=offer]").forEach(limit);
    });
  }

  document.addEventListener("focusin", function (event) {
    const one = card(event.target);
    if (!one || !event.target.matches("[data-accept], [data-offer], [data-decline]")) return;
    // A pointer that goes down gives the focus too: another text would move the button away under it, and no click come.
    if (!event.target.matches(":focus-visible")) return;
    const open = one.querySelector("form.decline:not([hidden])");
    if (open) return;
    show(one, event.target.matches("[data-accept]") ? "accept" : event.target.matches("[data-offer]") ? "offer" : "decline");
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-offer], [data-decline]");
    if (button && button.type === "button") {
      const answer = button.hasAttribute("data-offer") ? "offer" : "decline";
      toggle(card(button), answer, button.getAttribute("aria-expanded") !== "true");
    }
    const no = event.target.closest("[data-answer-no]");
    if (no) toggle(card(no), no.closest("form").dataset.answers, false);
    const waits = event.target.closest("[data-request] [aria-disabled=true]");
    if (waits) event.preventDefault();
  });

  document.addEventListener("change", function (event) {
    const form = event.target.closest && event.target.closest("form[data-answers]");
    if (!form) return;
    form.toggleAttribute("data-touched", true);
    if (form.dataset.answers === "offer") limit(form);
  });

  document.addEventListener("input", function (event) {
    const form = event.target.closest && event.target.closest("form[data-answers]");
    if (form) form.toggleAttribute("data-touched", true);
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const form = event.target.closest && event.target.closest("form.decline[data-answers]");
    if (!form || form.hidden) return;
    event.preventDefault();
    toggle(card(form), form.dataset.answers, false);
  });

  MedSync.cards = {
    accept: function () {
      const one = current();
      if (one) one.querySelector("[data-accept]").click();
    },
    offer: function () {
      const one = current();
      if (!one) return;
      if (toggle(one, "offer", true)) return;
      const send = one.querySelector("[data-offer-send]");
      if (send) send.focus();
    },
    decline: function () {
      const one = current();
      if (!one) return;
      if (toggle(one, "decline", true)) return;
      const why = one.querySelector("[name=why]");
      if (why) why.focus();
    },
  };

  // What a person chose meanwhile stays: a look that was under way knows nothing of it.
  const CHOSEN = { offer: ["slots", "offer-text", "offer-count"], decline: ["decline-text"] };
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    const reader = event.detail.requestConfig.elt;
    if (!reader.matches || !reader.matches("[data-looks]") || !event.detail.shouldSwap) return;
    const one = card(reader);
    const touched = one ? Array.from(one.querySelectorAll("form[data-touched]")) : [];
    if (!touched.length) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = event.detail.serverResponse;
    touched
      .flatMap((form) => CHOSEN[form.dataset.answers] || [])
      .forEach((name) => fresh.content.querySelectorAll('[data-part^="' + name + '-"]').forEach((part) => part.remove()));
    event.detail.serverResponse = fresh.innerHTML;
  });

  // What was answered is replaced even where the focus is in it; the focus then stays with the same request.
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    const form = event.detail.requestConfig.elt;
    if (!form.matches || !form.matches("form[data-answers]") || !event.detail.shouldSwap) return;
    const one = card(form);
    if (!one) return; // a frame was faster: the card stands there decided already
    form.removeAttribute("data-touched");
    if (one.contains(document.activeElement)) document.activeElement.blur();
    const key = one.dataset.key;
    requestAnimationFrame(function () {
      const now = document.querySelector('[data-key="' + CSS.escape(key) + '"]');
      if (now && document.activeElement === document.body) now.focus({ preventScroll: true });
    });
  });

  document.addEventListener("medsync:updated", lockWhatIsOff);
  document.addEventListener("medsync:reread", look);
  document.addEventListener("medsync:frame", function (event) {
    if (event.detail.type === "request") look();
  });
})();
