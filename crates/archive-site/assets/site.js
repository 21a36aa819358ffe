// What pages do without: search, buttons that copy, times as people say them.
"use strict";

(() => {
  const copyButtons = () => {
    if (!navigator.clipboard) return;
    for (const code of document.querySelectorAll(".command code, .digest code")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      const box = code.closest(".command, .digest");
      const label = code.closest("pre")?.getAttribute("aria-label") ?? "SHA-256";
      button.setAttribute("aria-label", `Copy: ${label}`);
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch {
          button.textContent = "Not copied";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
      box.append(button);
    }
  };

  const times = () => {
    const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
    const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    for (const time of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.valueOf())) continue;
      const seconds = (moment - Date.now()) / 1000;
      const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units[4];
      time.title = moment.toLocaleString();
      if (time.dataset.until === undefined) {
        time.textContent = Math.abs(seconds) < 60 ? "just now" : words.format(Math.trunc(seconds / length), unit);
      } else if (seconds < 0) {
        time.classList.add("late");
        time.textContent += " (expired)";
      }
    }
  };

  // Shards are named by how words begin; `more` says that longer names hold more, beyond the letters that all have in `common`.
  const shards = new Map();
  const shard = (suite, prefix) => {
    const address = `${suite}_search/${encodeURIComponent(prefix)}.json`;
    if (!shards.has(address)) {
      const none = { more: false, common: 0, packages: [] };
      shards.set(address, fetch(address).then((answer) => (answer.ok ? answer.json() : none), () => none));
    }
    return shards.get(address);
  };

  const DEPTH = 20;
  const lookUp = async (suite, word, found) => {
    for (let length = 1; length <= Math.min(word.length, DEPTH);) {
      const { more, common, packages } = await shard(suite, word.slice(0, length));
      for (const [name, summary] of packages) found.set(name, summary);
      if (!more) return true;
      length = Math.max(length, common) + 1;
    }
    return false;
  };

  const find = async (suite, query, show) => {
    const terms = query.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
    const plain = terms.flatMap((term) => [term.replace(/[^a-z0-9+._-]/g, ""), ...term.split(/[^a-z0-9]+/)]);
    const words = [...new Set(plain)].filter(Boolean).sort((one, other) => other.length - one.length);
    const found = new Map();
    if (words.length === 0) show([], true);
    for (const word of words) {
      const isWhole = await lookUp(suite, word, found);
      const matching = [...found]
        .filter(([name, summary]) => terms.every((term) => `${name} ${summary}`.toLowerCase().includes(term)))
        .sort(([one], [other]) => rank(one, terms) - rank(other, terms) || one.length - other.length || (one < other ? -1 : 1));
      if (show(matching, isWhole)) return;
    }
  };

  const rank = (name, [term]) => {
    const text = name.toLowerCase();
    return text === term ? 0 : text.startsWith(term) ? 1 : text.includes(term) ? 2 : 3;
  };

  const resultList = (suite, matching) => {
    const list = document.createElement("ol");
    for (const [name, summary] of matching.slice(0, 40)) {
      const folder = name === "index.html" || name === "index.json" ? `_${name}` : name;
      const link = document.createElement("a");
      link.href = `${suite}${encodeURIComponent(folder)}/index.html`;
      const strong = document.createElement("strong");
      strong.textContent = name;
      const text = document.createElement("span");
      text.textContent = summary;
      link.append(strong, text);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    return list;
  };

  const search = () => {
    const form = document.querySelector("form.search");
    if (!form) return;
    const input = form.querySelector("input");
    const results = document.getElementById("results");
    const { suite } = form.dataset;
    form.hidden = false;
    let asked = 0;
    const update = async () => {
      const query = input.value.trim();
      const turn = ++asked;
      if (!query) {
        results.hidden = true;
        return;
      }
      await find(suite, query, (matching, isWhole) => {
        // A later key has been pressed.
        if (turn !== asked) return true;
        const note = document.createElement("p");
        note.textContent = matching.length === 0 ? `Nothing in this suite matches “${query}”`
          : isWhole ? `${matching.length} ${matching.length === 1 ? "package" : "packages"}`
          : `The first ${Math.min(matching.length, 40)}; type more to narrow`;
        results.replaceChildren(note, ...(matching.length ? [resultList(suite, matching)] : []));
        results.hidden = false;
        return isWhole && matching.length > 0;
      });
    };
    input.addEventListener("input", update);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await update();
      results.querySelector("a")?.click();
    });
    document.addEventListener("keydown", (event) => {
      const links = [...results.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        input.focus();
      } else if (event.key === "Escape" && !results.hidden) {
        input.value = "";
        update();
        input.focus();
      } else if (event.key === "ArrowDown" && !results.hidden && (at >= 0 || document.activeElement === input)) {
        event.preventDefault();
        links[at + 1]?.focus();
      } else if (event.key === "ArrowUp" && at >= 0) {
        event.preventDefault();
        (links[at - 1] ?? input).focus();
      }
    });
    const asking = new URLSearchParams(location.search).get("q");
    if (asking) {
      input.value = asking;
      update();
    }
  };

  copyButtons();
  times();
  search();
})();
