// Long work: asked for by a button, then followed until it ends.

import { ask, enable, sentence, tell } from "./service.js";

const AGAIN_MS = 2_000;
const MOST_SILENCE = 15; // looks in a row that fail before the page says so
const sleep = (wait) => new Promise((resolve) => setTimeout(resolve, wait));

export async function follow(number) {
  const card = document.querySelector("[data-job]");
  const labels = JSON.parse(card.dataset.labels);
  const part = (name) => card.querySelector(`[data-${name}]`);
  card.hidden = false;
  document.querySelector("[data-choices]")?.setAttribute("hidden", "");
  for (let silent = 0; silent < MOST_SILENCE; await sleep(AGAIN_MS)) {
    let job;
    try {
      job = await (await ask(`/v1/jobs/${number}`)).json();
      silent = 0;
    } catch (error) {
      silent += 1;
      part("state").textContent = sentence(error);
      continue;
    }
    part("state").textContent = labels[job.state];
    part("step").textContent = job.step;
    const seconds = Math.round((Date.now() - Date.parse(job.started_at ?? job.asked_at)) / 1000);
    const time = `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
    part("since").textContent = labels.since.replace("{time}", time);
    if (job.state === "done") {
      const plan = job.result?.scenario;
      return location.assign(plan ? `/plans/${plan}` : "/");
    }
    if (job.state === "failed") {
      part("step").textContent = [job.error?.detail, job.error?.next_step].filter(Boolean).join(" ");
      document.querySelector("[data-choices]")?.removeAttribute("hidden");
      return;
    }
  }
}

for (const form of document.querySelectorAll("[data-job-form]")) {
  enable(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const kind = form.dataset.jobForm;
    try {
      const answer = await ask(form.dataset.address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(kind === "publish" ? {} : { kind }),
      });
      await follow((await answer.json()).job);
    } catch (error) {
      tell(form.querySelector("output"), sentence(error), true);
    }
    button.disabled = false;
  });
}

const running = document.querySelector("[data-job]")?.dataset.job;
if (running) follow(running);
