// Copies what stands in a field beside its button. Without this script the fields can be copied by hand, so the buttons are shown by it only.
"use strict";

const told = document.getElementById("told");

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = button.textContent = button.dataset.copied;
    } catch {
      told.textContent = button.dataset.failed;
    }
  });
}
