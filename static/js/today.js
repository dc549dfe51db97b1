// The day: print it, choose a doctor, note a task, answer for all visits at the end of a shift.
(function () {
  "use strict";

  document.querySelectorAll("[data-choose]").forEach((button) => (button.hidden = true)); // a choice is enough
  document.addEventListener("medsync:updated", function () {
    document.querySelectorAll("[data-choose]").forEach((button) => (button.hidden = true));
  });
  document.addEventListener("change", function (event) {
    const form = event.target.closest("[data-chooses]");
    if (form) form.requestSubmit();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-prints]")) window.print();
    const answers = event.target.closest("[data-answers]");
    if (!answers) return;
    answers.closest("form").querySelectorAll("input[type=radio]").forEach(function (radio) {
      if (radio.value === answers.dataset.answers) radio.checked = true;
    });
  });

  const dialog = document.getElementById("task-dialog");
  document.body.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id !== "task-form" || !dialog) return;
    if (!dialog.open) dialog.showModal();
    event.target.querySelector("input").focus();
  });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches("[data-task-form]") && event.detail.successful && dialog) dialog.close();
  });
})();
