// Every page: filters that answer at once, parts that come after, and the modules a page needs.

import { ask } from "./service.js";

for (const form of document.querySelectorAll("[data-filters]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (["", "0"].includes(value)) formData.delete(name);
  });
}

for (const place of document.querySelectorAll("[data-fragment]")) {
  ask(place.dataset.fragment)
    .then((answer) => answer.text())
    .then((text) => {
      const parsed = new DOMParser().parseFromString(text, "text/html");
      place.replaceChildren(...parsed.body.childNodes);
    })
    .catch(() => place.replaceChildren());
}

// On a phone each row of a wide table is a block, whose cells name their column; the roles keep it a
// table for a screen reader.
const STACKED = 3;  // columns, from which on
const ROLES = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell", "th[scope=col]": "columnheader", "th[scope=row]": "rowheader" };
for (const table of document.querySelectorAll(".wide > table")) {
  const names = [...table.querySelectorAll("thead th")].map((one) => one.textContent.trim());
  if (names.length < STACKED) continue;
  table.classList.add("stacked");
  for (const [selector, role] of Object.entries(ROLES)) {
    for (const one of table.matches(selector) ? [table] : table.querySelectorAll(selector)) one.setAttribute("role", role);
  }
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, place) => cell.matches("td") && names[place] && (cell.dataset.label = names[place]));
  }
}

// By hand: some browsers take what scrollIntoView showed for the place from which Tab goes on.
for (const current of document.querySelectorAll("nav [aria-current]")) {
  const bar = current.closest("nav");
  const [of, its] = [bar, current].map((one) => one.getBoundingClientRect());
  bar.scrollLeft += its.left + its.width / 2 - (of.left + of.width / 2);
}

// Paper cannot be clicked: everything folded is printed open.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
document.querySelector("[data-print]")?.addEventListener("click", () => print());

const MODULES = {
  "[data-change-form], [data-acknowledge], [data-group]": "./lives.js",
  "[data-chart]": "./chart.js",
  "[data-copy]": "./copy.js",
  "[data-flow]": "./flow.js",
  "[data-overrides]": "./overrides.js",
  "[data-places]": "./places.js",
  "[data-plan-form]": "./plans.js",
  "[data-upload], [data-csv]": "./upload.js",
  "[data-job-form], [data-job]": "./jobs.js",
};
await Promise.all(
  Object.entries(MODULES).map(([selector, module]) => document.querySelector(selector) && import(module)),
);
document.documentElement.dataset.ready = "yes";
