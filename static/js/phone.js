// The phone: what patients write goes out by the same door as a real webhook; the screens are read again each second.
(function () {
  "use strict";

  const MedSync = window.MedSync;
  const desk = document.querySelector("[data-phones]");
  const ids = () => Array.from(desk.querySelectorAll("[data-phone]"), (phone) => phone.dataset.phone);
  let reading = false;

  function toEnd(log) {
    log.scrollTop = log.scrollHeight;
  }

  function read() {
    if (reading || document.hidden || !ids().length) return;
    reading = true;
    const before = MedSync.changes();
    fetch(desk.dataset.updates + "?phones=" + ids().join(","), { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(new Error("not read"))))
      .then(function (html) {
        if (MedSync.changes() !== before) return; // it may not know of that; the next second does
        const holder = document.createElement("template");
        holder.innerHTML = html;
        MedSync.merge(holder.content);
      })
      .catch(() => undefined) // the next second tries again
      .finally(() => (reading = false));
  }

  const atEnd = new WeakSet();
  document.addEventListener("medsync:merge", function (event) {
    const log = event.target.closest("[data-phone-log]");
    if (!log) return;
    if (log.scrollHeight - log.scrollTop - log.clientHeight < 40) atEnd.add(log);
    else atEnd.delete(log);
  });

  document.addEventListener("medsync:merged", function (event) {
    if (event.detail.name === "phones") {
      const fresh = document.querySelector("[data-no-phones]");
      if (fresh) fresh.remove();
      return;
    }
    const log = event.target.closest("[data-phone-log]");
    if (!log) return;
    const fresh = event.target.querySelector(":scope > .is-new:not([data-seen])");
    event.target.querySelectorAll(":scope > .is-new").forEach((node) => (node.dataset.seen = ""));
    if (fresh || atEnd.has(log)) toEnd(log); // what is there may have grown: the pages of a paper
  });

  // What a message answers stands above the field until it is sent or taken off.
  function quote(form, id, words) {
    form.querySelector("[data-quotes-id]").value = id;
    form.querySelector("[data-quoting]").hidden = !id;
    form.querySelector("[data-quoting-text]").textContent = words;
  }

  document.addEventListener("click", function (event) {
    const quoted = event.target.closest("[data-phone-quote]");
    if (quoted) {
      const form = quoted.closest("[data-phone]").querySelector("[data-phone-form]");
      const words = quoted.closest("article").querySelector(".said-body, .file-name");
      quote(form, quoted.dataset.phoneQuote, words ? words.textContent : "");
      quoted.closest("details").open = false;
      form.querySelector("[name=body]").focus();
    }
    // The button stands with its message, its form below the phone: what was pressed is put into the form.
    const signs = event.target.closest("button[name=sign]");
    if (signs) {
      event.preventDefault();
      const form = signs.form;
      const field = form.querySelector("input[name=sign]") || form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "sign" }));
      field.value = signs.value;
      form.requestSubmit();
      if (signs.closest("details")) signs.closest("details").open = false;
    }
    const off = event.target.closest("[data-quoting-off]");
    if (off) quote(off.closest("form"), "", "");
    document.querySelectorAll("details.said-more[open], details.phone-samples[open]").forEach(function (menu) {
      if (!menu.contains(event.target) || event.target.closest("button")) menu.open = false;
    });
    const quick = event.target.closest("[data-quick]");
    if (!quick) return;
    const form = quick.closest("form");
    form.querySelector("[name=body]").value = quick.dataset.quick;
    form.requestSubmit();
  });

  // A file goes as soon as it is chosen, with what stands in the field as its words.
  document.addEventListener("change", function (event) {
    const choice = event.target.closest("[data-pick] select");
    if (choice) choice.closest("[data-pick]").className = "pick pick-" + choice.selectedOptions[0].dataset.tone;
    const file = event.target.closest("[data-phone-file]");
    if (file && file.files.length) file.form.requestSubmit();
  });

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.matches("[data-phone-form]")) return;
    if (!form.querySelector("[name=body]").value.trim() && !form.querySelector("[data-phone-file]").files.length && !(event.submitter && event.submitter.name === "sample")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  document.body.addEventListener("htmx:afterRequest", function (event) {
    const form = event.target;
    if (form.matches && form.matches("[data-phone-form]") && event.detail.successful) {
      const input = form.querySelector("[name=body]");
      const said = event.detail.requestConfig.parameters;
      if (input.value === said.body) input.value = ""; // what was typed meanwhile stays
      if (form.querySelector("[data-quotes-id]").value === said.reply_to) quote(form, "", "");
      form.querySelector("[data-phone-file]").value = "";
      if (form.contains(document.activeElement) || document.activeElement === document.body) input.focus({ preventScroll: true });
    }
    const sheet = form.closest && form.closest("[popover]");
    if (sheet && event.detail.successful) {
      sheet.hidePopover();
      read(); // the phones live at the new time at once
    }
    if (form.matches && form.matches("[data-phone-form]") && event.detail.xhr.status === 422) {
      form.querySelector("[data-phone-file]").value = "";
      return; // the answer says in words what is wrong
    }
    if (sheet && sheet.id === "phone-sheet" && event.detail.successful) {
      const input = desk.querySelector("[data-phone] input[name=body]");
      if (input) input.focus();
    }
    if (!event.detail.successful && event.detail.xhr.status !== 422) MedSync.toast(MedSync.word("failed"));
  });

  // A sheet opens below what opened it; on a narrow screen it lies at the bottom.
  document.addEventListener("toggle", function (event) {
    if (event.newState !== "open" || !event.target.popover) return;
    const field = event.target.querySelector("[name=at]");
    if (field) field.value = document.querySelector("[data-clock-shows]").dataset.clockShows;
    const opener = document.querySelector('[popovertarget="' + event.target.id + '"]');
    const narrow = window.matchMedia("(max-width: 767px)").matches;
    const left = Math.min(opener.getBoundingClientRect().left, window.innerWidth - event.target.offsetWidth - 12);
    event.target.style.insetInline = narrow ? "" : Math.max(12, left) + "px auto";
    event.target.style.insetBlockStart = narrow ? "" : opener.getBoundingClientRect().bottom + 8 + "px";
  }, true);

  desk.querySelectorAll("[data-phone-log]").forEach(toEnd);
  document.addEventListener("visibilitychange", read);
  setInterval(read, 1000);
})();
