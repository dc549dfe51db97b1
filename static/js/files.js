// Files that go with a reply: chosen, dropped or pasted; shown before they go; checked here in words, and by the server.
(function () {
  "use strict";

  const MedSync = (window.MedSync = window.MedSync || {});
  const ANY = { most: 1, types: ["image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"], size: 16 * 1024 * 1024 };

  const input = () => document.querySelector("[data-attach]");

  function rule() {
    const from = MedSync.composer.box() && MedSync.composer.sender();
    return (from && from.files) || ANY;
  }

  function any() {
    const field = input();
    return Boolean(field && field.files.length && !field.disabled);
  }

  function say(text) {
    const place = document.querySelector("[data-files-said]");
    if (place && place.textContent !== text) place.textContent = text;
  }

  function set(files) {
    const held = new DataTransfer();
    files.forEach((file) => held.items.add(file));
    input().files = held.files;
    show();
  }

  // Nothing is taken that would be refused; what was there stays.
  function add(files, before) {
    const allowed = rule();
    const kept = before || Array.from(input().files);
    say(allowed.most ? "" : MedSync.word("fileNone"));
    if (!allowed.most) return set([]);
    files.forEach(function (file) {
      if (!allowed.types.includes(file.type)) say(MedSync.word("fileType", file.name));
      else if (file.size > allowed.size) say(MedSync.word("fileSize", file.name));
      else if (kept.length >= allowed.most) say(MedSync.word("fileMost"));
      else kept.push(file);
    });
    set(kept);
  }

  function show() {
    const field = input();
    const list = document.querySelector("[data-files]");
    if (!field || !list) return;
    const form = field.form;
    list.hidden = !field.files.length;
    list.replaceChildren(...Array.from(field.files, item));
    // Only a form with files is sent in parts.
    if (field.files.length) form.setAttribute("hx-encoding", "multipart/form-data");
    else form.removeAttribute("hx-encoding");
    form.enctype = field.files.length ? "multipart/form-data" : "application/x-www-form-urlencoded";
  }

  function item(file, index) {
    const entry = document.createElement("li");
    entry.className = "composer-file";
    if (file.type.startsWith("image/")) entry.append(picture(file));
    const name = document.createElement("span");
    name.className = "clip";
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "meta";
    size.textContent = file.size < 1048576 ? Math.ceil(file.size / 1024) + " kB" : (file.size / 1048576).toFixed(1) + " MB";
    const off = document.createElement("button");
    off.type = "button";
    off.className = "btn btn-24 btn-ghost btn-icon";
    off.dataset.fileOff = String(index);
    off.setAttribute("aria-label", MedSync.word("fileRemove", file.name));
    off.textContent = "×";
    entry.append(name, size, off);
    return entry;
  }

  function picture(file) {
    const image = document.createElement("img");
    image.alt = "";
    image.width = image.height = 40;
    const reader = new FileReader();
    reader.addEventListener("load", () => (image.src = reader.result));
    reader.readAsDataURL(file);
    return image;
  }

  let chosenBefore = [];
  document.addEventListener("click", function (event) {
    if (event.target.matches("[data-attach]")) chosenBefore = Array.from(event.target.files);
    const off = event.target.closest("[data-file-off]");
    if (!off) return;
    set(Array.from(input().files).filter((_file, index) => index !== Number(off.dataset.fileOff)));
    say("");
    document.getElementById("composer-text").focus();
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-attach]")) {
      add(Array.from(event.target.files), chosenBefore);
      chosenBefore = [];
      document.getElementById("composer-text").focus();
    }
    // What another number does not carry is said before it is sent.
    if (event.target.matches("[data-sender]") && any()) {
      const files = Array.from(input().files);
      queueMicrotask(() => add(files, []));
    }
  });

  // On the other tab, and where nothing can be written, files stay out of what is sent.
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("#composer-panel") || !input()) return;
    input().disabled = MedSync.composer.box().dataset.tab !== "reply";
  }, true);

  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.matches || !event.target.matches("#composer-panel") || !input()) return;
    const went = event.detail.successful && event.detail.xhr.status < 400 && !input().disabled;
    input().disabled = false;
    if (!went) return;
    say("");
    set([]);
  });

  function takes(event) {
    const box = event.target.closest && event.target.closest("[data-thread]");
    const composer = box && input() && MedSync.composer.box();
    return composer && composer.dataset.tab === "reply" && MedSync.composer.sender().free;
  }

  document.addEventListener("dragover", function (event) {
    if (!event.dataTransfer || !Array.from(event.dataTransfer.types).includes("Files")) return;
    event.preventDefault(); // a file that misses must not replace the page
    event.dataTransfer.dropEffect = takes(event) ? "copy" : "none";
    const box = document.querySelector("[data-composer]");
    if (box) box.classList.toggle("is-dropping", Boolean(takes(event)));
  });

  ["dragleave", "drop", "dragend"].forEach((name) =>
    document.addEventListener(name, function (event) {
      const box = document.querySelector("[data-composer]");
      if (box && (name !== "dragleave" || !event.relatedTarget)) box.classList.remove("is-dropping");
      if (name !== "drop" || !event.dataTransfer || !event.dataTransfer.files.length) return;
      event.preventDefault();
      if (takes(event)) add(Array.from(event.dataTransfer.files));
    }),
  );

  document.addEventListener("paste", function (event) {
    const files = event.clipboardData ? Array.from(event.clipboardData.files) : [];
    if (!files.length || !event.target.matches || !event.target.matches("#composer-text") || !takes(event)) return;
    event.preventDefault();
    add(files);
  });

  MedSync.files = { any: any };
})();
