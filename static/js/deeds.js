// What is done with threads as work: done, snooze, assign, for the open thread, the picked rows, or the row with the
// focus; their menus; and taking back.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const menu = document.getElementById("deeds");
  const bulk = document.querySelector("[data-bulk]");
  let opener = null; // the button that opened the menu, or what had the focus
  let chosen = null; // what a choice of the menu is done with
  let turn = 0; // which menu is wanted: an answer that comes too late opens none
  let isComing = false;

  /* What it is done with ------------------------------------------------------------ */
  function target() {
    const picked = MedSync.picking.threads();
    if (picked.length) return { many: picked };
    const row = document.activeElement.closest("[data-part=rows] > .row");
    const thread = document.querySelector("[data-thread] [data-deeds]");
    if (row && (!thread || row.dataset.key !== thread.closest("[data-thread]").dataset.thread)) {
      return { many: [row.dataset.key + ":" + row.dataset.stamp] };
    }
    return thread ? { one: thread } : null;
  }

  function post(url, values) {
    return window.htmx.ajax("POST", url, { source: menu, target: menu, swap: "merge", values: values });
  }

  function act(deed, values, what) {
    const on = what || target();
    if (!on) return false;
    if (on.many) {
      if (!["done", "snooze", "assign"].includes(deed)) return false;
      post(bulk.dataset.manyUrl, Object.assign({ deed: deed, thread: on.many }, values)).then(() => MedSync.picking.drop(on.many));
      return true;
    }
    if (deed === "done") {
      const button = document.querySelector("[data-done]");
      if (button) button.click();
      return Boolean(button);
    }
    const key = deed.replace(/-(.)/g, (whole, letter) => letter.toUpperCase()) + "Url";
    post(on.one.dataset[key], Object.assign({ seen: on.one.dataset.lastMessage, deed: on.one.dataset.newestDeed }, values));
    return true;
  }

  /* Menus ------------------------------------------------------------------------------ */
  const items = () => Array.from(menu.querySelectorAll("button, input")).filter((item) => item.getClientRects().length);

  function close(focus) {
    const came = isComing;
    turn += 1;
    isComing = false;
    if (menu.hidden) return came;
    menu.hidden = true;
    if (opener && opener.matches("[data-menu]")) opener.setAttribute("aria-expanded", "false");
    if (focus && opener && opener.isConnected) opener.focus({ preventScroll: true });
    return true;
  }

  function place(at) {
    const size = menu.getBoundingClientRect();
    const below = at.bottom + 6 + size.height < window.innerHeight;
    menu.style.left = Math.max(8, Math.min(at.right - size.width, window.innerWidth - size.width - 8)) + "px";
    menu.style.top = Math.max(8, below ? at.bottom + 6 : at.top - size.height - 6) + "px";
  }

  function fill(html, name) {
    menu.dataset.of = name;
    menu.innerHTML = html;
    menu.hidden = false;
    if (opener && opener.matches("[data-menu]")) opener.setAttribute("aria-expanded", "true");
    place(opener && opener !== document.body ? opener.getBoundingClientRect() : { bottom: 100, top: 100, right: window.innerWidth / 2 + 140 });
    (items()[0] || menu).focus();
  }

  function open(name, from, what) {
    close(false);
    opener = from || document.activeElement;
    chosen = what || null;
    const own = from && from.parentElement.querySelector('template[data-menu-items="' + name + '"]');
    if (own) {
      fill(own.innerHTML, name);
      return;
    }
    const mine = turn;
    isComing = true;
    fetch(menu.dataset[name + "Menu"], { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(new Error("refused"))))
      .then(function (html) {
        if (mine !== turn) return;
        isComing = false;
        fill(html, name);
      })
      .catch(function () {
        if (mine !== turn) return;
        isComing = false;
        MedSync.toast(MedSync.word("failed"));
      });
  }

  function openFor(name, from) {
    const on = from && from.closest("[data-deeds]") ? { one: from.closest("[data-deeds]") } : target();
    if (!on) return false;
    const button = from || (on.one ? on.one.querySelector('[data-menu="' + name + '"]') : null);
    open(name, button, on);
    return true;
  }

  menu.addEventListener("click", function (event) {
    const item = event.target.closest("button");
    if (!item || item.form) return;
    const name = menu.dataset.of;
    const what = chosen;
    close(true);
    if (item.dataset.opensMenu) open(item.dataset.opensMenu, opener, what);
    else if (item.dataset.undo) undo(item.dataset.undo);
    else if (item.dataset.deed) act(item.dataset.deed, {}, what);
    else act(name, { [item.dataset.deedName]: item.dataset.deedValue }, what);
  });

  menu.addEventListener("submit", function (event) {
    event.preventDefault();
    const what = chosen;
    const until = event.target.querySelector("[name=until]").value;
    close(true);
    act("snooze", { until: until }, what);
  });

  menu.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      event.preventDefault();
      close(true);
      return;
    }
    const all = items();
    const at = all.indexOf(document.activeElement);
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (document.activeElement.matches("input")) {
      if (event.key !== "Tab") event.stopPropagation();
      return;
    }
    if (steps[event.key]) {
      event.preventDefault();
      all[(at + steps[event.key] + all.length) % all.length].focus();
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      all[event.key === "Home" ? 0 : all.length - 1].focus();
    }
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-menu]");
    if (button) {
      if (button.getAttribute("aria-disabled") === "true") return;
      if (button === opener && !menu.hidden && close(true)) return;
      openFor(button.dataset.menu, button);
      return;
    }
    const deed = event.target.closest("[data-deed]");
    if (deed && !menu.contains(deed) && deed.getAttribute("aria-disabled") !== "true") {
      act(deed.dataset.deed, {}, deed.closest("[data-deeds]") ? { one: deed.closest("[data-deeds]") } : null);
    }
    if (!event.target.closest("#deeds")) close(false);
  });

  /* Taking back -------------------------------------------------------------------------- */
  function undo(url) {
    return post(url, {}).then(MedSync.reread);
  }

  document.addEventListener("medsync:undo", (event) => undo(event.detail.url));

  /* Done and next -------------------------------------------------------------------------- */
  let next = null;
  function doneAndNext() {
    const thread = document.querySelector("[data-thread]");
    const on = target();
    const row = on && on.one && document.querySelector('[data-part=rows] > [data-key="' + thread.dataset.thread + '"]');
    const after = row && (row.nextElementSibling || row.previousElementSibling);
    next = after ? after.dataset.key : null;
    return act("done", {});
  }

  // Who opened another thread meanwhile stays there.
  document.addEventListener("medsync:opening", function () {
    next = null;
    close(false);
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    const path = event.detail.requestConfig && event.detail.requestConfig.path;
    if (!path || !path.endsWith("/done/")) return;
    const row = next && document.querySelector('[data-part=rows] > [data-key="' + next + '"]');
    next = null;
    if (row && event.detail.xhr.status === 200) row.click();
  });

  MedSync.deeds = {
    done: () => act("done", {}),
    doneAndNext: doneAndNext,
    reopen: () => act("reopen", {}),
    take: () => act("assign", { to: document.querySelector("[data-user]").dataset.user }),
    assign: () => openFor("assign"),
    snooze: () => openFor("snooze"),
    undo: () => open("undo"),
    close: () => close(true),
  };
})();
