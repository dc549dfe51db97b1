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
      active.matches("input, textarea, select")
    );
  }

  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  }

  // What makes an element the same one before and after: its name, never its place.
  function identity(element) {
    const name = element.id || element.dataset.key || element.dataset.part || element.getAttribute("action") || "";
    if (name) return name;
    const field = element.getAttribute("name");
    if (field) return element.matches("button, [type=radio], [type=checkbox]") ? field + "=" + element.value : field;
    return Object.keys(element.dataset).find((key) => element.dataset[key] === "") || "";
  }

  function isSame(one, other) {
    if (one.nodeType !== other.nodeType) return false;
    if (one.nodeType !== Node.ELEMENT_NODE) return one.nodeType === Node.TEXT_NODE;
    return one.nodeName === other.nodeName && identity(one) === identity(other);
  }

  function take(nodes, like) {
    const index = nodes.findIndex((node) => isSame(node, like));
    return index < 0 ? null : nodes.splice(index, 1)[0];
  }

  // Three ways: only what the server changed since its last answer changes, so what scripts and people did stays.
  function patch(current, before, fresh) {
    if (current.nodeType !== Node.ELEMENT_NODE) {
      if (before.nodeValue !== fresh.nodeValue && current.nodeValue !== fresh.nodeValue) current.nodeValue = fresh.nodeValue;
      return;
    }
    if (before.outerHTML === fresh.outerHTML) return;
    let wiring = false;
    new Set([...before.getAttributeNames(), ...fresh.getAttributeNames()]).forEach(function (name) {
      const value = fresh.getAttribute(name);
      if (before.getAttribute(name) === value) return;
      if (name.startsWith("hx-")) wiring = true;
      if (value === null) current.removeAttribute(name);
      else current.setAttribute(name, value);
    });
    if (before.innerHTML !== fresh.innerHTML) patchChildren(current, before, fresh);
    if (wiring && window.htmx) window.htmx.process(current);
  }

  // To move an element that has the focus would take it away: the others move round it.
  function place(parent, node, next) {
    if (next === node) return;
    if (!node.contains(document.activeElement)) {
      parent.insertBefore(node, next);
      return;
    }
    while (next && next !== node) {
      const passed = next;
      next = next.nextSibling;
      parent.appendChild(passed);
    }
  }

  function patchChildren(current, before, fresh) {
    delete current.dataset.was; // what a script put there in place of the server's words is gone with them
    const present = Array.from(current.childNodes);
    const known = Array.from(before.childNodes);
    const pairs = Array.from(fresh.childNodes, (node) => [node, take(present, node), take(known, node)]);
    present.forEach((node) => node.remove());
    let next = current.firstChild;
    pairs.forEach(function ([node, old, was]) {
      if (old) {
        place(current, old, next);
        next = old.nextSibling;
        patch(old, was || old.cloneNode(true), node);
        return;
      }
      current.insertBefore(node, next);
      if (node.nodeType === Node.ELEMENT_NODE && window.htmx) window.htmx.process(node);
    });
  }

  const FOCUSABLE = "a[href], button, input:not([type=hidden]), textarea, select, [tabindex]";

  // The focus is never dropped: when what had it is gone, what stands in its place gets it.
  function keepFocus(where, focused) {
    if (!focused || (focused.isConnected && document.activeElement === focused)) return;
    const marker = focused.getAttributeNames().find((name) => name.startsWith("data-"));
    const seen = (selector) => Array.from(where.querySelectorAll(selector)).find((one) => one.checkVisibility());
    const again = marker && (where.matches("[" + marker + "]") ? where : seen("[" + marker + "]"));
    const next = again || (where.matches("[tabindex]") ? where : seen(FOCUSABLE) || where.closest("[tabindex]"));
    if (next) next.focus({ preventScroll: true });
  }

  function swapIn(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const html = fresh.outerHTML;
    if (isSame(old, fresh)) {
      patch(old, parsed(source(old)), fresh);
      sources.set(old, html);
      keepFocus(old, focused);
      return old;
    }
    sources.set(fresh, html);
    if (old.tabIndex === 0) fresh.tabIndex = 0;
    old.replaceWith(fresh);
    if (window.htmx) window.htmx.process(fresh);
    keepFocus(fresh, focused);
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
        if (mode === "all") place(current, old, cursor ? next : current.firstElementChild);
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
      MedSync.toast(fresh.textContent, fresh.dataset.undo);
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
  /** Say one sentence at the bottom left for ten seconds, with a way back if there is one; it stays while looked at. */
  MedSync.toast = function (text, undo) {
    const place = document.querySelector("[data-toasts]");
    if (!place || !text.trim()) return;
    const node = document.getElementById("toast").content.cloneNode(true);
    const toast = node.firstElementChild;
    const back = toast.querySelector("[data-undo]");
    toast.querySelector("[data-text]").textContent = text;
    if (back) back.hidden = !undo;
    function go() {
      clearTimeout(toastTimer);
      toastTimer = setTimeout(() => place.contains(toast) && toast.remove(), 10000);
    }
    function stay() {
      clearTimeout(toastTimer);
    }
    toast.addEventListener("pointerenter", stay);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("focusout", go);
    if (back && undo) {
      back.addEventListener("click", function () {
        clearTimeout(toastTimer);
        toast.remove();
        document.dispatchEvent(new CustomEvent("medsync:undo", { detail: { url: undo } }));
      });
    }
    place.replaceChildren(node);
    go();
  };

  if (window.htmx) {
    // Who asked may be gone before the answer: news of the same was faster. htmx looks for the extension from there up,
    // would not find it, and would put the parts in the place of all that stands there.
    document.addEventListener("htmx:beforeSwap", function (event) {
      const asker = event.detail.requestConfig.elt;
      if (asker.isConnected || !event.detail.shouldSwap || asker.getAttribute("hx-swap") !== "merge") return;
      event.detail.shouldSwap = false;
      if (!event.detail.target.isConnected) return;
      const holder = document.createElement("template");
      holder.innerHTML = event.detail.serverResponse;
      MedSync.merge(holder.content);
    });
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
