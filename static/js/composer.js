// The composer: reply or note, drafts kept here and on the server, counters, variables, the number to write from.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const PREFIX = "medsync-draft:";
  const SAVE_AFTER = 800;
  const VARIABLE = /\{([a-z_][a-z0-9_]*)\}/g;

  let known = 0; // the highest revision of this thread's drafts that we have seen
  let unsaved = {}; // tab -> true while the server does not have what is here
  let saving = 0;
  let desk = null; // what the server said of this thread: senders, values
  let chosen = ""; // the number chosen by hand
  let takenBack = "";
  let lastMessage = ""; // when it changes, windows and values may have
  let before = null; // the composer that was set up last
  const going = new WeakMap(); // request -> the draft that it sends, whatever is open when its answer comes

  function composer() {
    return document.querySelector("[data-composer]");
  }

  function part(box, name) {
    return box.querySelector("[data-part=" + name + "]");
  }

  function newId() {
    return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  }

  /* Drafts --------------------------------------------------------------------- */
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

  function put(name, draft) {
    try {
      sessionStorage.setItem(name, JSON.stringify(draft));
    } catch {
      // Storage may be full or forbidden; the text itself is still in the box.
    }
  }

  const store = (box, tab, draft) => put(key(box, tab), draft);

  function nextRevision() {
    known = Math.max(Date.now(), MedSync.now(), known + 1);
    return known;
  }

  function field(box, name) {
    return box.querySelector("[name=" + name + "]");
  }

  // Keep what is in the box: here at once, on the server when the fingers rest.
  function keep(box) {
    const tab = box.dataset.tab;
    const rev = nextRevision();
    store(box, tab, { text: field(box, "body").value, id: field(box, "client_message_id").value, rev: rev });
    unsaved[tab] = true;
    clearTimeout(saving);
    saving = setTimeout(() => save(box), SAVE_AFTER);
    showDraftInRow(box.dataset.draftKey);
  }

  function save(box, options) {
    clearTimeout(saving);
    if (!box || document.documentElement.hasAttribute("data-down")) return; // said again when the line is back
    Object.keys(unsaved).forEach(function (tab) {
      const draft = read(key(box, tab));
      delete unsaved[tab];
      if (!draft) return;
      const form = new FormData();
      form.set("csrfmiddlewaretoken", field(box, "csrfmiddlewaretoken").value);
      form.set("tab", tab);
      form.set("body", draft.text);
      form.set("client_message_id", draft.id || "");
      form.set("revision", draft.rev || 0);
      fetch(box.dataset.draftUrl, { method: "POST", body: form, keepalive: Boolean(options && options.leaving) })
        .then(function (response) {
          if (!response.ok && box.isConnected) unsaved[tab] = true;
        })
        .catch(function () {
          if (box.isConnected) unsaved[tab] = true;
        });
    });
  }

  // The newest wins: what this page has, or what the server has from another device.
  function mergeDrafts(box, drafts) {
    ["reply", "note"].forEach(function (tab) {
      const there = drafts[tab];
      const here = read(key(box, tab));
      if (there) known = Math.max(known, there.revision);
      if (there && there.revision > ((here && here.rev) || 0)) {
        store(box, tab, { text: there.body, id: there.id, rev: there.revision });
        if (box.dataset.tab === tab) show(box);
      } else if (here && here.rev > ((there && there.revision) || 0) && (here.text || there)) {
        unsaved[tab] = true;
      }
    });
    if (Object.keys(unsaved).length) save(box);
    marks(box);
    showDraftInRow(box.dataset.draftKey);
  }

  function showDraftInRow(id) {
    const row = document.querySelector('[data-list] [data-key="' + CSS.escape(id) + '"]');
    const slot = row && row.querySelector("[data-draft-slot]");
    const draft = read(PREFIX + "reply:" + id);
    if (!slot || !draft) return;
    if (draft.text) {
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

  /* The number to write from ------------------------------------------------------ */
  function sender(box) {
    const lock = part(box, "composer-lock");
    const id = chosen || lock.dataset.defaultSender;
    const found = desk && desk.senders.find((one) => one.id === id);
    const own = { id: "", channel: lock.dataset.channel, free: lock.dataset.locked !== "true", until: "" };
    // Of the number the patient wrote to, the page's own lock knows best: it is read again all the time.
    return chosen && found ? found : Object.assign({}, found || {}, { channel: own.channel, free: own.free });
  }

  function offerSenders(box) {
    const select = box.querySelector("[data-sender]");
    if (!select) return;
    const preset = part(box, "composer-lock").dataset.defaultSender;
    const others = desk.senders.filter((one) => one.id !== preset);
    const own = desk.senders.find((one) => one.id === preset);
    const words = (one) => [one.tag, one.label, one.state].filter(Boolean).join(" · ");
    if (!others.some((one) => one.id === chosen)) chosen = "";
    select.replaceChildren(new Option(own ? own.tag + " · " + own.label : box.querySelector("[data-from]").textContent, ""), ...others.map((one) => new Option(words(one), one.id)));
    select.value = chosen;
    select.hidden = !others.length;
    box.querySelector("[data-from]").hidden = Boolean(others.length);
  }

  /* What is shown ------------------------------------------------------------------ */
  function count(box) {
    const text = field(box, "body").value;
    const place = box.querySelector("[data-count]");
    const limit = Number(part(box, "composer-lock").dataset.limit) || 1600;
    const length = Array.from(text).length;
    let words = length + " / " + limit;
    if (box.dataset.tab === "reply" && sender(box).channel === "sms") {
      const sms = MedSync.segments(text);
      words = sms.units + " / " + sms.room + " · " + (sms.parts === 1 ? MedSync.word("onePart") : MedSync.word("parts", sms.parts));
      const plain = MedSync.segments(sms.because ? text.replace(/[^\x20-\x7e\n]/gu, "x") : text);
      if (sms.parts > plain.parts) words = MedSync.word("because", sms.because).replace("%n", sms.parts) + " · " + words;
    }
    place.textContent = length ? words : "";
    place.classList.toggle("is-over", length > limit);
  }

  // Variables stand out in the text; below it stands what the patient will read.
  function variables(box) {
    const text = field(box, "body");
    const mirror = box.querySelector("[data-mirror]");
    const preview = box.querySelector("[data-preview]");
    const missing = [];
    const reply = box.dataset.tab === "reply";
    const pieces = [];
    let at = 0;
    for (const match of reply ? text.value.matchAll(VARIABLE) : []) {
      pieces.push(text.value.slice(at, match.index));
      const mark = document.createElement("mark");
      const has = !desk || match[1] in desk.values;
      mark.className = has ? "variable" : "variable is-missing";
      mark.textContent = match[0];
      if (!has && !missing.includes(match[0])) missing.push(match[0]);
      pieces.push(mark);
      at = match.index + match[0].length;
    }
    const any = pieces.length > 0;
    if (any) pieces.push(text.value.slice(at));
    mirror.replaceChildren(...pieces, "\n");
    mirror.scrollTop = text.scrollTop;
    preview.hidden = !any || !desk || missing.length > 0;
    if (!preview.hidden) preview.querySelector("[data-preview-text]").textContent = text.value.replace(VARIABLE, (all, name) => desk.values[name] || all).replace(/(?<!\.)\.\.(?!\.)/g, ".");
    const said = missing.length ? MedSync.word("missing", missing.join(", ")) : "";
    const place = box.querySelector("[data-missing]");
    if (place.textContent !== said) place.textContent = said;
    return missing.length > 0;
  }

  // When the 24 hours have ended a reply is locked; what was typed stays to be read and copied, and a note is possible.
  function lock(box) {
    const text = field(box, "body");
    if (!text) return;
    const from = sender(box);
    const own = part(box, "composer-lock");
    const locked = !from.free && box.dataset.tab === "reply";
    own.hidden = Boolean(chosen);
    text.readOnly = locked;
    box.querySelector(".composer-box").hidden = locked && !text.value;
    const send = box.querySelector("[data-send]");
    const waits = locked || variables(box) || document.documentElement.hasAttribute("data-down");
    if (waits) send.setAttribute("aria-disabled", "true");
    else send.removeAttribute("aria-disabled");
    const tab = box.querySelector('[data-tab-name="reply"]');
    if (tab) tab.classList.toggle("is-locked", !from.free);
    const other = desk && !from.free && desk.senders.find((one) => one.free && one.id !== chosen && (chosen || one.id !== own.dataset.defaultSender));
    const hint = box.querySelector("[data-switch]");
    hint.hidden = !other && !(chosen && !from.free);
    hint.querySelector("[data-switch-text]").textContent = other
      ? MedSync.word(other.channel === "sms" ? "reachOn" : "freeOn", other.tag)
      : chosen && !from.free ? MedSync.word("closedOn", from.tag) : "";
    const button = hint.querySelector("[data-switch-to]");
    button.hidden = !other;
    button.dataset.switchTo = other ? other.id : "";
  }

  function marks(box) {
    box.querySelectorAll("[data-tab-name]").forEach(function (tab) {
      const draft = read(key(box, tab.dataset.tabName));
      tab.querySelector(".tab-kept").hidden = tab.dataset.tabName === box.dataset.tab || !(draft && draft.text);
    });
  }

  function refresh(box) {
    count(box);
    lock(box);
    marks(box);
  }

  function show(box) {
    const draft = read(key(box, box.dataset.tab));
    field(box, "body").value = draft ? draft.text : "";
    field(box, "client_message_id").value = (draft && draft.id) || newId();
    refresh(box);
  }

  function setUp() {
    const box = composer();
    if (before && Object.keys(unsaved).length) save(before); // what was typed a moment ago in the thread before
    before = box;
    desk = null;
    chosen = "";
    known = 0;
    unsaved = {};
    takenBack = "";
    if (!box || !field(box, "body")) return;
    lastMessage = part(box, "composer-lock").dataset.lastMessage;
    choose(box, box.dataset.tab, { focus: false });
    takeDesk(box);
    document.dispatchEvent(new CustomEvent("medsync:shown"));
    stay.disconnect();
    logHeight = document.querySelector("[data-log]").clientHeight;
    stay.observe(document.querySelector("[data-log]"));
    field(box, "body").addEventListener("scroll", () => (box.querySelector("[data-mirror]").scrollTop = field(box, "body").scrollTop), { passive: true });
  }

  // A composer that grows takes its room from the log; who reads its end goes on reading it.
  let logHeight = 0;
  const stay = new ResizeObserver(function (entries) {
    const log = entries[0].target;
    if (log.scrollHeight - log.scrollTop - logHeight < 60) log.scrollTop = log.scrollHeight;
    logHeight = log.clientHeight;
  });

  let deskNode = null;
  function takeDesk(box) {
    const node = part(box, "writing");
    if (!node || node === deskNode || !node.dataset.senders) return;
    deskNode = node;
    desk = { senders: JSON.parse(node.dataset.senders), values: JSON.parse(node.dataset.values) };
    offerSenders(box);
    mergeDrafts(box, JSON.parse(node.dataset.drafts));
    refresh(box);
  }

  function aim(box, url) {
    const form = box.querySelector("form[data-send-url]");
    form.setAttribute("action", url);
    form.setAttribute("hx-post", url);
    if (window.htmx) window.htmx.process(form);
    return form;
  }

  function choose(box, tab, options) {
    const text = field(box, "body");
    const button = box.querySelector('[data-tab-name="' + tab + '"]');
    if (!text || !button) return;
    document.dispatchEvent(new CustomEvent("medsync:tab"));
    const from = box.dataset.tab;
    const left = from !== tab && text.value.trim() ? from : "";
    if (from !== tab) save(box);
    box.dataset.tab = tab;
    box.querySelectorAll("[role=tab]").forEach(function (one) {
      one.setAttribute("aria-selected", String(one === button));
      one.tabIndex = one === button ? 0 : -1;
    });
    const panel = box.querySelector("#composer-panel");
    panel.setAttribute("aria-labelledby", button.id);
    aim(box, tab === "note" ? panel.dataset.noteUrl : panel.dataset.sendUrl);
    if (!text.dataset.replyPlaceholder) text.dataset.replyPlaceholder = text.placeholder;
    text.placeholder = tab === "note" ? text.dataset.notePlaceholder : text.dataset.replyPlaceholder;
    if (from !== tab || !options || !options.still) show(box);
    kept(box, left);
    if (options && options.focus) text.focus();
  }

  // Say where the text went that was left behind on the other tab.
  function kept(box, left) {
    const place = box.querySelector("[data-kept]");
    place.hidden = !left;
    place.dataset.from = left;
    place.querySelector("[data-kept-text]").textContent = left ? MedSync.word(left === "reply" ? "keptReply" : "keptNote") : "";
    place.querySelector("[data-kept-use]").hidden = Boolean(field(box, "body").value);
  }

  function useKept(box) {
    const from = box.querySelector("[data-kept]").dataset.from;
    const draft = read(key(box, from));
    if (!draft) return;
    store(box, from, { text: "", id: "", rev: nextRevision() });
    unsaved[from] = true;
    field(box, "body").value = draft.text;
    keep(box);
    kept(box, "");
    refresh(box);
    field(box, "body").focus();
  }

  function insert(words) {
    const box = composer();
    const text = field(box, "body");
    text.focus();
    text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    keep(box);
    refresh(box);
  }

  function fill(body) {
    const box = composer();
    if (!box) return;
    choose(box, "reply", { focus: true });
    const text = field(box, "body");
    text.value = text.value.trim() ? text.value.trimEnd() + "\n" + body : body;
    keep(box);
    refresh(box);
  }

  // The reply went another way: its draft ends here as it ended on the server.
  function clear(thread) {
    const box = composer();
    if (!box || box.dataset.draftKey !== thread) {
      const name = PREFIX + "reply:" + thread;
      const draft = read(name);
      if (draft) put(name, { text: "", id: "", rev: draft.rev });
      showDraftInRow(thread);
      return;
    }
    delete unsaved.reply;
    store(box, "reply", { text: "", id: "", rev: known });
    showDraftInRow(box.dataset.draftKey);
    if (box.dataset.tab === "reply") show(box);
  }

  MedSync.composer = {
    setUp: setUp,
    box: composer,
    choose: (tab) => composer() && choose(composer(), tab, { focus: true, still: true }),
    showDrafts: showDrafts,
    fill: fill,
    insert: insert,
    sender: () => sender(composer()),
    chosen: () => chosen,
    newId: newId,
    revision: () => Math.max(known, (read(key(composer(), "reply")) || {}).rev || 0),
    clear: clear,
    sendAt: function (at) {
      const box = composer();
      field(box, "at").value = at;
      aim(box, box.querySelector("#composer-panel").dataset.laterUrl).requestSubmit();
    },
  };

  document.addEventListener("click", function (event) {
    const box = composer();
    if (!box) return;
    const tab = event.target.closest("[data-tab-name]");
    if (tab) choose(box, tab.dataset.tabName, { focus: true, still: true });
    if (event.target.closest("[data-kept-use]")) useKept(box);
    const other = event.target.closest("[data-switch-to]");
    if (other) {
      chosen = other.dataset.switchTo;
      box.querySelector("[data-sender]").value = chosen;
      refresh(box);
      field(box, "body").focus();
    }
    if (event.target.closest("[data-send-anyway]")) {
      field(box, "anyway").value = "1";
      box.querySelector("#composer-panel").requestSubmit();
    }
  });

  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-sender]")) return;
    chosen = event.target.value;
    refresh(composer());
  });

  document.addEventListener("keydown", function (event) {
    const box = composer();
    if (!box) return;
    if (event.target.matches("[data-composer] textarea") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.querySelector("#composer-panel").requestSubmit();
    }
    if (event.target.matches("[data-tab-name]") && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const other = box.dataset.tab === "reply" ? "note" : "reply";
      if (!box.querySelector('[data-tab-name="' + other + '"]')) return;
      choose(box, other, { focus: false });
      box.querySelector('[data-tab-name="' + other + '"]').focus();
    }
  });

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-composer] textarea")) return;
    const box = composer();
    kept(box, "");
    keep(box);
    refresh(box);
  });

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("#composer-panel")) return;
    const box = composer();
    const isLocked = box.querySelector("[data-send]").getAttribute("aria-disabled") === "true";
    const wordless = !field(box, "body").value.trim() && !MedSync.files.any();
    if (wordless || isLocked) {
      event.preventDefault();
      event.stopImmediatePropagation();
      sent(box);
      if (document.documentElement.hasAttribute("data-down")) MedSync.toast(MedSync.word("kept"));
      return;
    }
    delete unsaved[box.dataset.tab];
    field(box, "revision").value = Math.max(known, (read(key(box, box.dataset.tab)) || {}).rev || 0);
    field(box, "after_message_id").value = part(box, "composer-lock").dataset.lastMessage;
  }, true);

  // What was meant for this one sending is over.
  function sent(box) {
    field(box, "anyway").value = "";
    field(box, "at").value = "";
    const panel = box.querySelector("#composer-panel");
    aim(box, box.dataset.tab === "note" ? panel.dataset.noteUrl : panel.dataset.sendUrl);
  }

  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.target.matches("#composer-panel")) return;
    event.target.querySelector("[data-send]").setAttribute("aria-busy", "true");
    const box = event.target.closest("[data-composer]");
    const parameters = event.detail.requestConfig.parameters;
    const draft = { tab: box.dataset.tab, thread: box.dataset.draftKey, name: key(box, box.dataset.tab), id: parameters.client_message_id, body: parameters.body };
    going.set(event.detail.xhr, draft);
    event.detail.xhr.addEventListener("load", () => event.detail.xhr.status < 400 && ended(draft));
  });

  // Another thread, or the other tab, stands there by now: the draft that was sent ends all the same.
  function ended(sent) {
    const draft = read(sent.name);
    if (!draft || !draft.id || draft.id !== sent.id) return;
    const rest = draft.text.startsWith(sent.body) ? draft.text.slice(sent.body.length).trimStart() : draft.text;
    put(sent.name, { text: rest, id: rest ? newId() : "", rev: draft.rev });
    showDraftInRow(sent.thread);
    const box = composer();
    if (!box || box.dataset.draftKey !== sent.thread) return;
    if (box.dataset.tab === sent.tab) show(box);
    else marks(box);
  }

  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.matches || !event.target.matches("#composer-panel")) return;
    const box = event.target.closest("[data-composer]");
    const draft = going.get(event.detail.xhr);
    box.querySelector("[data-send]").removeAttribute("aria-busy");
    sent(box);
    if (draft && draft.tab !== box.dataset.tab) return; // what stands there is not what was sent
    // Refused (409 is merged, so it counts as successful) or lost: the text and its id stay, to send it again sends once.
    if (!event.detail.successful || event.detail.xhr.status >= 400) return;
    const text = field(box, "body");
    const parameters = event.detail.requestConfig.parameters;
    const body = parameters && parameters.body;
    // The member may have typed on while it went: what was added is a new text.
    if (body !== undefined && text.value !== body && text.value.startsWith(body)) text.value = text.value.slice(body.length).trimStart();
    else if (body === undefined || text.value === body) text.value = "";
    field(box, "client_message_id").value = newId();
    if (text.value) keep(box);
    else store(box, box.dataset.tab, { text: "", id: "", rev: known });
    showDraftInRow(box.dataset.draftKey);
    kept(box, "");
    refresh(box);
    const log = document.querySelector("[data-log]");
    log.scrollTop = log.scrollHeight; // what one has said is seen
    if (box.contains(document.activeElement) || document.activeElement === document.body) text.focus({ preventScroll: true });
  });

  document.addEventListener("medsync:updated", function () {
    const box = composer();
    if (box && field(box, "body")) {
      takeDesk(box);
      const back = part(box, "taken-back");
      if (back.dataset.message && back.dataset.message !== takenBack) {
        takenBack = back.dataset.message;
        field(box, "client_message_id").value = newId(); // the old one is used up
        fill(back.dataset.text);
      }
      const last = part(box, "composer-lock").dataset.lastMessage;
      if (lastMessage !== last) MedSync.read(box.querySelector("[data-writing]"), "medsync:writing");
      lastMessage = last;
      if (Object.keys(unsaved).length) save(box);
      refresh(box);
    }
    showDrafts();
  });

  window.addEventListener("pagehide", () => save(composer(), { leaving: true }));

  setUp();
  showDrafts();
})();
