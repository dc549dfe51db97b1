// Approved texts in the composer: opens by itself when the 24 hours are over; the list, the variables, the exact preview.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const MODE = "is-approved";
  let loadedFor = ""; // the thread and its last message for which the panel was read
  let loading = ""; // the same, while it is being read
  let chosen = ""; // the text that is chosen
  let left = ""; // the thread in which the member went back to another tab by hand

  const box = () => MedSync.composer && MedSync.composer.box();
  const panel = (at) => at && at.querySelector("[data-approved-panel]");
  const lock = (at) => at.querySelector("[data-part=composer-lock]");
  const reply = (at) => at.querySelector("#composer-text");
  const oneLine = (text) => text.replace(/\s+/gu, " ").trim();
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const isOpen = (at) => at.classList.contains(MODE);
  const options = (at) => Array.from(panel(at).querySelectorAll("[data-approved-choice]"));
  const shown = (at) => options(at).filter((one) => !one.hidden);
  const form = (at) => panel(at).querySelector('[data-approved-form="' + CSS.escape(chosen) + '"]');

  /* The tab ---------------------------------------------------------------------------- */
  function open(options) {
    const at = box();
    if (!at || !panel(at)) return;
    if (at.dataset.tab === "note") MedSync.composer.choose("reply"); // what goes after it is a reply
    const typing = document.activeElement === reply(at); // whoever is writing goes on, where the words go on
    at.classList.add(MODE);
    panel(at).hidden = false;
    at.querySelector("#composer-panel").hidden = true;
    at.querySelectorAll("[role=tab]").forEach(function (tab) {
      const here = tab.matches("[data-approved-tab]");
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
    });
    load(at, typing && !(options && options.focus) ? "reply" : options && options.focus);
  }

  function close(at) {
    if (!isOpen(at)) return;
    at.classList.remove(MODE);
    panel(at).hidden = true;
    at.querySelector("#composer-panel").hidden = false;
    at.querySelector("[data-approved-tab]").setAttribute("aria-selected", "false");
    at.querySelector("[data-approved-tab]").tabIndex = -1;
    at.querySelectorAll("[data-tab-name]").forEach(function (tab) {
      const here = tab.dataset.tabName === at.dataset.tab;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
    });
  }

  // Only an approved text gets through: it is what is offered. An open window gives the reply back.
  function follow() {
    const at = box();
    if (!at || !panel(at)) return;
    const closed = lock(at).dataset.code === "63016" && !MedSync.composer.sender().free;
    if (closed && !isOpen(at) && at.dataset.tab === "reply" && left !== at.dataset.draftKey) open({ focus: false });
    if (!closed && left === at.dataset.draftKey) left = "";
    if (!closed && isOpen(at) && at.dataset.opened === "closed") close(at);
    at.dataset.opened = closed ? "closed" : "open";
    if (isOpen(at)) {
      if (loadedFor !== wanted(at)) load(at, false);
      else look(at);
    }
  }

  function wanted(at) {
    return at.dataset.draftKey + lock(at).dataset.lastMessage;
  }

  function load(at, focus) {
    if (loadedFor === wanted(at) && panel(at).firstElementChild) {
      look(at);
      if (focus) focusIn(at, focus);
      return;
    }
    const place = panel(at);
    const key = wanted(at);
    if (loading === key && place.hasAttribute("aria-busy")) return;
    loading = key;
    place.setAttribute("aria-busy", "true");
    fetch(at.dataset.approvedUrl, { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(new Error("refused"))))
      .then(function (html) {
        if (!place.isConnected || loading !== key) return;
        const before = typed(at);
        place.innerHTML = html;
        loadedFor = key;
        if (window.htmx) window.htmx.process(place);
        const kept = options(at).find((one) => one.dataset.approvedChoice === chosen && form(at));
        choose(at, kept || first(at), { focus: false });
        retype(at, before);
        if (focus) focusIn(at, focus);
      })
      .catch(function () {
        if (place.isConnected) place.replaceChildren(at.querySelector("[data-approved-error]").content.cloneNode(true));
      })
      .finally(() => loading === key && place.removeAttribute("aria-busy"));
  }

  // A new message brings the list anew: what was typed, and where, goes on.
  function typed(at) {
    const search = panel(at).querySelector("[data-approved-search]");
    const focused = panel(at).contains(document.activeElement) ? document.activeElement : null;
    const own = new Map();
    if (form(at)) form(at).querySelectorAll("[data-approved-value]").forEach((input) => input.value !== input.defaultValue && own.set(input.id, input.value));
    const filters = Array.from(panel(at).querySelectorAll("[data-approved-filter]"), (one) => [one.dataset.approvedFilter, one.value]);
    const mine = panel(at).querySelector("[data-approved-mine][aria-pressed=true]");
    return { search: search ? search.value : "", filters: filters, mine: Boolean(mine), own: own, focus: focused && (focused.id || (focused === search ? "search" : "")) };
  }

  function retype(at, before) {
    const search = panel(at).querySelector("[data-approved-search]");
    if (!search) return;
    search.value = before.search;
    before.filters.forEach(function ([name, value]) {
      const one = panel(at).querySelector('[data-approved-filter="' + name + '"]');
      if (one) one.value = value;
      if (one && one.selectedIndex < 0) one.value = ""; // no text is so any more
    });
    const mine = panel(at).querySelector("[data-approved-mine]");
    if (mine) mine.setAttribute("aria-pressed", String(before.mine));
    narrow(at);
    before.own.forEach(function (value, id) {
      const input = document.getElementById(id);
      if (input) input.value = value;
    });
    look(at);
    const place = before.focus === "search" ? search : before.focus && document.getElementById(before.focus);
    if (place) place.focus();
  }

  // With an answer written, the text that announces it; else the first that can be sent.
  function first(at) {
    const usable = shown(at).filter((one) => one.getAttribute("aria-disabled") !== "true");
    return usable.find((one) => one.dataset.knock === "true") || usable[0] || null;
  }

  function focusIn(at, where) {
    const answer = where === "reply" && form(at) && form(at).querySelector("[data-approved-reply]");
    const place = answer && !answer.disabled ? answer : panel(at).querySelector("[data-approved-search]");
    if (!place) return;
    place.focus();
    if (place === answer) answer.setSelectionRange(answer.value.length, answer.value.length);
  }

  /* The list ----------------------------------------------------------------------------- */
  function choose(at, option, how) {
    chosen = option ? option.dataset.approvedChoice : "";
    const list = panel(at).querySelector("[data-approved-list]");
    options(at).forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    if (list && option) {
      list.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
    panel(at).querySelectorAll("[data-approved-form]").forEach((one) => (one.hidden = one.dataset.approvedForm !== chosen));
    const hint = panel(at).querySelector("[data-approved-pick]");
    if (hint) hint.hidden = Boolean(form(at));
    look(at);
    if (how && how.focus && form(at)) {
      const empty = Array.from(form(at).querySelectorAll("[data-approved-value]")).find((one) => !oneLine(one.value));
      (empty || form(at).querySelector("[data-approved-send]")).focus();
    }
  }

  function narrow(at) {
    const words = fold(panel(at).querySelector("[data-approved-search]").value).trim().split(/\s+/).filter(Boolean);
    const mine = panel(at).querySelector("[data-approved-mine]");
    const filters = Array.from(panel(at).querySelectorAll("[data-approved-filter]"));
    const only = mine && mine.getAttribute("aria-pressed") === "true";
    options(at).forEach(function (one) {
      const text = fold(one.dataset.search);
      const fits = filters.every((filter) => !filter.value || one.dataset[filter.dataset.approvedFilter] === filter.value);
      one.hidden = !words.every((word) => text.includes(word)) || (only && one.dataset.mine !== "true") || !fits;
    });
    filters.forEach((filter) => filter.classList.toggle("is-on", Boolean(filter.value)));
    panel(at).querySelector("[data-approved-none]").hidden = shown(at).length > 0;
    panel(at).querySelector("[data-approved-list]").hidden = !shown(at).length;
  }

  // The text that is shown beside the list is one of those that it shows.
  function keepChosen(at) {
    if (!shown(at).some((one) => one.dataset.approvedChoice === chosen)) choose(at, first(at), { focus: false });
  }

  function showAll(at) {
    const search = panel(at).querySelector("[data-approved-search]");
    search.value = "";
    panel(at).querySelectorAll("[data-approved-filter]").forEach((one) => (one.value = ""));
    const mine = panel(at).querySelector("[data-approved-mine]");
    if (mine) mine.setAttribute("aria-pressed", "false");
    narrow(at);
    keepChosen(at);
    search.focus();
  }

  /* What will be read ---------------------------------------------------------------------- */
  function look(at) {
    const here = form(at);
    if (!here) return;
    let missing = 0;
    here.querySelectorAll("[data-approved-value]").forEach(function (input) {
      const value = oneLine(input.value);
      const empty = !value;
      if (empty) missing += 1;
      input.setAttribute("aria-invalid", String(empty));
      input.parentElement.querySelector("[data-approved-missing]").hidden = !empty;
      here.querySelectorAll('[data-approved-n="' + input.dataset.approvedValue + '"]').forEach(function (span) {
        span.textContent = value || "{" + input.parentElement.querySelector("label").textContent + "}";
        span.classList.toggle("is-missing", empty);
      });
    });
    const holds = lock(at).dataset.holds === "true";
    const free = MedSync.composer.sender().free;
    const text = here.querySelector("[data-approved-reply]");
    here.querySelector("[data-approved-hold]").hidden = holds || free;
    here.querySelector("[data-approved-holding]").hidden = !holds;
    text.disabled = holds || free;
    if (document.activeElement !== text && text.value !== reply(at).value) text.value = reply(at).value;
    const send = here.querySelector("[data-approved-send]");
    const waits = missing > 0 || document.documentElement.hasAttribute("data-down");
    if (waits) send.setAttribute("aria-disabled", "true");
    else send.removeAttribute("aria-disabled");
  }

  // The answer is the reply's draft: it is kept as every draft is.
  function carry(at, words) {
    reply(at).value = words;
    reply(at).dispatchEvent(new Event("input", { bubbles: true }));
  }

  MedSync.approved = { open: () => open({ focus: true }) };

  document.addEventListener("click", function (event) {
    const at = box();
    if (!at || !panel(at)) return;
    if (event.target.closest("[data-approved-tab], [data-approved-open]")) open({ focus: true });
    if (event.target.closest("[data-approved-again]")) load(at, true);
    if (event.target.closest("[data-approved-all]")) showAll(at);
    const mine = event.target.closest("[data-approved-mine]");
    if (mine) {
      mine.setAttribute("aria-pressed", String(mine.getAttribute("aria-pressed") !== "true"));
      narrow(at);
      keepChosen(at);
    }
    if (event.target.closest("[data-switch-to]")) setTimeout(follow); // from another number one may write freely
    const option = event.target.closest("[data-approved-choice]");
    if (option && !event.target.closest("a") && option.getAttribute("aria-disabled") !== "true") choose(at, option, { focus: false });
  });

  document.addEventListener("input", function (event) {
    const at = box();
    if (!at || !panel(at) || !panel(at).contains(event.target)) return;
    if (event.target.matches("[data-approved-search]")) narrow(at);
    if (event.target.matches("[data-approved-reply]")) carry(at, event.target.value);
    look(at);
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-sender]")) setTimeout(follow);
    if (event.target.matches("[data-approved-filter]")) {
      narrow(box());
      keepChosen(box());
    }
  });

  document.addEventListener("keydown", function (event) {
    const at = box();
    if (!at || !panel(at)) return;
    const tab = event.target.closest("[role=tab]");
    if (tab && at.contains(tab) && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const tabs = Array.from(at.querySelectorAll("[role=tab]"));
      const next = tabs[(tabs.indexOf(tab) + (event.key === "ArrowRight" ? 1 : -1) + tabs.length) % tabs.length];
      event.preventDefault();
      event.stopImmediatePropagation();
      if (next.matches("[data-approved-tab]")) open({ focus: false });
      else next.click();
      next.focus();
      return;
    }
    if (!isOpen(at) || !panel(at).contains(event.target)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form(at)) {
      event.preventDefault();
      form(at).requestSubmit();
      return;
    }
    if (!event.target.matches("[data-approved-search], [data-approved-list]")) return;
    const usable = shown(at).filter((one) => one.getAttribute("aria-disabled") !== "true");
    const here = usable.findIndex((one) => one.dataset.approvedChoice === chosen);
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && usable.length) {
      event.preventDefault();
      choose(at, usable[(here + (event.key === "ArrowDown" ? 1 : -1) + usable.length) % usable.length], { focus: false });
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (usable.length) choose(at, usable[Math.max(here, 0)], { focus: true });
    }
  }, true);

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-approved-form]")) return;
    const at = box();
    look(at);
    if (event.target.querySelector("[data-approved-send]").getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
      const empty = event.target.querySelector('[aria-invalid="true"]');
      if (empty) empty.focus();
      return;
    }
    const set = (name, value) => (event.target.elements[name].value = value);
    if (!event.target.elements.client_message_id.value) set("client_message_id", MedSync.composer.newId());
    set("after_message_id", lock(at).dataset.lastMessage);
    set("revision", MedSync.composer.revision());
    set("sender", MedSync.composer.chosen());
  }, true);

  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.target.matches("[data-approved-form]")) return;
    event.target.querySelector("[data-approved-send]").setAttribute("aria-busy", "true");
    const text = event.target.querySelector("[data-approved-reply]");
    if (text.disabled || !text.value.trim()) return;
    // Looked at now: news of it may be faster than its answer, and then another form stands there, which takes no reply.
    const thread = box().dataset.draftKey;
    event.detail.xhr.addEventListener("load", () => event.detail.xhr.status < 400 && MedSync.composer.clear(thread));
  });

  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.matches || !event.target.matches("[data-approved-form]")) return;
    const sent = event.detail.successful && event.detail.xhr.status < 400;
    event.target.querySelector("[data-approved-send]").removeAttribute("aria-busy");
    if (!sent) return;
    event.target.elements.client_message_id.value = "";
    const at = box();
    loadedFor = "";
    if (at && isOpen(at)) load(at, false);
    const log = document.querySelector("[data-log]");
    log.scrollTop = log.scrollHeight;
  });

  document.addEventListener("medsync:shown", function () {
    loadedFor = "";
    chosen = "";
    left = "";
    follow();
  });
  document.addEventListener("medsync:updated", follow);
  document.addEventListener("medsync:tab", function () {
    const at = box();
    if (!at || !panel(at) || !isOpen(at)) return;
    left = at.dataset.draftKey;
    close(at);
  });

  follow();
})();
