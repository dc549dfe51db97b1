// The patients' pages: a search that works or failed says so; who asked for more by key goes on where the new part begins.
(function () {
  "use strict";

  const MedSync = window.MedSync;

  const found = () => document.getElementById("patients-found");

  // A search that failed leaves no list that answers something else: it says so where the list would stand.
  function failed(event) {
    const target = event.detail.target;
    if (!target || target !== found()) return;
    target.replaceChildren(document.getElementById("people-error").content.cloneNode(true));
    target.querySelector("[data-retry]").addEventListener("click", () => document.querySelector(".patients-search").requestSubmit());
  }
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:timeout", failed);

  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.target === found()) found().setAttribute("aria-busy", "true");
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.target === found()) found().removeAttribute("aria-busy");
  });

  let before = null; // what stood above the button that is replaced by what it asked for
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    const target = event.detail.target;
    if (target.matches(".line-more, .patients-more") && target.contains(document.activeElement)) {
      before = target.previousElementSibling;
    }
  });
  document.body.addEventListener("htmx:afterSettle", function () {
    let next = before && before.nextElementSibling;
    before = null;
    while (next && !next.querySelector("a, button, summary")) next = next.nextElementSibling;
    if (next) next.querySelector("a, button, summary").focus({ preventScroll: true });
  });
})();
