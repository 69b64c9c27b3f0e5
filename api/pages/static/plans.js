// A scenario asked for by pickers, followed as a job, shown at its own address.

import { follow } from "./jobs.js";
import { ask, enable, sentence, tell } from "./service.js";

const NUMBERS = new Set(["weeks", "days", "factor", "percent"]);

for (const form of document.querySelectorAll("[data-plan-form]")) {
  const needs = () => form.elements.kind.selectedOptions[0].dataset.needs.split(" ");
  const show = () => {
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = !needs().includes(part.dataset.for);
  };
  form.elements.kind.addEventListener("change", show);
  show();
  enable(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const change = { kind: form.elements.kind.value };
    for (const name of needs()) {
      const { value } = form.elements[name];
      change[name] = NUMBERS.has(name) ? Number(value) : value;
    }
    try {
      const answer = await ask("/v1/scenarios", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: form.elements.name.value, changes: [change] }),
      });
      await follow((await answer.json()).job);
    } catch (error) {
      tell(form.querySelector("output"), sentence(error), true);
    }
  });
}
