// Keeps what is written in the form of an achievement while it is written, and shows beside it what is still missing.
// The form works without it: its buttons keep and store the same.
"use strict";

{
  const form = document.getElementById("form");
  const beside = document.getElementById("beside");
  const told = document.getElementById("kept");
  const PAUSE = 1200; // milliseconds without a stroke
  let leaving = new AbortController();
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
        signal: leaving.signal,
      });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...beside.querySelectorAll("details")].findIndex((one) => one.open);
      const summaries = [...beside.querySelectorAll("summary")];
      const place = summaries.indexOf(document.activeElement);
      beside.replaceChildren(...found.body.childNodes);
      beside.querySelectorAll("summary")[place]?.focus();
      if (open >= 0) {
        beside.querySelectorAll("details").forEach((one, place) => {
          one.open = place === open;
        });
      }
      tell("Kept.");
    } catch {
      tell("What you wrote could not be kept just now; it is in this page still. If you were signed out, sign in again in another tab first.");
    }
    isKeeping = false;
    if (isBehind && !leaving.signal.aborted) {
      keep();
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    if (leaving.signal.aborted) {
      leaving = new AbortController(); // the page is still here
    }
    tell("Writing …");
    timer = setTimeout(keep, PAUSE);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    leaving.abort(); // one that came after what is sent now would be older than that
  });
}
