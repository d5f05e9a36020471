"use strict";
// A press on a column's title sorts the failed rows by it; a second one turns them round.
const table = document.getElementById("failed");
if (table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const collator = new Intl.Collator(undefined, {numeric: true});
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const isNumber = head.classList.contains("number");
    const key = row => {
      const text = row.cells[column].textContent;
      return isNumber && text ? Number(text) : text;
    };
    const compare = isNumber
      ? (a, b) => (a === "") - (b === "") || a - b
      : (a, b) => collator.compare(a, b);
    const rows = [...body.rows].map(row => [key(row), row]);
    rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
    body.replaceChildren(...rows.map(pair => pair[1]));
  }));
}
