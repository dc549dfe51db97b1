// A member's own keys. Scripts know an action by its first key: MedSync.key() says which one was meant.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const meant = new Map(); // pressed -> first key
  const firsts = new Set();
  const changed = new Map(); // first key -> what it is now
  document.querySelectorAll("#keys [data-default]").forEach(function (line) {
    const first = line.dataset.default;
    const key = line.dataset.key;
    firsts.add(first);
    if (key) meant.set(key, first);
    if (key !== first) changed.set(first, key);
  });

  /** Return the first key of the action that was meant, "" when the key was given to nothing. */
  MedSync.key = function (event) {
    if (meant.has(event.key)) return meant.get(event.key);
    return firsts.has(event.key) ? "" : event.key;
  };

  // Buttons show the key that works.
  function relabel() {
    document.querySelectorAll("[aria-keyshortcuts]:not([data-relabelled])").forEach(function (element) {
      const first = element.getAttribute("aria-keyshortcuts").replace(/^Shift\+(.)$/, (_, letter) => letter.toUpperCase());
      if (!changed.has(first)) return;
      element.dataset.relabelled = "true";
      const key = changed.get(first);
      const cap = element.querySelector(".key");
      if (key) element.setAttribute("aria-keyshortcuts", key);
      else element.removeAttribute("aria-keyshortcuts");
      if (cap && key) cap.textContent = key;
      else if (cap) cap.remove();
    });
  }
  if (changed.size) {
    relabel();
    new MutationObserver(relabel).observe(document.body, { childList: true, subtree: true });
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    const key = MedSync.key(event);
    if (key !== "?" && key !== "/") return;
    event.preventDefault();
    if (key === "?") document.getElementById("keys").showModal();
    else MedSync.palette.open();
  });
})();
