// What is asked of the server: nothing twice at once, and no answer that is older than what it would replace.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const PREVIEWS = "[data-reasons], [data-slots], [data-rules]"; // they ask how it would read, and change nothing
  const wanted = new WeakMap(); // element -> what its newest request says
  const underWay = new WeakMap(); // element -> what its request under way says
  const begun = new WeakMap(); // request -> how many changes had been answered by then
  let changes = 0;

  function wording(detail) {
    const form = detail.elt.closest("form");
    const event = detail.triggeringEvent;
    const submitter = event && event.submitter;
    const said = form ? Array.from(new FormData(form), ([name, value]) => [name, value instanceof File ? value.name + value.size : value]) : [];
    if (submitter && submitter.name) said.push([submitter.name, submitter.value]);
    return JSON.stringify([detail.path, said, (detail.etc && detail.etc.values) || null]);
  }

  // A double click, Enter pressed twice, a key held down: the same is not asked for again while it is under way. What
  // says something else waits its turn.
  document.addEventListener("htmx:confirm", function (event) {
    if (event.detail.verb !== "post" && !event.detail.elt.matches("button")) return;
    if (event.detail.elt.matches("[data-each-counts]")) return;
    const words = wording(event.detail);
    if (underWay.get(event.detail.elt) === words) event.preventDefault();
    else wanted.set(event.detail.elt, words);
  });
  document.addEventListener("htmx:beforeSend", function (event) {
    begun.set(event.detail.xhr, changes);
    underWay.set(event.detail.elt, wanted.get(event.detail.elt));
  });
  document.addEventListener("htmx:afterRequest", (event) => underWay.delete(event.detail.elt));

  // A read that began before a change was answered may not know of it: it is not shown, and followed by another.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const config = event.detail.requestConfig;
    if (config.verb === "post") {
      if (!config.elt.matches(PREVIEWS)) changes += 1;
      return;
    }
    const name = config.triggeringEvent ? config.triggeringEvent.type : "";
    if (!name.startsWith("medsync:") || !event.detail.shouldSwap || begun.get(event.detail.xhr) === changes) return;
    event.detail.shouldSwap = false;
    setTimeout(() => config.elt.isConnected && MedSync.read(config.elt, name));
  });

  /** Return how many changes were answered on this page. */
  MedSync.changes = () => changes;

  // Without htmx the browser would break the first request off and send a second one. What answered with a file, or not
  // at all, may be sent again.
  const AGAIN = 10000;
  const sent = new Set();
  window.addEventListener("submit", function (event) {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (sent.has(form)) event.preventDefault();
    else setTimeout(() => sent.delete(form), AGAIN);
    sent.add(form);
  });
  window.addEventListener("pageshow", () => sent.clear());
})();
