// What can be pasted into a spreadsheet or a message: to the clipboard, or shown where there is none.

import { words } from "./service.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  const text = "isAddress" in button.dataset ? new URL(button.dataset.copy, location.origin).href : button.dataset.copy;
  button.disabled = false;
  button.addEventListener("click", async () => {
    const told = document.createElement("output");
    told.setAttribute("role", "status");
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = words.copied;
    } catch {
      // Browsers give no clipboard to pages without TLS: the text is shown, to be copied by hand.
      told.textContent = words.copy_by_hand;
      const shown = document.createElement("pre");
      shown.textContent = text;
      shown.tabIndex = 0;
      told.append(shown);
    }
    button.parentElement.querySelector("output")?.remove();
    button.after(told);
  });
}
