// What every page of a clinic does: sheets that open and close, and parts that follow the live connection.
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
  });

  // An element with hx-trigger="medsync:live" reads itself again when something in the clinic changed; a page that
  // has none (its list brings the rail along) reads nothing more.
  let waiting = 0;
  function follow() {
    if (waiting) return;
    waiting = setTimeout(function () {
      waiting = 0;
      document.querySelectorAll("[data-follows]").forEach((element) => window.htmx.trigger(element, "medsync:live"));
    }, 300);
  }
  document.addEventListener("medsync:frame", follow);
  document.addEventListener("medsync:reread", follow);
})();
