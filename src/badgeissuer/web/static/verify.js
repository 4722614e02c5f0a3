// Reads QR codes with the camera, and takes files that are dropped or pasted anywhere on the page. The form works without it.
// Frames go to this service alone where the browser cannot read codes itself, and nobody keeps them.
"use strict";

{
  const form = document.getElementById("ask-form");
  const camera = document.getElementById("camera");
  const [button, video, told] = ["scan", "viewfinder", "scanned"].map((id) => document.getElementById(id));
  const field = (name) => form.elements.namedItem(name);
  const words = camera.dataset;
  const SIDE = 1024; // pixels of a frame
  const PAUSE = 1100; // milliseconds between frames that the service reads
  let stream;

  const tell = (text) => {
    told.textContent = text;
  };

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = undefined;
    video.srcObject = null;
    video.hidden = true;
    button.textContent = words.start;
  };

  const take = (text) => {
    const isAddress = /^https?:\/\//i.test(text);
    field("url").value = isAddress ? text : "";
    field("text").value = isAddress ? "" : text;
    stop();
    tell(words.found);
    form.requestSubmit();
  };

  const frame = () => {
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    const drawing = canvas.getContext("2d");
    drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
    drawing.globalCompositeOperation = "saturation"; // shades of grey are enough, and smaller
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
  };

  const byService = async () => {
    const answer = await fetch("/verify/code", { method: "POST", body: await frame(), headers: { "Content-Type": "image/jpeg" } });
    if (answer.status === 429 || answer.status === 503) {
      await new Promise((done) => setTimeout(done, 1000 * Math.min(10, Number(answer.headers.get("Retry-After")))));
      return "";
    }
    return answer.ok ? (await answer.json()).text : "";
  };

  const reader = async () => {
    if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      return { pause: 200, read: async () => (await detector.detect(video)).map((code) => code.rawValue).find((text) => /^(https?:\/\/|\{|eyJ)/i.test(text)) };
    }
    return { pause: PAUSE, read: byService };
  };

  const start = async () => {
    button.disabled = true;
    tell("");
    try {
      const wanted = { video: { facingMode: "environment", width: { ideal: 1280 } } };
      const opened = await navigator.mediaDevices.getUserMedia(wanted);
      stream = opened;
      video.srcObject = opened;
      video.hidden = false;
      await video.play();
      button.textContent = words.stop;
      tell(words.looking);
      const { pause, read } = await reader();
      button.disabled = false;
      while (stream === opened) {
        const text = await read().catch(() => "");
        if (text && stream === opened) {
          take(text);
          return;
        }
        await new Promise((done) => setTimeout(done, pause));
      }
    } catch (fault) {
      stop();
      tell({ NotAllowedError: words.denied, NotFoundError: words.none }[fault.name] ?? words.failed);
    } finally {
      button.disabled = false;
    }
  };

  const choose = (files) => {
    field("file").files = files;
    field("url").value = field("text").value = "";
    tell(words.chosen.replace("FILE", files[0].name));
    form.querySelector("button[type=submit]").focus();
  };

  if (navigator.mediaDevices?.getUserMedia) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (stream) {
        stop();
        tell(words.stopped);
      } else {
        start();
      }
    });
    window.addEventListener("pagehide", stop);
  }

  const holdsFiles = (data) => data?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    if (holdsFiles(event.dataTransfer)) {
      event.preventDefault();
      form.dataset.over = "";
    }
  });
  window.addEventListener("dragleave", () => delete form.dataset.over);
  window.addEventListener("drop", (event) => {
    delete form.dataset.over;
    if (holdsFiles(event.dataTransfer) && event.dataTransfer.files.length) {
      event.preventDefault();
      choose(event.dataTransfer.files);
    }
  });
  window.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").trim();
    if (event.clipboardData.files.length) {
      choose(event.clipboardData.files);
    } else if (text && !event.target.closest("input, textarea")) {
      const name = /^https?:\/\/\S+$/i.test(text) ? "url" : "text";
      field(name).value = text;
      field(name).focus();
    } else {
      return;
    }
    event.preventDefault();
  });
}
