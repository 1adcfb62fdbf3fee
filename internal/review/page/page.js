
"use strict";
// All rows stand in the page, so that the browser's own search, printing and a reader without JavaScript find each. This
// adds a filter and sorting.
(() => {
  const table = document.getElementById("list");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const filter = document.getElementById("filter");
  const kind = document.getElementById("kind");
  const shown = document.getElementById("shown");
  let texts; // of the rows, in small letters; read at the first use

  const apply = () => {
    texts ??= new Map(rows.map((row) => [row, Array.from(row.cells, (cell) => cell.textContent).join("\n").toLowerCase()]));
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = (!kind.value || row.cells[0].textContent.trim() === kind.value) && words.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    tell(count);
  };
  const tell = (count) => { shown.textContent = count === rows.length ? `${count} rows` : `${count} of ${rows.length} rows`; };

  const sort = (column, header) => {
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const order = new Intl.Collator("en", { numeric: true });
    const keys = new Map(rows.map((row) => [row, row.cells[column].textContent]));
    rows.sort((a, b) => direction * order.compare(keys.get(a), keys.get(b)));
    body.append(...rows);
  };
  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(column, header));
    header.replaceChildren(button);
  });
  filter.addEventListener("input", apply);
  kind.addEventListener("change", apply);
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("tools").hidden = false;
  tell(rows.length);
})();
