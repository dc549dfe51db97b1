// The log-in page's clock: decoration that shows this device's time.
(function () {
  "use strict";
  const hand = document.querySelector("[data-dial-hand]");
  if (!hand) return;
  const locale = document.documentElement.lang || undefined;
  const time = document.querySelector("[data-dial-time]");
  const date = document.querySelector("[data-dial-date]");

  function show() {
    const now = new Date();
    const hours = now.getHours() + now.getMinutes() / 60;
    hand.setAttribute("transform", "rotate(" + hours * 15 + " 240 240)");
    hand.removeAttribute("hidden");
    time.textContent = now.toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
    date.textContent = now.toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long" });
    document.querySelector("[data-dial-now]").hidden = false;
  }

  show();
  setInterval(show, 10000);
})();
