// The inbox: opening threads, the list under the pointer, request cards, "Why?", keys.
(function () {
  "use strict";

  const MedSync = window.MedSync;
  const root = document.querySelector("[data-inbox]");
  const pane = document.querySelector("[data-thread-pane]");
  const scroller = document.querySelector("[data-list-scroll]");
  const rows = () => Array.from(document.querySelectorAll("[data-part=rows] > .row"));
  const rowOf = (id) => document.querySelector('[data-part=rows] > [data-key="' + CSS.escape(id) + '"]');
  const template = (id) => document.getElementById(id).content.cloneNode(true);

  /* Threads ------------------------------------------------------------------- */
  function openId() {
    const thread = document.querySelector("[data-thread]");
    return thread ? thread.dataset.thread : null;
  }

  function select(id) {
    rows().forEach(function (row) {
      row.setAttribute("aria-selected", String(row.dataset.key === id));
    });
    rove(rowOf(id) || rows()[0]);
  }

  // One row of the list takes part in the tab order.
  function rove(row) {
    if (!row) return;
    rows().forEach((one) => (one.tabIndex = one === row ? 0 : -1));
  }

  let loading = null;
  let coming = null; // the thread that is being read, and whether there was news of it meanwhile
  function load(url, id) {
    if (loading) loading.abort();
    loading = new AbortController();
    const here = (coming = { id: id, news: false });
    const skeleton = setTimeout(() => pane.replaceChildren(template("thread-loading")), 300);
    document.dispatchEvent(new CustomEvent("medsync:opening"));
    root.dataset.open = "true";
    pane.dataset.coming = ""; // what stands there until then is another person's
    select(id);
    closeWhy();
    fetch(url, { headers: { "HX-Request": "true", "X-Pane": "thread" }, signal: loading.signal, redirect: "follow" })
      .then(function (response) {
        if (response.redirected) throw new Error("logged out");
        if (!response.ok) throw new Error("not here");
        return response.text();
      })
      .then(function (html) {
        clearTimeout(skeleton);
        const holder = document.createElement("template");
        holder.innerHTML = html;
        pane.replaceChildren(holder.content);
        came();
        window.htmx.process(pane);
        MedSync.remember(pane);
        threadShown();
        if (here.news) MedSync.read(document.querySelector("[data-thread]"), "medsync:thread");
      })
      .catch(function (error) {
        clearTimeout(skeleton);
        if (error.name === "AbortError") return;
        came();
        pane.replaceChildren(template("thread-error"));
        pane.querySelector("[data-retry]").addEventListener("click", () => load(url, id));
      });
  }

  function came() {
    coming = null;
    delete pane.dataset.coming;
  }

  // News of a thread that is still being read finds nothing to read again: it is read again once it is here.
  document.addEventListener("medsync:frame", function (event) {
    if (coming && (event.detail.id === coming.id || event.detail.type === "ready")) coming.news = true;
  });

  function open(row, options) {
    history.pushState({ medsync: true }, "", row.href);
    load(row.href, row.dataset.key);
    if (options && options.focus) row.focus();
  }

  function close(push) {
    const id = coming ? coming.id : openId();
    if (loading) loading.abort();
    came();
    if (push) history.pushState({ medsync: true }, "", root.dataset.home);
    root.dataset.open = "false";
    pane.replaceChildren(template("no-thread"));
    closeWhy();
    rows().forEach((row) => row.setAttribute("aria-selected", "false"));
    const row = id && rowOf(id);
    if (row) {
      rove(row);
      row.focus({ preventScroll: false });
    }
  }

  window.addEventListener("popstate", function () {
    const row = rows().find((one) => new URL(one.href).pathname === location.pathname);
    if (row) load(location.href, row.dataset.key);
    else if (new URL(root.dataset.home, location.href).pathname === location.pathname) close(false);
    else location.reload();
  });

  document.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const row = event.target.closest("[data-part=rows] > .row");
    if (row) {
      event.preventDefault();
      open(row);
      return;
    }
    if (event.target.closest("[data-back]")) {
      event.preventDefault();
      close(true);
    }
  });

  /* The log -------------------------------------------------------------------- */
  let atEnd = true;
  function log() {
    return document.querySelector("[data-log]");
  }

  function isAtEnd(element) {
    return element.scrollHeight - element.scrollTop - element.clientHeight < 60;
  }

  function toEnd() {
    const element = log();
    if (element) element.scrollTop = element.scrollHeight;
    atEnd = true;
    showLatest();
  }

  function showLatest() {
    const button = document.querySelector("[data-to-latest]");
    if (button) button.hidden = atEnd;
  }

  function threadShown() {
    const element = log();
    if (element) {
      element.addEventListener("scroll", function () {
        atEnd = isAtEnd(element);
        showLatest();
      }, { passive: true });
    }
    if (!toSought()) toEnd();
    MedSync.composer.setUp();
    MedSync.person.setUp();
    looked();
  }

  // A message that was searched for is shown, marked for a moment, and reached by the keyboard.
  function toSought() {
    const thread = document.querySelector("[data-sought]");
    const bubble = thread && document.querySelector('[data-message="' + CSS.escape(thread.dataset.sought) + '"]');
    if (!bubble) return false;
    atEnd = false;
    bubble.tabIndex = -1;
    bubble.classList.add("is-sought");
    bubble.scrollIntoView({ block: "center" });
    bubble.focus({ preventScroll: true });
    showLatest();
    return true;
  }

  // What this member has seen: next time the line "New since you looked" stands behind it.
  let looking = 0;
  function looked() {
    clearTimeout(looking);
    looking = setTimeout(function () {
      const thread = document.querySelector("[data-seen-url]");
      if (!thread || document.hidden || document.documentElement.hasAttribute("data-down")) return;
      const token = JSON.parse(document.body.getAttribute("hx-headers"));
      fetch(thread.dataset.seenUrl, { method: "POST", headers: token, keepalive: true }).catch(() => {});
    }, 1500);
  }

  let heightBefore = 0;
  let heirs = []; // the row with the focus and those below it, then those above
  document.addEventListener("medsync:merge", function (event) {
    const element = log();
    if (event.detail.name === "items" && element) heightBefore = element.scrollHeight - element.scrollTop;
    if (event.detail.name === "rows") {
      const at = rows().indexOf(document.activeElement);
      heirs = at < 0 ? [] : [...rows().slice(at), ...rows().slice(0, at).reverse()];
    }
    if (event.detail.name === "rows" && event.detail.mode === "all") holdRows(event);
  });
  document.addEventListener("medsync:merged", function (event) {
    const element = log();
    if (event.detail.name === "items" && element) {
      looked();
      if (event.detail.mode === "before") element.scrollTop = element.scrollHeight - heightBefore;
      else if (atEnd) toEnd();
      else showLatest();
    }
    if (event.detail.name === "rows") {
      const id = openId();
      rows().forEach((row) => row.setAttribute("aria-selected", String(row.dataset.key === id)));
      // The focus of a row that left goes to the row that stands there now.
      const heir = document.activeElement === document.body ? heirs.find((row) => row.isConnected) : null;
      heirs = [];
      if (!rows().some((row) => row.tabIndex === 0)) rove(heir || (id && rowOf(id)) || rows()[0]);
      if (heir) heir.focus({ preventScroll: true });
    }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-to-latest]")) toEnd();
  });

  /* The list under the pointer --------------------------------------------------- */
  let held = null; // what the server said last, while it may not move rows
  let pointerInList = false;

  const PAGE = 50; // rows that the server sends at once

  function mayMove() {
    return !pointerInList && scroller.scrollTop < 8;
  }

  // Update rows where they are; whatever would move them waits behind "2 new".
  function holdRows(event) {
    const incoming = event.detail.incoming;
    const present = rows().map((row) => row.dataset.key);
    const next = Array.from(incoming.children, (row) => row.dataset.key);
    const appended = present.length && present.every((key, index) => next[index] === key);
    const known = new Set(next);
    // What left moves nothing under a pointer that is elsewhere, wherever the list is scrolled to.
    const left = present.filter((key) => known.has(key)).join() === next.join() && next.length < PAGE && !pointerInList;
    if (mayMove() || appended || left || !present.length) {
      held = null;
      showHeld(0);
      return;
    }
    event.preventDefault();
    held = incoming.cloneNode(true);
    const still = incoming.cloneNode(false);
    const byKey = new Map(Array.from(incoming.children, (row) => [row.dataset.key, row]));
    rows().forEach(function (row) {
      still.appendChild(byKey.get(row.dataset.key) || row.cloneNode(true));
    });
    MedSync.mergeKeyed(document.querySelector("[data-part=rows]"), still, "all");
    showHeld(next.filter((key) => !present.includes(key)).length);
    // Rows of later pages are not in what the server said; they are not gone.
    const last = next.length < PAGE ? present.length : present.findLastIndex((key) => known.has(key));
    rows().forEach((row, index) => row.classList.toggle("is-gone", index < last && !byKey.has(row.dataset.key)));
    const id = openId();
    rows().forEach((row) => row.setAttribute("aria-selected", String(row.dataset.key === id)));
  }

  function showHeld(number) {
    const place = document.querySelector("[data-part=list-order]");
    if (!place) return;
    let button = place.querySelector("[data-show-new]");
    if (!number) {
      if (button) button.remove();
      return;
    }
    if (!button) {
      const spacer = document.createElement("span");
      spacer.className = "spacer";
      button = document.createElement("button");
      button.type = "button";
      button.className = "link new-rows";
      button.dataset.showNew = "";
      place.append(spacer, button);
    }
    button.textContent = "↑ " + MedSync.word("newRows", number);
  }

  function releaseRows() {
    if (!held) return;
    const incoming = held;
    held = null;
    MedSync.mergeKeyed(document.querySelector("[data-part=rows]"), incoming, "all");
    showHeld(0);
    document.dispatchEvent(new CustomEvent("medsync:merged", { detail: { name: "rows", mode: "all" } }));
    MedSync.composer.showDrafts();
  }

  // The pane and not only the rows: the way from a row to "2 new" must not release them.
  const listPane = document.querySelector("[data-list]");
  listPane.addEventListener("pointerenter", (event) => (pointerInList = event.pointerType === "mouse"));
  listPane.addEventListener("pointerleave", function () {
    pointerInList = false;
    if (mayMove()) releaseRows();
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-show-new]")) return;
    scroller.scrollTop = 0;
    releaseRows();
  });

  /* Bubbles -------------------------------------------------------------------------- */
  document.addEventListener("click", function (event) {
    const again = event.target.closest("[data-again]");
    if (again) MedSync.composer.fill(again.closest("[data-message]").querySelector(".bubble-body").textContent.trim());
    const waits = event.target.closest("[data-waits][aria-disabled=true]");
    if (waits) event.preventDefault();
  });

  /* Why? ------------------------------------------------------------------------------ */
  const why = document.getElementById("why");
  let asked = null;
  let turn = 0;

  function closeWhy(focus) {
    turn += 1; // an answer that is under way is not wanted any more
    if (!why || why.hidden) return;
    why.hidden = true;
    if (focus && asked) {
      const again = asked.isConnected ? asked : document.querySelector('[data-why="' + asked.dataset.why + '"]');
      if (again) again.focus();
    }
  }

  function askWhy(button) {
    asked = button;
    const mine = (turn += 1);
    fetch(button.dataset.why, { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok ? response.text() : Promise.reject(new Error("refused"))))
      .then(function (html) {
        if (mine !== turn) return;
        why.innerHTML = html;
        why.hidden = false;
        const at = button.getBoundingClientRect();
        const size = why.getBoundingClientRect();
        const below = at.bottom + 6 + size.height < window.innerHeight;
        why.style.left = Math.max(12, Math.min(at.right - size.width, window.innerWidth - size.width - 12)) + "px";
        why.style.top = Math.max(12, below ? at.bottom + 6 : at.top - size.height - 6) + "px";
        why.focus();
      })
      .catch(() => MedSync.toast(MedSync.word("failed")));
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-why]");
    if (button) {
      askWhy(button);
      return;
    }
    if (event.target.closest("[data-why-close]")) closeWhy(true);
    else if (!event.target.closest("#why")) closeWhy(false);
  });

  /* Errors ------------------------------------------------------------------------------ */
  document.body.addEventListener("htmx:sendError", function (event) {
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "post") MedSync.toast(MedSync.word("kept"));
  });
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    // A log-in page instead of a fragment: say so, keep everything.
    if (event.detail.xhr.responseURL && new URL(event.detail.xhr.responseURL).pathname.startsWith("/accounts/")) {
      event.detail.shouldSwap = false;
      MedSync.toast(MedSync.word("loggedOut"));
    }
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.requestConfig.verb === "post" && event.detail.successful && !event.target.matches("[data-reasons], [data-slots]")) MedSync.read(document.querySelector("[data-list]"), "medsync:list");
  });

  /* Keys --------------------------------------------------------------------------------- */
  function move(step) {
    const all = rows();
    if (!all.length) return;
    const present = all.indexOf(document.activeElement) >= 0 ? all.indexOf(document.activeElement) : all.findIndex((row) => row.tabIndex === 0);
    const next = all[Math.max(0, Math.min(all.length - 1, present + step))];
    rove(next);
    next.focus();
  }

  // Out of a field, and on with the keys where the thread stands in the list; on a phone in the thread.
  function leave(field) {
    field.blur();
    const row = rows().find((one) => one.tabIndex === 0);
    const there = row && row.offsetParent ? row : document.querySelector("[data-log]");
    if (there) there.focus({ preventScroll: true });
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    r: () => MedSync.composer.choose("reply"),
    n: () => MedSync.composer.choose("note"),
    t: () => MedSync.approved.open(),
    e: () => MedSync.deeds.done(),
    E: () => MedSync.deeds.doneAndNext(),
    u: () => MedSync.deeds.reopen(),
    z: () => MedSync.deeds.snooze(),
    i: () => MedSync.deeds.take(),
    I: () => MedSync.deeds.assign(),
    a: () => MedSync.cards.accept(),
    o: () => MedSync.cards.offer(),
    x: () => MedSync.cards.decline(),
    b: () => MedSync.bot.toggle(),
    "]": () => MedSync.person.toggle(),
  };

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      // In a field it is the field's own.
      if (event.key !== "z" || event.shiftKey || event.target.matches("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      MedSync.deeds.undo();
      return;
    }
    if (event.key === "Escape") {
      if (MedSync.deeds.close()) return;
      if (why && !why.hidden) closeWhy(true);
      else if (event.target.matches("textarea, input")) leave(event.target);
      else if (MedSync.picking.clear() || MedSync.person.closeDrawer()) return;
      else if (openId() || coming) close(true);
      return;
    }
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    if (event.target.matches(".row") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
      return;
    }
    if (event.target.matches(".row") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      if (event.key === " ") MedSync.picking.toggle(event.target, event.shiftKey);
      else open(event.target);
      return;
    }
    const key = MedSync.key(event);
    const action = KEYS[key];
    if (!action) return;
    event.preventDefault();
    // A key held down moves; it does nothing twice. And nothing is done with a thread that is about to go.
    if (event.repeat && !"jk".includes(key)) return;
    if (coming && !"jk".includes(key) && !("eEziI".includes(key) && event.target.matches("[data-part=rows] > .row"))) return;
    action();
  });

  /* Begin ------------------------------------------------------------------------------------ */
  if (openId()) {
    select(openId());
    threadShown();
    const row = rowOf(openId());
    if (row) row.scrollIntoView({ block: "nearest" });
  } else {
    rove(rows()[0]);
  }
})();
