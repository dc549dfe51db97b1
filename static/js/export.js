// The page that picks columns: one box for all of them. Without this script every column has its own.
const form = document.querySelector("[data-export]");
const all = form?.querySelector("[data-all]");
const columns = [...(form?.querySelectorAll("[data-column]") ?? [])];

function show() {
  const box = all.querySelector("input");
  const chosen = columns.filter((column) => column.checked).length;
  box.checked = chosen === columns.length;
  box.indeterminate = chosen > 0 && chosen < columns.length;
}

if (all && columns.length > 1) {
  all.hidden = false;
  all.addEventListener("change", (event) => {
    for (const column of columns) column.checked = event.target.checked;
  });
  for (const column of columns) column.addEventListener("change", show);
  show();
}
