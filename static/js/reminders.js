// The rules of reminders: steps are added and removed, variables put into the clinic's own words. The call list prints.
(function () {
  "use strict";

  const prints = document.querySelector("[data-prints]");
  if (prints) prints.addEventListener("click", () => window.print());

  const form = document.querySelector("[data-rules]");
  if (!form) return;
  const list = form.querySelector("[data-steps]");
  const MOST = 5;

  function changed() {
    form.querySelector("[data-add-step]").disabled = list.children.length >= MOST;
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function add(hours) {
    const row = form.querySelector("[data-step]").content.firstElementChild.cloneNode(true);
    row.querySelector("input").value = hours;
    list.append(row);
    return row.querySelector("input");
  }

  form.addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-add-step]")) {
      add("").focus();
      button.disabled = list.children.length >= MOST;
    } else if (button.matches("[data-remove-step]") && list.children.length > 1) {
      const row = button.closest("li");
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      next.querySelector("input").focus();
      changed();
    } else if (button.matches("[data-preset]")) {
      list.replaceChildren();
      button.dataset.preset.split(",").forEach(add);
      changed();
    } else if (button.matches("[data-variable]")) {
      const text = form.querySelector("textarea");
      text.focus();
      text.setRangeText("{" + button.dataset.variable + "}", text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
})();
