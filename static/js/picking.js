// Rows that are picked to do one thing with all of them: by the box on a row, Space, Shift for a range, a long press.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const MOST = 100;
  const LONG_PRESS = 500;
  const picked = new Set();
  let anchor = null; // where a range begins
  let mode = false; // on touch: a tap picks

  const list = document.querySelector("[data-list]");
  const bulk = document.querySelector("[data-bulk]");
  const rows = () => Array.from(document.querySelectorAll("[data-part=rows] > .row"));

  function show() {
    rows().forEach(function (row) {
      if (picked.has(row.dataset.key)) row.setAttribute("aria-checked", "true");
      else if (mode || picked.size) row.setAttribute("aria-checked", "false");
      else row.removeAttribute("aria-checked");
    });
    const present = rows().filter((row) => picked.has(row.dataset.key)).length;
    list.toggleAttribute("data-is-picking", mode || picked.size > 0);
    const button = list.querySelector("[data-picking]");
    if (button) button.setAttribute("aria-pressed", String(mode || picked.size > 0));
    bulk.hidden = !(mode || picked.size);
    bulk.querySelector("[data-bulk-count]").textContent = MedSync.word("picked", present);
    bulk.querySelectorAll("[data-menu], [data-deed]").forEach((one) => (one.disabled = !present));
  }

  function set(row, on) {
    if (!on) picked.delete(row.dataset.key);
    else if (picked.size < MOST) picked.add(row.dataset.key);
    else MedSync.toast(MedSync.word("mostPicked", MOST));
  }

  function toggle(row, range) {
    const all = rows();
    const from = range && anchor ? all.findIndex((one) => one.dataset.key === anchor) : -1;
    if (from >= 0) {
      const to = all.indexOf(row);
      all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => set(one, true));
    } else {
      set(row, !picked.has(row.dataset.key));
      anchor = row.dataset.key;
    }
    show();
  }

  function clear() {
    const had = mode || picked.size > 0;
    picked.clear();
    anchor = null;
    mode = false;
    show();
    return had;
  }

  MedSync.picking = {
    toggle: toggle,
    clear: clear,
    /** Pick no more what something was done with; what was picked meanwhile stays. */
    drop: function (threads) {
      threads.forEach((thread) => picked.delete(thread.slice(0, thread.indexOf(":"))));
      if (picked.size) show();
      else clear();
    },
    /** The picked rows that stand in the list, with what stood there, as the server wants them. */
    threads: () => rows().filter((row) => picked.has(row.dataset.key)).map((row) => row.dataset.key + ":" + row.dataset.stamp),
  };

  // Before the page opens a row: the box and Shift pick, and so does a tap once picking has begun.
  document.addEventListener(
    "click",
    function (event) {
      const row = event.target.closest("[data-part=rows] > .row");
      if (event.target.closest("[data-picking]")) {
        if (!clear()) {
          mode = true;
          show();
        }
        return;
      }
      if (event.target.closest("[data-unpick]")) {
        clear();
        const first = rows().find((one) => one.tabIndex === 0);
        if (first) first.focus();
        return;
      }
      if (!row || event.ctrlKey || event.metaKey || event.button) return;
      if (!(event.target.closest("[data-pick]") || event.shiftKey || mode)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      toggle(row, event.shiftKey);
    },
    true,
  );

  let press = 0;
  document.addEventListener("touchstart", function (event) {
    const row = event.target.closest("[data-part=rows] > .row");
    clearTimeout(press);
    if (!row || mode) return;
    press = setTimeout(function () {
      mode = true;
      toggle(row, false);
      // The finger's end is no tap any more.
      row.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => row.removeEventListener("click", swallow, { capture: true }), 700);
    }, LONG_PRESS);
  }, { passive: true });
  ["touchend", "touchmove", "touchcancel"].forEach((name) => document.addEventListener(name, () => clearTimeout(press), { passive: true }));
  document.addEventListener("contextmenu", function (event) {
    if (mode && event.target.closest("[data-part=rows] > .row")) event.preventDefault();
  });
  function swallow(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // What left the list is picked no more.
  document.addEventListener("medsync:merged", function (event) {
    if (event.detail.name !== "rows") return;
    const present = new Set(rows().map((row) => row.dataset.key));
    picked.forEach((key) => present.has(key) || picked.delete(key));
    show();
  });
})();
