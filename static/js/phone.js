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
    fetch(desk.dataset.updates + "?phones=" + ids().join(","), { headers: { "HX-Request": "true" } })
      .then((response) => (response.ok && !response.redirected ? response.text() : Promise.reject(new Error("not read"))))
      .then(function (html) {
        const holder = document.createElement("template");
        holder.innerHTML = html;
        MedSync.merge(holder.content);
      })
      .catch(() => undefined) // the next second tries again
      .finally(() => (reading = false));
  }

  document.addEventListener("medsync:merged", function (event) {
    if (!event.detail.name.startsWith("phone-items")) {
      const fresh = document.querySelector("[data-no-phones]");
      if (fresh) fresh.remove();
      return;
    }
    const log = event.target.closest("[data-phone-log]");
    if (log && event.target.querySelector(":scope > .is-new:not([data-seen])")) {
      event.target.querySelectorAll(":scope > .is-new").forEach((node) => (node.dataset.seen = ""));
      toEnd(log);
    }
  });

  document.addEventListener("click", function (event) {
    const quick = event.target.closest("[data-quick]");
    if (!quick) return;
    const form = quick.closest("form");
    form.querySelector("[name=body]").value = quick.dataset.quick;
    form.requestSubmit();
  });

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.matches("[data-phone-form]")) return;
    if (!form.querySelector("[name=body]").value.trim()) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  document.body.addEventListener("htmx:afterRequest", function (event) {
    const form = event.target;
    if (form.matches && form.matches("[data-phone-form]") && event.detail.successful) {
      const input = form.querySelector("[name=body]");
      input.value = "";
      input.focus({ preventScroll: true });
    }
    if (form.matches && form.matches(".desk-new") && event.detail.successful) {
      const input = desk.querySelector("[data-phone] input[name=body]");
      if (input) input.focus();
    }
    if (!event.detail.successful) MedSync.toast(MedSync.word("failed"));
  });

  desk.querySelectorAll("[data-phone-log]").forEach(toEnd);
  document.addEventListener("visibilitychange", read);
  setInterval(read, 1000);
})();
