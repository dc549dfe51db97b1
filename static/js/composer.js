// The composer: reply or note, counters, drafts kept for this tab (keyed by ids only), and "send once".
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const PREFIX = "medsync-draft:";
  // GSM 03.38's basic set and its extension, which counts twice.
  const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
  const GSM_TWICE = /[\^{}\\[~\]|€]/g;

  function composer() {
    return document.querySelector("[data-composer]");
  }

  function newId() {
    return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  }

  function key(box, tab) {
    return PREFIX + tab + ":" + box.dataset.draftKey;
  }

  function read(name) {
    try {
      return JSON.parse(sessionStorage.getItem(name)) || null;
    } catch {
      return null;
    }
  }

  function keep(box) {
    const text = box.querySelector("textarea").value;
    const name = key(box, box.dataset.tab);
    try {
      if (text) sessionStorage.setItem(name, JSON.stringify({ text: text, id: box.querySelector("[name=client_message_id]").value }));
      else sessionStorage.removeItem(name);
    } catch {
      // Storage may be full or forbidden; the text itself is still in the box.
    }
    showDraftInRow(box.dataset.draftKey);
  }

  function showDraftInRow(id) {
    const row = document.querySelector('[data-list] [data-key="' + CSS.escape(id) + '"]');
    if (!row) return;
    const slot = row.querySelector("[data-draft-slot]");
    const draft = read(PREFIX + "reply:" + id);
    if (draft && draft.text) {
      if (!slot.dataset.was) slot.dataset.was = slot.textContent;
      const mark = document.createElement("b");
      mark.textContent = MedSync.word("draft") + " ";
      slot.replaceChildren(mark, draft.text.slice(0, 160));
    } else if (slot.dataset.was) {
      slot.textContent = slot.dataset.was;
      delete slot.dataset.was;
    }
  }

  function showDrafts() {
    for (let i = 0; i < sessionStorage.length; i += 1) {
      const name = sessionStorage.key(i);
      if (name.startsWith(PREFIX + "reply:")) showDraftInRow(name.slice((PREFIX + "reply:").length));
    }
  }

  function count(box) {
    const text = box.querySelector("textarea").value;
    const place = box.querySelector("[data-count]");
    const lock = box.querySelector("[data-part=composer-lock]");
    const limit = Number(lock.dataset.limit) || 4096;
    const length = Array.from(text).length;
    let words = length + " / " + limit;
    if (lock.dataset.channel === "sms" && box.dataset.tab === "reply") {
      const gsm = GSM.test(text);
      const units = gsm ? text.length + (text.match(GSM_TWICE) || []).length : text.length;
      const parts = gsm ? (units <= 160 ? 1 : Math.ceil(units / 153)) : units <= 70 ? 1 : Math.ceil(units / 67);
      if (parts > 1) words += " · " + MedSync.word("parts", parts);
    }
    place.textContent = length ? words : "";
    place.classList.toggle("is-over", length > limit);
  }

  function setUp() {
    const box = composer();
    if (!box || !box.querySelector("textarea")) return;
    choose(box, box.dataset.tab, { focus: false });
    lock(box);
  }

  function choose(box, tab, options) {
    const text = box.querySelector("textarea");
    if (!text) return;
    const button = box.querySelector('[data-tab-name="' + tab + '"]');
    if (!button) return;
    box.dataset.tab = tab;
    box.querySelectorAll("[role=tab]").forEach(function (one) {
      one.setAttribute("aria-selected", String(one === button));
      one.tabIndex = one === button ? 0 : -1;
    });
    const form = box.querySelector("form");
    const url = tab === "note" ? form.dataset.noteUrl : form.dataset.sendUrl;
    form.setAttribute("action", url);
    form.setAttribute("hx-post", url);
    form.setAttribute("aria-labelledby", button.id);
    if (window.htmx) window.htmx.process(form);
    if (!text.dataset.replyPlaceholder) text.dataset.replyPlaceholder = text.placeholder;
    text.placeholder = tab === "note" ? text.dataset.notePlaceholder : text.dataset.replyPlaceholder;
    const draft = read(key(box, tab));
    text.value = draft ? draft.text : "";
    box.querySelector("[name=client_message_id]").value = (draft && draft.id) || newId();
    count(box);
    lock(box);
    if (options && options.focus) text.focus();
  }

  // When the 24 hours have ended a reply is locked; what was typed stays to be read and copied.
  function lock(box) {
    const state = box.querySelector("[data-part=composer-lock]");
    const text = box.querySelector("textarea");
    if (!text) return;
    const locked = state.dataset.locked === "true" && box.dataset.tab === "reply";
    text.readOnly = locked;
    box.querySelector(".composer-box").hidden = locked && !text.value;
    const send = box.querySelector("[data-send]");
    if (locked) send.setAttribute("aria-disabled", "true");
    else if (!document.documentElement.hasAttribute("data-down")) send.removeAttribute("aria-disabled");
    const tab = box.querySelector('[data-tab-name="reply"]');
    if (tab) tab.classList.toggle("is-locked", state.dataset.locked === "true");
  }

  MedSync.composer = {
    setUp: setUp,
    choose: (tab) => composer() && choose(composer(), tab, { focus: true }),
    showDrafts: showDrafts,
    fill: function (body) {
      const box = composer();
      if (!box) return;
      choose(box, "reply", { focus: true });
      const text = box.querySelector("textarea");
      text.value = body;
      keep(box);
      count(box);
    },
  };

  document.addEventListener("click", function (event) {
    const box = composer();
    if (!box) return;
    const tab = event.target.closest("[data-tab-name]");
    if (tab) choose(box, tab.dataset.tabName, { focus: true });
    if (event.target.closest("[data-send-anyway]")) {
      box.querySelector("[name=anyway]").value = "1";
      box.querySelector("form").requestSubmit();
    }
  });

  document.addEventListener("keydown", function (event) {
    const box = composer();
    if (!box) return;
    if (event.target.matches("[data-composer] textarea") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.querySelector("form").requestSubmit();
    }
    if (event.target.matches("[role=tab]") && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const other = box.dataset.tab === "reply" ? "note" : "reply";
      if (!box.querySelector('[data-tab-name="' + other + '"]')) return;
      choose(box, other, { focus: false });
      box.querySelector('[data-tab-name="' + other + '"]').focus();
    }
  });

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-composer] textarea")) return;
    keep(composer());
    count(composer());
  });

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-composer] form")) return;
    const box = composer();
    const text = box.querySelector("textarea");
    const isLocked = box.querySelector("[data-send]").getAttribute("aria-disabled") === "true";
    if (!text.value.trim() || isLocked) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (document.documentElement.hasAttribute("data-down")) MedSync.toast(MedSync.word("kept"));
      return;
    }
    box.querySelector("[name=after_message_id]").value = box.querySelector("[data-part=composer-lock]").dataset.lastMessage;
  }, true);

  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.matches("[data-composer] form")) event.target.querySelector("[data-send]").setAttribute("aria-busy", "true");
  });

  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.matches || !event.target.matches("[data-composer] form")) return;
    const box = event.target.closest("[data-composer]");
    box.querySelector("[data-send]").removeAttribute("aria-busy");
    box.querySelector("[name=anyway]").value = "";
    if (!event.detail.successful) return; // the text and its id stay: sending it again sends once
    const text = box.querySelector("textarea");
    if (event.detail.requestConfig.parameters && event.detail.requestConfig.parameters.body !== undefined && text.value !== event.detail.requestConfig.parameters.body) {
      // The member typed on while it went: what was added is a new text.
      const sent = event.detail.requestConfig.parameters.body;
      if (text.value.startsWith(sent)) text.value = text.value.slice(sent.length).trimStart();
    } else {
      text.value = "";
    }
    box.querySelector("[name=client_message_id]").value = newId();
    keep(box);
    count(box);
    text.focus({ preventScroll: true });
  });

  document.addEventListener("medsync:updated", function () {
    const box = composer();
    if (box) lock(box);
    showDrafts();
  });

  setUp();
  showDrafts();
})();
