// Beside the text: saved texts, variables, sending later, taking back, and the turns of the 24 hours.
(function () {
  "use strict";

  const MedSync = window.MedSync;
  const HOUR = 3600000;
  let open = null; // the popover that is shown, and the button it belongs to
  let typed = ""; // what opened it, to be put back by Esc

  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const text = () => document.getElementById("composer-text");

  /* Popovers --------------------------------------------------------------------- */
  function show(popover, button) {
    hide(false);
    popover.hidden = false;
    open = { popover: popover, button: button };
    button.setAttribute("aria-expanded", "true");
    const at = button.getBoundingClientRect();
    const size = popover.getBoundingClientRect();
    const above = button.closest(".composer-box").getBoundingClientRect().top - size.height - 6; // the text stays in sight
    popover.style.left = Math.max(12, Math.min(at.left, window.innerWidth - size.width - 12)) + "px";
    popover.style.top = Math.max(12, above >= 12 ? above : Math.min(at.bottom + 6, window.innerHeight - size.height - 12)) + "px";
  }

  function hide(back) {
    if (!open) return;
    open.popover.hidden = true;
    open.button.setAttribute("aria-expanded", "false");
    open = null;
    if (back && text()) text().focus();
  }

  // Arrows go through the entries of a menu.
  function walk(event, entries) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !entries.length) return;
    event.preventDefault();
    const at = entries.indexOf(document.activeElement);
    entries[(at + step + entries.length) % entries.length].focus();
  }

  /* Saved texts -------------------------------------------------------------------- */
  const picker = document.getElementById("texts-picker");
  const search = picker.querySelector("[data-texts-search]");
  const list = picker.querySelector("[data-texts-list]");
  const none = picker.querySelector("[data-texts-none]");
  let loadedFor = "";

  function choices() {
    return Array.from(list.querySelectorAll("[data-choice]")).filter((one) => !one.hidden);
  }

  function pick(choice) {
    list.querySelectorAll("[data-choice]").forEach((one) => one.setAttribute("aria-selected", String(one === choice)));
    if (choice) {
      search.setAttribute("aria-activedescendant", choice.id);
      choice.scrollIntoView({ block: "nearest" });
    } else search.removeAttribute("aria-activedescendant");
  }

  // Letters in their order are enough; what begins with them comes first. Lower is better, -1 does not fit.
  function rank(choice, wanted) {
    if (!wanted) return 0;
    const name = fold(choice.dataset.name);
    const shortcut = fold(choice.dataset.shortcut);
    if (shortcut.startsWith(wanted)) return 1;
    if (name.startsWith(wanted)) return 2;
    if (name.includes(wanted) || shortcut.includes(wanted)) return 3;
    if (wanted.split(/\s+/).every((word) => fold(choice.dataset.search).includes(word))) return 4;
    let at = 0;
    for (const letter of shortcut + " " + name) if (letter === wanted[at]) at += 1;
    return at === wanted.length ? 5 : -1;
  }

  function narrow() {
    const wanted = fold(search.value.trim());
    const all = Array.from(list.querySelectorAll("[data-choice]"));
    const ranks = new Map(all.map((one) => [one, rank(one, wanted)]));
    all.forEach((one) => (one.hidden = ranks.get(one) < 0));
    const number = (one) => Number(one.id.slice("text-".length));
    all.sort((a, b) => ranks.get(a) - ranks.get(b) || number(a) - number(b)).forEach((one) => list.append(one));
    const left = choices();
    none.hidden = left.length > 0;
    pick(left[0]);
  }

  function openTexts(by) {
    const box = MedSync.composer.box();
    const button = box && box.querySelector("[data-texts]");
    if (!button || box.dataset.tab !== "reply" || text().readOnly) return false;
    typed = by;
    search.value = "";
    show(picker, button);
    search.focus();
    if (loadedFor === box.dataset.textsUrl + box.querySelector("[data-part=composer-lock]").dataset.lastMessage) {
      narrow();
      return true;
    }
    list.replaceChildren();
    list.setAttribute("aria-busy", "true");
    fetch(box.dataset.textsUrl, { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(new Error("refused"))))
      .then(function (html) {
        if (box !== MedSync.composer.box()) return; // another thread's texts, with its people's names
        list.innerHTML = html;
        loadedFor = box.dataset.textsUrl + box.querySelector("[data-part=composer-lock]").dataset.lastMessage;
        narrow();
        if (open && open.popover === picker) show(picker, button);
        search.focus();
      })
      .catch(function () {
        if (box !== MedSync.composer.box()) return;
        hide(true);
        MedSync.toast(MedSync.word("failed"));
      })
      .finally(() => list.removeAttribute("aria-busy"));
    return true;
  }

  function take(choice) {
    if (!choice) return;
    typed = "";
    hide(true);
    MedSync.composer.insert(choice.dataset.body);
  }

  search.addEventListener("input", narrow);
  picker.addEventListener("keydown", function (event) {
    const left = choices();
    const at = left.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      pick(left[(at + (event.key === "ArrowDown" ? 1 : -1) + left.length) % left.length]);
    } else if (event.key === "Enter" && !event.isComposing && event.target === search) {
      event.preventDefault();
      take(left[at]);
    }
  });
  list.addEventListener("click", (event) => take(event.target.closest("[data-choice]")));

  /* Sending later -------------------------------------------------------------------- */
  function openLater(button) {
    const menu = document.getElementById("later-menu");
    if (!menu) return;
    const until = Date.parse(MedSync.composer.sender().until || "");
    let any = false;
    menu.querySelectorAll("[data-later]").forEach(function (one) {
      const closed = Boolean(until) && Date.parse(one.dataset.at) >= until;
      one.querySelector("[data-closed-then]").hidden = !closed;
      any = any || closed;
    });
    menu.querySelector("[data-closed-note]").hidden = !until;
    show(menu, button);
    menu.querySelector("[data-later]").focus();
  }

  function later(at) {
    if (!at) return;
    hide(true);
    MedSync.composer.sendAt(at);
  }

  /* What opens and closes ---------------------------------------------------------------- */
  document.addEventListener("click", function (event) {
    const target = event.target;
    const texts = target.closest("[data-texts]");
    const variables = target.closest("[data-variables]");
    const sendLater = target.closest("[data-send-later]");
    const same = open && open.button === (texts || variables || sendLater);
    if (texts || variables || sendLater) {
      hide(same);
      if (same) return;
    }
    if (texts) openTexts("");
    if (variables && document.getElementById("variables-menu")) {
      show(document.getElementById("variables-menu"), variables);
      document.querySelector("[data-variable]").focus();
    }
    if (sendLater) openLater(sendLater);
    const variable = target.closest("[data-variable]");
    if (variable) {
      hide(true);
      MedSync.composer.insert("{" + variable.dataset.variable + "}");
    }
    const preset = target.closest("[data-later]");
    if (preset) later(preset.dataset.later);
    if (target.closest("[data-later-own]")) later(document.getElementById("later-own").value);
    if (open && !target.closest(".popover") && !texts && !variables && !sendLater) hide(false);
  });

  document.addEventListener("keydown", function (event) {
    if (open && event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      const again = typed;
      typed = "";
      hide(true);
      if (again) MedSync.composer.insert(again);
      return;
    }
    if (open && open.popover !== picker) walk(event, Array.from(open.popover.querySelectorAll(".menu-item")));
    if (!event.target.matches("#composer-text")) return;
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.isComposing && event.target.selectionStart === 0 && openTexts("/")) event.preventDefault();
    const undo = document.querySelector("[data-undo]");
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.value && undo) {
      event.preventDefault();
      undo.click();
    }
  }, true);

  /* Taking back -------------------------------------------------------------------------- */
  let counting = 0;
  function countDown() {
    clearTimeout(counting);
    let more = false;
    document.querySelectorAll("[data-undo-until]").forEach(function (form) {
      const left = Math.ceil((Date.parse(form.dataset.undoUntil) - MedSync.now()) / 1000);
      const words = left > 0 ? MedSync.word("sendsIn", left) : MedSync.word("sendsNow");
      form.querySelector("[data-undo-words]").textContent = words;
      form.querySelector("[data-undo]").hidden = left <= 0;
      more = more || left > 0;
    });
    if (more) counting = setTimeout(countDown, 250);
  }

  /* The 24 hours ----------------------------------------------------------------------------- */
  // The server words what is left. At each turn the thread is read again, and said once.
  let turning = 0;
  let state = { thread: "", tone: "" };
  function turn() {
    clearTimeout(turning);
    const thread = document.querySelector("[data-thread]");
    const chip = thread && thread.querySelector("[data-window-until]");
    if (!chip) return;
    const until = Date.parse(chip.dataset.windowUntil);
    const left = until ? until - MedSync.now() : 0;
    const next = [left - 2 * HOUR, left - HOUR / 2, left].filter((wait) => wait > 0).sort((a, b) => a - b)[0];
    if (next !== undefined) turning = setTimeout(MedSync.reread, next + 500);
    const tone = !until ? "closed" : left < HOUR / 2 ? "urgent" : "open";
    const said = thread.querySelector("[data-window-said]");
    if (said && state.thread === thread.dataset.thread && state.tone !== tone && tone !== "open") {
      said.textContent = tone === "closed" ? MedSync.word("windowClosed") : MedSync.word("windowUrgent", chip.textContent.trim());
    }
    state = { thread: thread.dataset.thread, tone: tone };
  }

  function look() {
    countDown();
    turn();
  }
  document.addEventListener("medsync:updated", look);
  document.addEventListener("medsync:shown", function () {
    hide(false);
    look();
  });
  look();
})();
