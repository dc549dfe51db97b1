// Merge what the server sent into the page: by name for parts, by key for rows and messages.
// Nothing that did not change is touched, so focus, typed text and scroll positions stay.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const sources = new WeakMap(); // element -> the HTML the server last sent for it

  function source(element) {
    if (!sources.has(element)) sources.set(element, element.outerHTML);
    return sources.get(element);
  }

  /** Remember the page as the server sent it, before scripts add to it. */
  function remember(root) {
    root.querySelectorAll("[data-keyed] > [data-key]").forEach(source);
    root.querySelectorAll("[data-part]:not([data-keyed])").forEach(function (part) {
      sources.set(part, part.outerHTML);
    });
  }

  function isBusy(element) {
    const active = document.activeElement;
    return (
      element.contains(active) &&
      active !== document.body &&
      (active.matches("input, textarea, select") || element.querySelector("form:not([hidden]) [data-reason]") === active)
    );
  }

  function swapIn(old, fresh) {
    const hadFocus = old.contains(document.activeElement) ? document.activeElement : null;
    const marker = hadFocus && hadFocus.getAttributeNames().find(function (name) {
      return name.startsWith("data-");
    });
    sources.set(fresh, fresh.outerHTML);
    // What the member opened stays open.
    const open = old.querySelector("form.decline:not([hidden])");
    if (open && fresh.querySelector("form.decline")) {
      fresh.querySelector("form.decline").hidden = false;
      const typed = open.querySelector("[data-reason]");
      if (typed) fresh.querySelector("[data-reason]").value = typed.value;
      const words = open.querySelector("[data-decline-text]");
      if (words) fresh.querySelector("[data-decline-text]").textContent = words.textContent;
    }
    if (old.tabIndex === 0) fresh.tabIndex = 0;
    old.replaceWith(fresh);
    if (window.htmx) window.htmx.process(fresh);
    if (hadFocus) {
      const again = marker ? (fresh.matches("[" + marker + "]") ? fresh : fresh.querySelector("[" + marker + "]")) : fresh;
      if (again) again.focus({ preventScroll: true });
    }
    return fresh;
  }

  function insert(parent, node, before) {
    sources.set(node, node.outerHTML);
    node.classList.add("is-new");
    parent.insertBefore(node, before);
    if (window.htmx) window.htmx.process(node);
  }

  /**
   * Merge keyed children. `mode`: "all" (incoming is the whole list), "tail" (incoming is the newest part: what is
   * older and loaded stays), "before" and "after" (a page more).
   */
  function mergeKeyed(current, incoming, mode) {
    const fresh = Array.from(incoming.querySelectorAll(":scope > [data-key]"));
    const byKey = new Map();
    current.querySelectorAll(":scope > [data-key]").forEach(function (child) {
      byKey.set(child.dataset.key, child);
    });
    const wanted = new Set(fresh.map((node) => node.dataset.key));

    if (mode === "before" || mode === "after") {
      const anchor = mode === "before" ? current.firstElementChild : null;
      fresh.forEach(function (node) {
        const old = byKey.get(node.dataset.key);
        if (!old) insert(current, node, anchor);
        // A day line that now begins earlier moves up with the older page.
        else if (mode === "before" && node.matches(".day")) current.insertBefore(old, anchor);
      });
      if (mode === "before") tidyDays(current);
      return;
    }

    let keepBefore = null; // in a tail, older children than the first common message stay
    if (mode === "tail") {
      const firstCommon = fresh.find((node) => !node.matches(".day") && byKey.has(node.dataset.key));
      keepBefore = firstCommon ? byKey.get(firstCommon.dataset.key) : null;
    }
    let older = Boolean(keepBefore);
    Array.from(current.children).forEach(function (child) {
      if (child === keepBefore) older = false;
      if (older && mode === "tail") return;
      if (!wanted.has(child.dataset.key) && !isBusy(child)) child.remove();
    });

    let cursor = null; // the last node placed
    fresh.forEach(function (node, index) {
      let old = byKey.get(node.dataset.key);
      if (old && !old.isConnected) old = null;
      if (old) {
        if (source(old) !== node.outerHTML && !isBusy(old)) old = swapIn(old, node);
        const next = cursor ? cursor.nextElementSibling : null;
        if (mode === "all" && cursor && next !== old) current.insertBefore(old, next);
        else if (mode === "all" && !cursor && current.firstElementChild !== old) current.insertBefore(old, current.firstElementChild);
        cursor = old;
        return;
      }
      const before = cursor ? cursor.nextElementSibling : mode === "tail" && index === 0 ? null : current.firstElementChild;
      insert(current, node, before);
      cursor = node;
    });
  }

  // A day line stands once, before the first message of its day.
  function tidyDays(container) {
    const seen = new Set();
    Array.from(container.children).forEach(function (child) {
      if (!child.matches(".day")) return;
      if (seen.has(child.dataset.key)) child.remove();
      seen.add(child.dataset.key);
    });
  }

  function mergePart(fresh) {
    const name = fresh.dataset.part;
    if (name === "toast") {
      MedSync.toast(fresh.textContent);
      return;
    }
    document.querySelectorAll('[data-part="' + name + '"]').forEach(function (current) {
      if (fresh.hasAttribute("data-keyed")) {
        const mode = fresh.hasAttribute("data-tail") ? "tail" : fresh.hasAttribute("data-before") ? "before" : fresh.hasAttribute("data-after") ? "after" : "all";
        const before = new CustomEvent("medsync:merge", { cancelable: true, bubbles: true, detail: { name: name, mode: mode, incoming: fresh } });
        if (current.dispatchEvent(before)) {
          mergeKeyed(current, fresh, mode);
          current.dispatchEvent(new CustomEvent("medsync:merged", { bubbles: true, detail: { name: name, mode: mode } }));
        }
        return;
      }
      if (source(current) === fresh.outerHTML || isBusy(current)) return;
      swapIn(current, fresh.cloneNode(true));
    });
  }

  /** Merge every part found in a fragment. */
  MedSync.merge = function (fragment) {
    const parts = [];
    (function collect(node) {
      node.querySelectorAll("[data-part]").forEach(function (part) {
        if (!part.parentElement || !part.parentElement.closest("[data-part]")) parts.push(part);
      });
    })(fragment);
    parts.forEach(mergePart);
    document.dispatchEvent(new CustomEvent("medsync:updated"));
  };
  MedSync.mergeKeyed = mergeKeyed;
  MedSync.remember = remember;

  MedSync.word = function (name, value) {
    const text = document.getElementById("words").dataset[name] || "";
    return value === undefined ? text : text.replace("%s", value);
  };

  let toastTimer = 0;
  /** Say one sentence at the bottom left for ten seconds. */
  MedSync.toast = function (text) {
    const place = document.querySelector("[data-toasts]");
    if (!place || !text.trim()) return;
    const node = document.getElementById("toast").content.cloneNode(true);
    node.querySelector("[data-text]").textContent = text;
    place.replaceChildren(node);
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => place.replaceChildren(), 10000);
  };

  if (window.htmx) {
    window.htmx.defineExtension("merge", {
      isInlineSwap: (style) => style === "merge",
      handleSwap: function (style, target, fragment) {
        if (style !== "merge") return false;
        // An answer about a thread that is no longer open must not be merged into the one that is.
        if (!target.isConnected) return [];
        MedSync.merge(fragment);
        return [];
      },
    });
  }
  remember(document);
})();
