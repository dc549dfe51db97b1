// A saved text while it is written: how a patient reads it in each language, and how long it is.
(function () {
  "use strict";

  const MedSync = window.MedSync;
  const form = document.querySelector("[data-samples]");
  const samples = JSON.parse(form.dataset.samples);
  const VARIABLE = /\{([a-z_][a-z0-9_]*)\}/g;
  let last = form.querySelector("textarea");

  function look(text) {
    const preview = form.querySelector('[data-preview-of="' + text.id + '"]');
    const values = samples[text.dataset.text] || {};
    const shown = preview.querySelector("[data-preview-text]");
    const pieces = [];
    let at = 0;
    for (const match of text.value.matchAll(VARIABLE)) {
      pieces.push(text.value.slice(at, match.index));
      const mark = document.createElement("mark");
      mark.className = match[1] in values ? "variable" : "variable is-missing";
      mark.textContent = match[1] in values ? values[match[1]] : match[0];
      pieces.push(mark);
      at = match.index + match[0].length;
    }
    shown.replaceChildren(...pieces, text.value.slice(at));
    preview.hidden = !text.value.trim();
    const sms = MedSync.segments(shown.textContent);
    const parts = sms.parts === 1 ? MedSync.word("onePart") : MedSync.word("parts", sms.parts);
    text.closest(".field").querySelector("[data-counts]").textContent = sms.units ? Array.from(text.value).length + " · SMS: " + parts : "";
  }

  form.addEventListener("input", (event) => event.target.matches("textarea") && look(event.target));
  form.addEventListener("focusin", (event) => event.target.matches("textarea") && (last = event.target));
  form.addEventListener("click", function (event) {
    const button = event.target.closest("[data-variable]");
    if (!button) return;
    last.focus();
    last.setRangeText("{" + button.dataset.variable + "}", last.selectionStart, last.selectionEnd, "end");
    look(last);
  });
  form.querySelectorAll("textarea").forEach(look);
})();
