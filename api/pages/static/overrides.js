// What somebody knows better: said for the series of the page, and revoked.

import { ask, enable, sentence, tell, words } from "./service.js";

const BODIES = {
  times: (form) => ({ kind: "demand", factor: Number(form.factor.value) }),
  units: (form) => ({ kind: "demand", units: Number(form.units.value) }),
  stock: (form) => ({ kind: "stock", units: Number(form.units.value) }),
  day: (form) => ({ kind: "order", order: form.order.value.trim(), expected_on: form.expected_on.value }),
  share: (form) => ({ kind: "order", order: form.order.value.trim(), factor: Number(form.percent.value) / 100 }),
};

async function send(form, address, options) {
  const output = form.querySelector("output");
  const button = form.querySelector("button");
  button.disabled = true;
  tell(output, words.sending);
  try {
    await ask(address, options);
    tell(output, words.done);
    location.reload();
  } catch (error) {
    button.disabled = false;
    tell(output, sentence(error), true);
  }
}

for (const form of document.querySelectorAll("[data-override-form]")) {
  const { what, start, end, reason } = form.elements;
  const show = () => {
    const needs = what.selectedOptions[0].dataset.needs.split(" ");
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = !needs.includes(part.dataset.for);
      part.querySelector("input").required = !part.hidden;
    }
  };
  what.addEventListener("change", show);
  show();
  enable(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = {
      ...BODIES[what.value](form.elements),
      site: form.dataset.site,
      sku: form.dataset.sku,
      end: end.value,
      reason: reason.value.trim(),
      ...(start.value ? { start: start.value } : {}),
    };
    send(form, "/v1/overrides", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(said),
    });
  });
}

for (const form of document.querySelectorAll("[data-revoke]")) {
  enable(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const why = new URLSearchParams({ reason: form.elements.reason.value.trim() });
    send(form, `/v1/overrides/${form.dataset.revoke}?${why}`, {
      method: "DELETE",
      headers: { "If-Match": form.dataset.tag },
    });
  });
}
