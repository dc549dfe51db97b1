// A page is seen before its scripts have run. What is pressed until then, and only they understand, is kept and done
// once they have. Loaded before them, and not deferred.
(function () {
  "use strict";

  const kept = new Map(); // what was pressed -> how it is done; pressed twice by who waited, it is done once

  function keep(event, element, done) {
    event.stopImmediatePropagation();
    kept.delete(element);
    kept.set(element, done);
  }

  function clicked(event) {
    const button = event.target.closest("button");
    if (!button || button.matches("[popovertarget]") || (button.form && button.type === "submit")) return; // done without
    keep(event, button, () => button.click());
  }

  function submitted(event) {
    const form = event.target;
    if (!form.matches("[hx-post], [hx-get]")) return; // the browser can do it by itself
    event.preventDefault();
    keep(event, form, () => form.requestSubmit(event.submitter));
  }

  document.addEventListener("click", clicked, true);
  document.addEventListener("submit", submitted, true);
  // htmx begins with the same event: after it, not with it.
  document.addEventListener("DOMContentLoaded", () =>
    setTimeout(function () {
      document.removeEventListener("click", clicked, true);
      document.removeEventListener("submit", submitted, true);
      kept.forEach((done, element) => element.isConnected && done());
    })
  );
})();
