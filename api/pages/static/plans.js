// A scenario asked for by pickers, one change or several, followed as a job, shown at its address.

import { follow } from "./jobs.js";
import { ask, enable, sentence, tell } from "./service.js";

const NUMBERS = new Set(["weeks", "days", "factor", "percent"]);
const OPTIONAL = new Set(["start", "end"]);

function changeOf(form, needs) {
  const change = { kind: form.elements.kind.value };
  for (const name of needs) {
    const { value } = form.elements[name];
    if (OPTIONAL.has(name) && !value) continue;
    if (name === "depth") change.depth = Number(value) / 100;
    else change[name] = NUMBERS.has(name) ? Number(value) : value;
  }
  return change;
}

function wordsOf(form, needs) {
  const said = needs.map((name) => form.elements[name]).filter((field) => field.value);
  const shown = said.map((field) => field.selectedOptions?.[0].textContent ?? field.value);
  return `${form.elements.kind.selectedOptions[0].textContent} (${shown.join(", ")})`;
}

for (const form of document.querySelectorAll("[data-plan-form]")) {
  const needs = () => form.elements.kind.selectedOptions[0].dataset.needs.split(" ");
  const list = form.querySelector("[data-changes]");
  const others = new Map(); // what was added before, by its line
  const show = () => {
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = !needs().includes(part.dataset.for);
  };
  form.elements.kind.addEventListener("change", show);
  show();
  enable(form);
  form.querySelector("[data-add]").addEventListener("click", () => {
    if (!form.reportValidity()) return;
    const line = document.createElement("li");
    line.textContent = `${wordsOf(form, needs())} `;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "plain";
    remove.textContent = list.dataset.remove;
    remove.addEventListener("click", () => {
      others.delete(line);
      line.remove();
    });
    line.append(remove);
    others.set(line, changeOf(form, needs()));
    list.append(line);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const changes = [...others.values(), changeOf(form, needs())];
    const distinct = [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
    try {
      const answer = await ask("/v1/scenarios", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: form.elements.name.value, changes: distinct }),
      });
      await follow((await answer.json()).job);
    } catch (error) {
      tell(form.querySelector("output"), sentence(error), true);
    }
  });
}
