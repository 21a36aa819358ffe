// Uploads: files that are dropped or chosen are sent one after the other, with progress, and what is wrong is said at each.
"use strict";

const form = document.getElementById("upload");

if (form) {
  const drop = document.getElementById("drop");
  const list = document.getElementById("uploads");
  const input = document.getElementById("file");
  let turn = Promise.resolve();

  const line = (file) => {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${file.name}`);
    const state = document.createElement("span");
    state.textContent = "waits";
    item.append(name, " ", bar, " ", state);
    list.append(item);
    return { item, bar, state };
  };

  const send = (file, suite, shown) => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/console/upload?suite=${encodeURIComponent(suite)}`);
    request.setRequestHeader("X-CSRF-Token", form.dataset.csrf);
    request.setRequestHeader("Content-Type", "application/vnd.debian.binary-package");
    request.upload.addEventListener("progress", (event) => {
      shown.bar.value = event.loaded;
      shown.state.textContent = `${Math.round((100 * event.loaded) / (event.total || 1))} %`;
    });
    request.addEventListener("loadend", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* The connection ended. */ }
      shown.bar.value = shown.bar.max;
      if (request.status === 201 || request.status === 200) {
        const link = document.createElement("a");
        link.href = `/console/packages/${answer.id}`;
        link.textContent = `${answer.name} ${answer.version} ${answer.architecture}`;
        shown.state.replaceChildren(request.status === 201 ? "added: " : "was there: ", link);
        shown.item.className = "done";
      } else {
        const why = [answer.title, answer.detail].filter(Boolean).join(": ");
        shown.state.textContent = why || "the connection was lost";
        shown.item.className = "failed";
      }
      done();
    });
    request.send(file);
  });

  const take = (files) => {
    const suite = document.getElementById("suite").value;
    for (const file of files) {
      const shown = line(file);
      turn = turn.then(() => send(file, suite, shown));
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
