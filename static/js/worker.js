// Runs without any page: shows what it is told, and opens the card. It keeps nothing and answers no page.
self.addEventListener("push", function (event) {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    // Something must be shown for every push.
  }
  event.waitUntil(
    self.registration.showNotification(said.title || "MedSync", { body: said.body || "", tag: said.tag, icon: "/static/favicon.svg", data: { url: said.url || "/" } }),
  );
});

self.addEventListener("notificationclick", function (event) {
  event.notification.close();
  const goal = new URL(event.notification.data.url, self.location.origin);
  // Never another host, whoever sent it.
  const url = self.location.origin + goal.pathname + goal.search;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then(function (pages) {
      const clinic = goal.pathname.split("/").slice(0, 3).join("/");
      const page = pages.find((one) => new URL(one.url).pathname.startsWith(clinic + "/"));
      return page ? page.focus().then((focused) => focused.navigate(url)) : self.clients.openWindow(url);
    }),
  );
});
