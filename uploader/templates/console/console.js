// Uploads: files that are dropped or chosen are sent one after the other, with progress, and what is wrong is said at each.
"use strict";

const form = document.getElementById("upload");

if (form) {
  const drop = document.getElementById("drop");
  const list = document.getElementById("uploads");
  const input = document.getElementById("file");
  let turn = Promise.resolve();

  // What changes the direction of writing would have a name look like another one.
  const plain = (text) => text.replace(/[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

  const line = (file) => {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = plain(file.name);
    const bar = document.createElement("progress");
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${plain(file.name)}`);
    const state = document.createElement("span");
    state.textContent = "waits";
    item.append(name, " ", bar, " ", state);
    list.append(item);
    return { item, bar, state };
  };

  // Sends a request, and returns its answer: status 0 where the connection was lost.
  const ask = (method, path, headers, body, progress) => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("X-CSRF-Token", form.dataset.csrf);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("loadend", () => {
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* The connection ended, or there is none. */ }
      done({ status: request.status, body, header: (name) => request.getResponseHeader(name) });
    });
    request.send(body);
  });

  const show = (shown, sent) => {
    shown.bar.value = sent;
    shown.state.textContent = `${Math.floor((100 * sent) / shown.bar.max)} %`;
  };

  const finish = (shown, { status, body }) => {
    if (status === 201 || status === 200 || status === 202) {
      shown.bar.value = shown.bar.max;
      const link = document.createElement("a");
      link.href = `/console/packages/${body.id}`;
      link.textContent = `${body.name} ${body.version} ${body.architecture}`;
      shown.state.replaceChildren(status === 200 ? "was there: " : "added: ", link);
      shown.item.className = "done";
    } else {
      const why = [body.title, body.detail].filter(Boolean).join(": ");
      shown.state.textContent = plain(why) || "the connection was lost";
      shown.item.className = "failed";
    }
  };

  const sendWhole = (file, query, shown) => {
    const headers = { "Content-Type": "application/vnd.debian.binary-package" };
    return ask("POST", `/console/upload?${query}`, headers, file, (sent) => show(shown, sent));
  };

  // Files that are larger go in parts of this size, by tus 1.0: what breaks off goes on where it stopped, also when the page was closed.
  const PART = 16 * 1024 * 1024;
  const TUS = { "Tus-Resumable": "1.0.0" };
  // How often an answer is waited for in vain, and how long each time, in seconds, before an upload is given up.
  const WAITS = [1, 2, 5, 10, 20, 30, 60, 60];

  const sleep = (seconds) => new Promise((done) => { setTimeout(done, 1000 * seconds); });
  const isPassing = (status) => status === 0 || status === 408 || status === 429 || status >= 500;

  const begin = (file, query) => {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
    const headers = { ...TUS, "Upload-Length": file.size, "Upload-Metadata": `filename ${name}` };
    return ask("POST", `/console/uploads?${query}`, headers);
  };

  const sendInParts = async (file, query, shown) => {
    const key = `upload ${query} ${file.name} ${file.size} ${file.lastModified}`;
    const forget = (answer) => { localStorage.removeItem(key); return answer; };
    let path = localStorage.getItem(key);
    let offset = null;
    for (let failed = 0; ;) {
      let answer;
      if (!path) {
        answer = await begin(file, query);
        if (answer.status === 201) {
          path = answer.header("Location");
          offset = 0;
          localStorage.setItem(key, path);
          continue;
        }
      } else if (offset === null) {
        answer = await ask("HEAD", path, TUS);
        if (answer.status === 200) {
          offset = Number(answer.header("Upload-Offset"));
          continue;
        }
        if (answer.status === 404) {
          forget();
          path = null;
          continue;
        }
      } else {
        const headers = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset, Prefer: "return=representation" };
        const start = offset;
        answer = await ask("PATCH", path, headers, file.slice(start, start + PART), (sent) => show(shown, start + sent));
        if (answer.status === 204) {
          offset = Number(answer.header("Upload-Offset"));
          failed = 0;
          continue;
        }
        offset = null;
      }
      const isElsewhere = answer.body.code === "upload_offset";
      if (!isPassing(answer.status) && !isElsewhere) return forget(answer);
      // Dropped again, it goes on.
      if (failed >= WAITS.length) return answer;
      shown.state.textContent = `waits for the server, at ${Math.floor((100 * shown.bar.value) / shown.bar.max)} %`;
      await sleep(WAITS[failed]);
      failed += 1;
    }
  };

  const send = async (file, query, shown) => {
    finish(shown, await (file.size > PART ? sendInParts : sendWhole)(file, query, shown));
  };

  const take = (files) => {
    const query = new URLSearchParams({ suite: document.getElementById("suite").value });
    if (form.elements.allow_vulnerable?.checked) query.set("allow_vulnerable", "true");
    for (const file of files) {
      const shown = line(file);
      turn = turn.then(() => send(file, query, shown));
    }
  };

  input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  }
  drop.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
}
