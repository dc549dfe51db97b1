// Allowing this browser to be told while no page is open.
(function () {
  "use strict";

  const box = document.querySelector("[data-push]");
  if (!box) return;
  const on = box.querySelector("[data-push-on]");
  const off = box.querySelector("[data-push-off]");
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  function show(state) {
    box.querySelectorAll("[data-state]").forEach((one) => (one.hidden = one.dataset.state !== state));
    on.hidden = state !== "off";
    off.hidden = state !== "on";
  }

  function key() {
    const text = box.dataset.pushKey.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  function sameKey(subscription) {
    const bytes = new Uint8Array(subscription.options.applicationServerKey || []);
    const ours = key();
    return bytes.length === ours.length && bytes.every((byte, index) => byte === ours[index]);
  }

  function post(url, subscription) {
    const plain = subscription.toJSON();
    const body = new URLSearchParams({ endpoint: plain.endpoint, p256dh: plain.keys.p256dh, auth: plain.keys.auth });
    return fetch(url, { method: "POST", headers: headers, body: body }).then(function (response) {
      if (!response.ok) throw new Error(String(response.status));
    });
  }

  const registered = able && navigator.serviceWorker.register("/worker.js", { scope: "/" });

  function look() {
    if (!able) return show("none");
    if (Notification.permission === "denied") return show("denied");
    return registered
      .then((worker) => worker.pushManager.getSubscription())
      .then((subscription) => show(subscription && sameKey(subscription) ? "on" : "off"))
      .catch(() => show("none"));
  }

  on.addEventListener("click", function () {
    Notification.requestPermission()
      .then((permission) => (permission === "granted" ? registered : Promise.reject(new Error("denied"))))
      .then((worker) =>
        worker.pushManager
          .getSubscription()
          .then((old) => (old && !sameKey(old) ? old.unsubscribe() : null))
          .then(() => worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key() })),
      )
      .then((subscription) => post(box.dataset.subscribeUrl, subscription))
      .then(() => location.reload())
      .catch(function () {
        look();
        if (Notification.permission === "granted") window.MedSync.toast(window.MedSync.word("failed"));
      });
  });

  off.addEventListener("click", function () {
    registered
      .then((worker) => worker.pushManager.getSubscription())
      .then((subscription) => subscription && post(box.dataset.unsubscribeUrl, subscription).then(() => subscription.unsubscribe()))
      .then(() => location.reload())
      .catch(() => window.MedSync.toast(window.MedSync.word("failed")));
  });

  look();
})();
