// What pages ask of the service: its own HTTP API, with the token that changes need.

const WAIT_MS = 30_000;
export const words = JSON.parse(document.body.dataset.words);

export class Refused extends Error {
  constructor(status, message, nextStep) {
    super(message);
    this.status = status;
    this.nextStep = nextStep;
  }
}

export async function ask(address, { method = "GET", headers = {}, body, wait = WAIT_MS } = {}) {
  const csrf = document.querySelector("meta[name=csrf]")?.content;
  let answer;
  try {
    answer = await fetch(address, {
      method,
      body,
      headers: { ...headers, ...(csrf && method !== "GET" ? { "X-CSRF-Token": csrf } : {}) },
      signal: AbortSignal.timeout(wait),
    });
  } catch (error) {
    throw new Refused(0, error.name === "TimeoutError" ? words.slow : words.lost, "");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Refused(401, words.signed_out, "");
  if (answer.status === 412) throw new Refused(412, words.changed_meanwhile, "");
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.detail ?? String(answer.status), told.next_step ?? "");
}

export function tell(output, text, isError = false) {
  output.textContent = text;
  output.classList.toggle("error", isError);
}

export const sentence = (error) => [error.message, error.nextStep].filter(Boolean).join(" ");

// Browsers know the codes of ISO 4217 alone; a feed may say FCFA or €.
export function money(value, currency) {
  const isCode = /^[A-Za-z]{3}$/.test(currency);
  const style = isCode ? { style: "currency", currency } : {};
  const shown = new Intl.NumberFormat(document.documentElement.lang, { ...style, maximumFractionDigits: 0 }).format(value);
  return currency && !isCode ? `${shown} ${currency}` : shown;
}

// A site that only ships to others carries no risk of its own: alone it would show nothing.
export const sells = (flow, site) => flow.edges.some((edge) => edge.from_node === `site:${site}` && edge.to_node === "customers:");

// Buttons that do nothing without their module come disabled.
export function enable(form) {
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}
