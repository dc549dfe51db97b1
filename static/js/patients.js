// The patients' pages: what could not be read is said, and what was asked for stays.
(function () {
  "use strict";

  const MedSync = window.MedSync;

  function failed() {
    MedSync.toast(MedSync.word("failed"));
  }
  document.body.addEventListener("htmx:responseError", failed);
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:timeout", failed);
})();
