// A file from this machine, checked or taken in by the same push that an ERP makes; and CSV files.

import { ask, enable, sentence, tell } from "./service.js";

const KINDS = {
  csv: "text/csv",
  json: "application/json",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};
const PUSH_MS = 600_000;
const SHOWN = 5;
const RELOAD_MS = 2_500; // a receipt without rejects is read by then

const number = (value) => value.toLocaleString(document.documentElement.lang);
const once = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("");

function kindOf(name) {
  const parts = name.toLowerCase().split(".");
  const packed = parts.at(-1) === "gz";
  return { kind: KINDS[parts.at(packed ? -2 : -1)], packed };
}

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function show(place, receipt, labels, isCheck) {
  const verdict = receipt.repeated ? labels.repeated : isCheck ? labels.checked : labels.taken;
  const counts = ["read", "accepted", "rejected", "duplicates"].map((name) => `${labels[name]}${labels.is}${number(receipt[name])}`);
  const examples = element("ul", "");
  for (const row of receipt.examples.slice(0, SHOWN)) {
    const item = element("li", `${labels.line} ${row.line ?? "?"}: `);
    const why = element("span", row.message);
    why.lang = "en";
    item.append(why, document.createElement("br"), element("code", row.raw));
    examples.append(item);
  }
  place.replaceChildren(element("p", verdict, isCheck ? "" : "good"), element("p", counts.join(", ")), examples);
}

// The receipt stays until it was read, where rows were set aside.
function goOn(place, receipt, labels) {
  if (!receipt.rejected) return void setTimeout(() => location.reload(), RELOAD_MS);
  const ways = element("p", "", "ways");
  for (const [text, address] of [[labels.rows, `/data/${receipt.delivery}`], [labels.go_on, location.href]]) {
    const way = element("a", text);
    way.href = address;
    ways.append(way);
  }
  place.append(ways);
}

for (const form of document.querySelectorAll("[data-upload]")) {
  const place = form.querySelector("[data-receipt]");
  const labels = JSON.parse(form.dataset.labels);
  enable(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isCheck = event.submitter?.value === "1";
    const file = form.elements.file.files[0];
    const { kind, packed } = kindOf(file.name);
    if (!kind) return place.replaceChildren(element("p", labels.kind, "error"));
    const query = new URLSearchParams({ profile: form.elements.profile.value, name: file.name.slice(-120) });
    if (isCheck) query.set("check", "true");
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    place.replaceChildren(element("p", "…"));
    try {
      const answer = await ask(`/v1/feeds/${form.elements.feed.value}?${query}`, {
        method: "POST",
        headers: { "Content-Type": kind, "Idempotency-Key": once(), ...(packed ? { "Content-Encoding": "gzip" } : {}) },
        body: file,
        wait: PUSH_MS,
      });
      const receipt = await answer.json();
      show(place, receipt, labels, isCheck);
      if (!isCheck) goOn(place, receipt, labels);
    } catch (error) {
      place.replaceChildren(element("p", sentence(error), "error"));
    }
    enable(form);
  });
}

for (const link of document.querySelectorAll("[data-csv]")) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const answer = await ask(link.href, { headers: { Accept: "text/csv" } });
      const saved = document.createElement("a");
      saved.href = URL.createObjectURL(await answer.blob());
      saved.download = link.dataset.csv;
      saved.click();
      URL.revokeObjectURL(saved.href);
    } catch (error) {
      tell(link, sentence(error), true);
    }
  });
}
