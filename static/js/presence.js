// Who else is at the open thread, and that this member is: over the live connection, by ids. Beside it the bot's
// switch, which typing moves.
(function () {
  "use strict";

  const MedSync = window.MedSync;
  const inbox = document.querySelector("[data-inbox]");
  const STILL_TYPING = 6000;
  const ASK_AGAIN = 10000;
  let names = {}; // by user id
  let asked = 0;
  let typing = 0; // the timer that ends it
  let said = { open: null, typing: false };
  let announced = new Set(); // of this thread: nothing is said twice
  let shown = null; // the last answer about this thread

  function openId() {
    const thread = document.querySelector("[data-thread]");
    return thread && !document.hidden ? thread.dataset.thread : null;
  }

  function words() {
    said = { open: openId(), typing: Boolean(typing) };
    return said;
  }

  function sayNews() {
    if (said.open !== openId() || said.typing !== Boolean(typing)) MedSync.live.say();
  }

  /* Others -------------------------------------------------------------------- */
  // The names are asked for when somebody appears whom we do not know, and not again at once.
  function learn() {
    if (Date.now() - asked < ASK_AGAIN) return;
    asked = Date.now();
    fetch(inbox.dataset.colleagues, { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok ? response.json() : {}))
      .then(function (found) {
        names = found;
        show();
      })
      .catch(() => (asked = 0));
  }

  function listed(words) {
    return new Intl.ListFormat(document.documentElement.lang || undefined, { type: "conjunction" }).format(words);
  }

  function sentence(ids, isTyping) {
    const word = isTyping ? (ids.length > 1 ? "areWriting" : "isWriting") : ids.length > 1 ? "haveOpen" : "hasOpen";
    return MedSync.word(word, listed(ids.map((id) => names[id].short)));
  }

  function avatar(id) {
    const node = document.createElement("span");
    node.className = "avatar avatar-24 avatar-staff";
    node.setAttribute("aria-hidden", "true");
    node.textContent = names[id].initials;
    return node;
  }

  function show() {
    const place = document.querySelector("[data-presence]");
    const line = document.querySelector("[data-presence-line]");
    if (!place || !line) return;
    const here = shown && shown.id === openId() ? shown : { open: [], typing: [] };
    if (!here.open.every((id) => names[id])) learn();
    const open = here.open.filter((id) => names[id]);
    const typing = here.typing.filter((id) => names[id]);
    place.hidden = line.hidden = !open.length;
    place.replaceChildren(...open.slice(0, 3).map(avatar));
    if (place.hidden) return;
    const words = sentence(typing.length ? typing : open, typing.length > 0);
    line.textContent = words;
    place.title = words;
    if (!announced.has(words)) document.querySelector("[data-presence-said]").textContent = words;
    announced.add(words);
  }

  document.addEventListener("medsync:here", function (event) {
    shown = event.detail;
    show();
  });

  // Another thread, or none: say so at once, and begin to announce anew.
  new MutationObserver(function () {
    if (said.open === openId()) return;
    clearTimeout(typing);
    typing = 0;
    announced = new Set();
    shown = null;
    MedSync.live.say();
  }).observe(document.querySelector("[data-thread-pane]"), { childList: true });
  document.addEventListener("visibilitychange", sayNews);

  /* Typing ---------------------------------------------------------------------- */
  function stopped() {
    clearTimeout(typing);
    typing = 0;
    sayNews();
  }

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-composer] textarea") || !event.target.value) return;
    clearTimeout(typing);
    typing = setTimeout(stopped, STILL_TYPING);
    sayNews();
    const composer = event.target.closest("[data-composer]");
    if (composer.dataset.tab === "reply") hushBot();
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches && event.target.matches("[data-composer] form") && event.detail.successful) stopped();
  });

  /* The bot ---------------------------------------------------------------------- */
  // It waits from the first letter on; the server knows whether that is news.
  function hushBot() {
    const control = document.querySelector("[data-bot]");
    const url = control && control.dataset.typingUrl;
    if (!url || MedSync.live.isDown()) return;
    control.dataset.typingUrl = "";
    const token = control.querySelector("[name=csrfmiddlewaretoken]").value;
    fetch(url, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } }).catch(function () {
      control.dataset.typingUrl = url; // the next letter tries again
    });
  }

  function radios() {
    return Array.from(document.querySelectorAll("[data-bot] [role=radio]"));
  }

  MedSync.bot = {
    /** On becomes paused; paused and off become on. */
    toggle: function () {
      const control = document.querySelector("[data-bot]");
      if (!control) return;
      control.querySelector('[value="' + (control.dataset.bot === "on" ? "paused" : "on") + '"]').click();
    },
  };

  document.addEventListener("keydown", function (event) {
    if (!event.target.matches("[data-bot] [role=radio]")) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = radios();
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    next.focus();
    next.click();
  });

  MedSync.live.says(words);
})();
