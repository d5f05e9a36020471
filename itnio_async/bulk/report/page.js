"use strict";
const collator = new Intl.Collator(undefined, {numeric: true});

// A press on a column's title sorts its table by it; a second one turns the rows round.
function sortable(table) {
  const heads = [...table.tHead.rows[1].cells];
  const body = table.tBodies[0];
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

// Above each table of some length stands a field: only rows that have all of its words are shown. Returns what shows
// the rows of one reason.
function filterable(table) {
  const rows = [...table.tBodies[0].rows];
  const bar = document.createElement("p");
  const input = document.createElement("input");
  const all = document.createElement("button");
  const told = document.createElement("output");
  input.type = "search";
  input.placeholder = "Filter";
  input.setAttribute("aria-label", "Show only rows with these words");
  all.type = "button";
  all.textContent = "Show all";
  bar.className = "filter";
  bar.append(input, told, all);
  let texts = null, reason = "";
  const show = () => {
    texts = texts || rows.map(row => [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase());
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, number) => {
      const text = texts[number];
      row.hidden = !(words.every(word => text.includes(word)) && (!reason || row.dataset.reason === reason));
      count += !row.hidden;
    });
    const isAll = count === rows.length;
    told.textContent = isAll ? "" : `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
    all.hidden = isAll;
  };
  input.addEventListener("input", show);
  all.addEventListener("click", () => {
    input.value = reason = "";
    show();
    input.focus();
  });
  all.hidden = true;
  if (rows.length > 5) {
    table.parentElement.before(bar);
  }
  return wanted => {
    reason = wanted;
    input.value = "";
    show();
  };
}

const only = new Map();
for (const table of document.querySelectorAll("table.rows")) {
  sortable(table);
  only.set(table.id, filterable(table));
}
// The link of a code leads to its first row; with this script only its rows are left then.
for (const link of document.querySelectorAll("#reasons a")) {
  link.addEventListener("click", () => only.get("failed")(link.hash.slice(1)));
}
