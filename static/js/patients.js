// The patients' pages: what could not be read is said; who asked for more by key goes on where the new part begins.
(function () {
  "use strict";

  const MedSync = window.MedSync;

  function failed() {
    MedSync.toast(MedSync.word("failed"));
  }
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:timeout", failed);

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
