// The lock of a screen that nobody uses. The server locks the session too: this hides the page and keeps what was typed.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const app = document.querySelector("[data-idle]");
  const dialog = document.querySelector("[data-lock]");
  if (!app || !dialog) return;

  const LIMIT = Number(app.dataset.idle) * 60000;
  const SHARED = "medsync-active"; // the latest sign of life in any tab
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("medsync-lock") : null;
  const headers = Object.assign({ "X-Script": "1" }, JSON.parse(document.body.getAttribute("hx-headers")));
  let last = Date.now();
  let told = 0;
  let locked = false;
  let times = 0; // how often it was opened: a refusal of before is none any more
  const asked = new WeakMap(); // request -> `times` when it was begun

  function shared() {
    try {
      return Number(localStorage.getItem(SHARED)) || 0;
    } catch {
      return 0;
    }
  }

  function alive() {
    const now = Date.now();
    if (locked || now - last < 1000) return;
    if (now - Math.max(last, shared()) >= LIMIT) {
      lock(); // the laptop slept: the first movement opens nothing
      return;
    }
    last = now;
    try {
      localStorage.setItem(SHARED, String(now));
    } catch {
      // Other tabs then lock by themselves.
    }
    if (now - told < 60000) return;
    told = now;
    const before = times;
    fetch(dialog.dataset.awakeUrl, { method: "POST", headers: headers })
      .then((response) => response.status === 423 && before === times && show())
      .catch(() => {});
  }

  function show() {
    if (locked) return;
    locked = true;
    document.documentElement.dataset.locked = "true";
    document.querySelectorAll("dialog[open]").forEach((one) => one !== dialog && one.close());
    dialog.querySelector("[name=secret]").value = "";
    dialog.showModal();
  }

  function lock() {
    show();
    fetch(dialog.dataset.lockUrl, { method: "POST", headers: headers })
      .then((response) => response.json())
      .then((answer) => (dialog.querySelector("[data-lock-passkey]").hidden = !answer.passkey))
      .catch(() => {});
    if (tabs) tabs.postMessage("locked");
  }

  function opened() {
    if (!locked) return;
    locked = false;
    times += 1;
    last = told = Date.now();
    try {
      localStorage.setItem(SHARED, String(last));
    } catch {
      // As above.
    }
    delete document.documentElement.dataset.locked;
    dialog.close();
    if (MedSync.reread) MedSync.reread();
  }

  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => locked && dialog.showModal());
  dialog.querySelector("form").addEventListener("submit", function (event) {
    event.preventDefault();
    const wrong = dialog.querySelector("[data-lock-error]");
    const offline = dialog.querySelector("[data-lock-offline]");
    wrong.hidden = offline.hidden = true;
    fetch(event.target.action, { method: "POST", headers: headers, body: new FormData(event.target) })
      .then(function (response) {
        if (response.status === 401 || response.redirected) location.reload();
        else if (response.ok) {
          opened();
          if (tabs) tabs.postMessage("opened");
        } else {
          wrong.hidden = false;
          const secret = dialog.querySelector("[name=secret]");
          secret.value = "";
          secret.focus();
        }
      })
      .catch(() => (offline.hidden = false));
  });

  ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"].forEach((name) => document.addEventListener(name, alive, { capture: true, passive: true }));
  if (tabs) tabs.onmessage = (event) => (event.data === "locked" ? show() : opened());
  document.addEventListener("click", (event) => event.target.closest("[data-lock-now]") && lock());
  document.body.addEventListener("htmx:beforeRequest", (event) => asked.set(event.detail.xhr, times));
  document.body.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status === 423 && asked.get(event.detail.xhr) === times) show();
  });

  function look() {
    if (!locked && Date.now() - Math.max(last, shared()) >= LIMIT) lock();
  }
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
  MedSync.lock = lock;
})();
