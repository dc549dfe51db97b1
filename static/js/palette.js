// Search and jump: pages by their names at once, people and messages from the server a moment later.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const palette = document.querySelector("[data-palette]");
  if (!palette) return;
  const box = palette.querySelector("input");
  const places = palette.querySelector("[data-palette-places]");
  const found = palette.querySelector("[data-palette-found]");
  const count = palette.querySelector("[data-palette-count]");
  const headers = Object.assign({ "HX-Request": "true" }, JSON.parse(document.body.getAttribute("hx-headers")));
  const part = (name) => document.getElementById("palette-" + name).content.cloneNode(true);
  let asking = null;
  let timer = 0;

  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const options = () => Array.from(palette.querySelectorAll("[role=option]")).filter((one) => !one.hidden);

  function choose(option) {
    palette.querySelectorAll("[aria-selected=true]").forEach((one) => one.setAttribute("aria-selected", "false"));
    if (!option) {
      box.removeAttribute("aria-activedescendant");
      return;
    }
    option.id = option.id || "palette-" + Math.random().toString(36).slice(2);
    option.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function jump() {
    const words = fold(box.value.trim()).split(/\s+/);
    Array.from(places.children).forEach(function (place) {
      const said = fold(place.dataset.words);
      place.hidden = !words.every((word) => said.includes(word));
    });
    choose(options()[0]);
  }

  function ask() {
    clearTimeout(timer);
    if (asking) asking.abort();
    const wanted = box.value.trim();
    if (wanted.length < 2) {
      found.replaceChildren();
      return;
    }
    timer = setTimeout(function () {
      asking = new AbortController();
      found.setAttribute("aria-busy", "true");
      if (!found.querySelector("[role=option]:not([data-palette-again])")) found.replaceChildren(part("loading"));
      fetch(palette.dataset.searchUrl, { method: "POST", headers: headers, body: new URLSearchParams({ wanted: wanted }), signal: asking.signal })
        .then(function (response) {
          if (!response.ok) throw new Error(String(response.status));
          return response.text();
        })
        .then(function (html) {
          const holder = document.createElement("template");
          holder.innerHTML = html;
          found.replaceChildren(holder.content);
          found.removeAttribute("aria-busy");
          count.textContent = MedSync.word("found", options().length);
          if (!palette.querySelector("[aria-selected=true]:not([hidden])")) choose(options()[0]);
        })
        .catch(function (error) {
          if (error.name === "AbortError") return;
          found.removeAttribute("aria-busy");
          found.replaceChildren(part("error"));
          count.textContent = found.textContent;
          if (!palette.querySelector("[aria-selected=true]:not([hidden])")) choose(options()[0]);
        });
    }, 180);
  }

  function open() {
    if (palette.open) return;
    document.querySelectorAll("dialog[open]").forEach((one) => one.close());
    palette.showModal();
    box.select();
    jump();
  }

  box.addEventListener("input", function () {
    jump();
    ask();
  });
  box.addEventListener("keydown", function (event) {
    const all = options();
    const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      all[at].click();
    }
  });
  palette.addEventListener("click", function (event) {
    if (event.target.closest("[data-palette-again]")) {
      box.focus();
      ask();
    } else if (event.target === palette || event.target.closest("[role=option]")) palette.close();
  });
  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => event.target.closest("[data-palette-opens]") && open());
  MedSync.palette = { open: open };
})();
