// The clinic picker: the figures beside the rows are keys.
(function () {
  "use strict";
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) return;
    const row = document.querySelectorAll("[data-picker] a")[Number(event.key) - 1];
    if (row) row.click();
  });
})();
