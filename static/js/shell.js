// What every page of a clinic does: sheets that open and close, and parts that follow the live connection.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});

  /** What the clinic's clock shows, in milliseconds: a demo's may have been moved. */
  MedSync.now = function () {
    const place = document.querySelector("[data-clock-offset]");
    return Date.now() + (place ? Number(place.dataset.clockOffset) * 1000 : 0);
  };

  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
    const copier = event.target.closest("[data-copies]");
    if (copier) copy(copier);
  });

  function copy(button) {
    const field = document.getElementById(button.dataset.copies);
    const word = button.querySelector("[data-copied]");
    field.select();
    navigator.clipboard.writeText(field.value).then(function () {
      const before = word.textContent;
      word.textContent = word.dataset.copied;
      setTimeout(() => (word.textContent = before), 2000);
    }, () => {}); // refused: the text is selected, to be copied by hand
  }

  // Reads an element again. A read that is under way is let finish and followed by one more: a cut one is work for
  // nothing and an error in the console. What hangs is replaced (hx-sync).
  const HANGS = 4000;
  const reading = new WeakMap(); // since when, and what is to follow
  MedSync.read = function (element, name) {
    if (!element || !window.htmx) return;
    const now = reading.get(element);
    if (now && Date.now() - now.since < HANGS) now.next = name;
    else window.htmx.trigger(element, name);
  };
  document.addEventListener("htmx:beforeSend", function (event) {
    reading.set(event.detail.elt, { since: Date.now(), next: "" });
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    const element = event.detail.elt;
    const now = reading.get(element);
    reading.delete(element);
    if (now && now.next) setTimeout(() => element.isConnected && MedSync.read(element, now.next));
  });

  // What a member asked for and could not be done or read is said; what a page reads by itself, it reads again by
  // itself. A button that reads more shows that it works.
  const readsMore = (element) => element.matches("button[hx-get]");
  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (readsMore(event.detail.elt)) event.detail.elt.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (readsMore(event.detail.elt)) event.detail.elt.removeAttribute("aria-busy");
  });
  function failed(event) {
    const element = event.detail.elt;
    if (element.matches("[data-says-itself]") || !(event.detail.requestConfig.verb === "post" || readsMore(element))) return;
    MedSync.toast(MedSync.word(event.detail.xhr.status === 403 ? "refused" : "failed"));
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => document.body.addEventListener(name, failed));

  // Banners that say what they said before are not said again, and what has the focus in them keeps it.
  const banners = new WeakMap();
  document.addEventListener("htmx:beforeSwap", function (event) {
    const place = event.detail.target;
    if (!place.matches(".trouble") || !event.detail.shouldSwap) return;
    if (banners.get(place) === event.detail.serverResponse) event.detail.shouldSwap = false;
    banners.set(place, event.detail.serverResponse);
  });

  // On a low screen the rail scrolls: where one is must be seen.
  const here = document.querySelector(".rail [aria-current]");
  if (here) here.scrollIntoView({ block: "nearest" });

  // An element with hx-trigger="medsync:live" reads itself again when something in the clinic changed; a page that
  // has none (its list brings the rail along) reads nothing more.
  let waiting = 0;
  function follow() {
    if (waiting) return;
    waiting = setTimeout(function () {
      waiting = 0;
      document.querySelectorAll("[data-follows]").forEach((element) => MedSync.read(element, "medsync:live"));
    }, 300);
  }
  document.addEventListener("medsync:frame", follow);
  document.addEventListener("medsync:reread", follow);
})();
