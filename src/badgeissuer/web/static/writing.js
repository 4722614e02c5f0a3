// Keeps what is written in the form of an achievement while it is written, and shows beside it what is still missing.
// The form works without it: its buttons keep and store the same.
"use strict";

{
  const form = document.getElementById("form");
  const beside = document.getElementById("beside");
  const told = document.getElementById("kept");
  const PAUSE = 1200; // milliseconds without a stroke
  let timer;
  let isKeeping = false;
  let isBehind = false;

  const tell = (text) => {
    told.textContent = text;
  };

  const keep = async () => {
    if (isKeeping) {
      isBehind = true; // one at a time, so that an older one never comes last
      return;
    }
    isKeeping = true;
    isBehind = false;
    try {
      const answer = await fetch(form.dataset.keep, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        redirect: "error",
      });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...beside.querySelectorAll("details")].findIndex((one) => one.open);
      beside.replaceChildren(...found.body.childNodes);
      if (open >= 0) {
        beside.querySelectorAll("details").forEach((one, place) => {
          one.open = place === open;
        });
      }
      tell("Kept.");
    } catch {
      tell("What you wrote could not be kept just now; it is in this page still. Store it before you leave.");
    }
    isKeeping = false;
    if (isBehind) {
      keep();
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    tell("Writing …");
    timer = setTimeout(keep, PAUSE);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
  });
}
