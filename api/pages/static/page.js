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

document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

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
