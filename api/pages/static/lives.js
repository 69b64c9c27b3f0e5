// What people do with warnings: one change for every chosen line, each based on what was read.

import { ask, enable, sentence, tell, words } from "./service.js";

const STATES = { acknowledge: "acknowledged", resolve: "resolved", reopen: "new" };

function wish(form) {
  const what = form.elements.what.value;
  const comment = form.elements.comment.value.trim();
  const said = comment ? { comment } : {};
  if (what in STATES) return { ...said, state: STATES[what] };
  if (what === "assign") return { ...said, assigned_to: form.elements.assigned_to.value.trim() };
  if (what === "snooze") return { ...said, snoozed_until: form.elements.snoozed_until.value };
  if (what === "comment") return said;
  return { ...said, action: what };
}

const change = (warning, tag, body) =>
  ask(`/v1/warnings/${warning}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "If-Match": tag },
    body: JSON.stringify(body),
  });

const boxes = () => [...document.querySelectorAll("input[name=warning]")];
const chosen = () => {
  const one = document.querySelector("[data-warning]");
  return one
    ? [{ warning: one.dataset.warning, tag: one.dataset.tag }]
    : boxes().filter((box) => box.checked).map((box) => ({ warning: box.value, tag: box.dataset.tag }));
};

for (const form of document.querySelectorAll("[data-change-form]")) {
  const output = form.querySelector("output");
  const show = () => {
    const what = form.elements.what.value;
    for (const part of form.querySelectorAll("[data-for]")) {
      const isMeant = part.dataset.for === what;
      part.hidden = !isMeant;
      part.querySelector("input").required = isMeant;
    }
    form.elements.comment.required = what === "comment";
  };
  form.elements.what.addEventListener("change", show);
  show();
  enable(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const lines = chosen();
    if (!lines.length) return tell(output, words.nothing_chosen, true);
    const button = form.querySelector("button");
    button.disabled = true;
    tell(output, words.sending);
    const body = wish(form);
    const failed = [];
    for (const { warning, tag } of lines) {
      try {
        await change(warning, tag, body);
      } catch (error) {
        failed.push(sentence(error));
        if ([0, 401, 422].includes(error.status)) break;
      }
    }
    button.disabled = false;
    if (failed.length) return tell(output, [...new Set(failed)].join(" "), true);
    tell(output, words.done);
    location.reload();
  });
}

for (const button of document.querySelectorAll("[data-acknowledge]")) {
  button.disabled = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const output = document.createElement("output");
    output.setAttribute("role", "status");
    button.after(output);
    try {
      await change(button.dataset.acknowledge, button.dataset.tag, { state: "acknowledged" });
      location.reload();
    } catch (error) {
      button.disabled = false;
      tell(output, sentence(error), true);
    }
  });
}

// An action done is done for every warning that it repairs, whoever touched them meanwhile.
for (const button of document.querySelectorAll("[data-group]")) {
  button.disabled = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const output = document.createElement("output");
    output.setAttribute("role", "status");
    button.after(output);
    tell(output, words.sending);
    try {
      const told = await (await ask(`/v1/groups/${button.dataset.group}`)).json();
      for (const { warning } of told.warnings) {
        if (warning) await change(warning, "*", { action: button.dataset.doneBy });
      }
      location.reload();
    } catch (error) {
      button.disabled = false;
      tell(output, sentence(error), true);
    }
  });
}

const count = () => {
  const place = document.querySelector("[data-chosen]");
  const many = boxes().filter((box) => box.checked).length;
  if (place) place.textContent = many ? `(${many})` : "";
};
document.querySelector("[data-choose-all]")?.addEventListener("change", (event) => {
  for (const box of boxes()) box.checked = event.target.checked;
  count();
});
for (const box of boxes()) box.addEventListener("change", count);
count();
