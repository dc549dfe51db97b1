// The live connection. Frames carry ids only; what they mean is read again by HTTP.
// On connect, on focus and every 30 s the list and the open thread are read again.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const root = document.querySelector("[data-socket]");
  if (!root) return;

  const REREAD_EVERY = 30000;
  // The first try comes after 1 to 4 s, the next after 2 to 8 …: hundreds of pages whose server was restarted come
  // back one after the other.
  const FIRST_WAIT = 4000;
  const LONGEST_WAIT = 30000;
  const SAY_AGAIN = 15000;
  const SILENCE = 40000; // the server answers what a page says; a line without answers for so long is dead
  let socket = null;
  let tries = 0;
  let timer = 0;
  let unanswered = 0; // since when we wait for an answer
  let lastNews = new Date();
  let down = false;
  const pending = { list: 0, thread: 0 };

  function reread(what) {
    if (pending[what]) return;
    pending[what] = setTimeout(function () {
      pending[what] = 0;
      MedSync.read(document.querySelector(what === "list" ? "[data-list]" : "[data-thread]"), "medsync:" + what);
    }, 60);
  }

  MedSync.reread = function () {
    reread("list");
    reread("thread");
    document.dispatchEvent(new CustomEvent("medsync:reread"));
  };

  function heard() {
    lastNews = new Date();
    unanswered = 0;
  }

  function banner(kind, bold, rest, action) {
    const place = document.querySelector("[data-connection]");
    if (!place) return;
    if (!kind) {
      place.replaceChildren();
      return;
    }
    const node = document.getElementById("banner-" + kind).content.cloneNode(true);
    node.querySelector("[data-bold]").textContent = bold;
    node.querySelector("[data-rest]").textContent = rest;
    const button = node.querySelector("[data-action]");
    if (button && action) {
      button.textContent = action.text;
      button.addEventListener("click", action.run);
    }
    place.replaceChildren(node);
  }

  // Locked, but still there for the keyboard and for who asks why.
  function lock(button) {
    if (button.dataset.lockedTitle !== undefined) return;
    button.dataset.lockedTitle = button.title;
    button.setAttribute("aria-disabled", "true");
    button.title = MedSync.word("waits");
  }

  function unlock(button) {
    if (button.dataset.lockedTitle === undefined) return;
    button.removeAttribute("aria-disabled");
    button.title = button.dataset.lockedTitle;
    if (!button.title) button.removeAttribute("title");
    delete button.dataset.lockedTitle;
  }

  function showState(isDown) {
    document.documentElement.toggleAttribute("data-down", isDown);
    document.querySelectorAll(".live[data-live]").forEach(function (live) {
      live.dataset.state = isDown ? "off" : "on";
      live.querySelector("[data-live-word]").textContent = MedSync.word(isDown ? "offline" : "live");
    });
    document.querySelectorAll("[data-waits]").forEach(function (button) {
      if (isDown) lock(button);
      else unlock(button);
    });
  }

  function wait(tries) {
    return Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT) * (0.25 + 0.75 * Math.random());
  }

  function lost() {
    if (!down) {
      down = true;
      showState(true);
      const at = lastNews.toLocaleTimeString(document.documentElement.lang || undefined, { timeZone: root.dataset.zone || undefined }); // as all times here
      banner("warn", MedSync.word("reconnecting"), MedSync.word("lastNews", at), { text: MedSync.word("tryNow"), run: again });
    }
    clearTimeout(timer);
    timer = setTimeout(connect, wait(tries));
    tries += 1;
  }

  function again() {
    clearTimeout(timer);
    tries = 0;
    connect();
  }

  function back() {
    tries = 0;
    heard();
    MedSync.reread();
    if (!down) return;
    down = false;
    showState(false);
    banner("ok", MedSync.word("caughtUp"), MedSync.word("caughtUpRest"));
    setTimeout(function () {
      if (!down) banner(null);
    }, 10000);
  }

  function connect() {
    if (socket) {
      socket.onclose = null;
      socket.close();
    }
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    socket = new WebSocket(scheme + location.host + root.dataset.socket);
    socket.onmessage = function (event) {
      heard();
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return; // a frame from a newer server; the next re-read shows what it meant
      }
      if (frame.type === "here") {
        document.dispatchEvent(new CustomEvent("medsync:here", { detail: frame }));
        return;
      }
      document.dispatchEvent(new CustomEvent("medsync:frame", { detail: frame }));
      if (frame.type === "ready") {
        back();
        say();
      }
      if (frame.type !== "conversation") return;
      const row = document.querySelector('[data-list] [data-key="' + CSS.escape(frame.id) + '"]');
      if (!row || !frame.version || Number(row.dataset.version) < frame.version) reread("list");
      const thread = document.querySelector("[data-thread]");
      if (thread && thread.dataset.thread === frame.id) reread("thread");
    };
    socket.onclose = function (event) {
      if (event.code === 4403 || event.code === 4401) {
        location.reload(); // no longer a member, or logged out: the page itself says so
        return;
      }
      lost();
    };
  }

  let words = () => ({ open: null });

  function say() {
    if (down || !socket || socket.readyState !== WebSocket.OPEN) return;
    if (unanswered && Date.now() - unanswered > SILENCE) {
      unanswered = 0;
      socket.close();
      lost();
      return;
    }
    unanswered = unanswered || Date.now();
    socket.send(JSON.stringify(words()));
  }

  MedSync.live = {
    isDown: () => down,
    /** Say to the server what `words` returns, now and every 15 s. */
    says: function (given) {
      words = given;
      say();
    },
    say: say,
    /** How long to wait before another try, in milliseconds. */
    wait: wait,
  };

  document.addEventListener(
    "click",
    function (event) {
      const button = down && event.target.closest("[data-waits]");
      if (!button) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      MedSync.toast(MedSync.word(button.matches("[data-send]") ? "kept" : "waits"));
    },
    true,
  );

  window.addEventListener("offline", function () {
    if (socket) socket.close();
    lost();
  });
  window.addEventListener("online", again);
  window.addEventListener("focus", MedSync.reread);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) MedSync.reread();
  });
  document.addEventListener("medsync:updated", function () {
    heard();
    if (down) showState(true);
  });
  document.body.addEventListener("htmx:beforeRequest", function (event) {
    // Accept and Send wait while the line is down; re-reads may try.
    if (down && event.detail.requestConfig.verb === "post") {
      event.preventDefault();
      MedSync.toast(MedSync.word("kept"));
    }
  });
  setInterval(MedSync.reread, REREAD_EVERY);
  setInterval(say, SAY_AGAIN);
  connect();
})();
