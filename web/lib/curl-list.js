/* Requests as curl commands to copy. */
import { asks, events, hasKey } from "./api.js";
import { copy } from "./clipboard.js";
import { el } from "./dom.js";
import { duration } from "./text.js";

const SHOWN = 600; /* characters; the copy is whole */

export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function curlOf(ask) {
  const parts = [`curl -sN ${quoted(new URL(ask.path, document.baseURI).href)}`];
  if (hasKey())
    parts.push('-H "Authorization: Bearer $ADVECT_API_KEY"');
  if (ask.accept !== "application/json")
    parts.push(`-H ${quoted(`Accept: ${ask.accept}`)}`);
  if (ask.body)
    parts.push("-H 'Content-Type: application/json'", `-d ${quoted(ask.body)}`);
  if (["application/x-npy", "image/png"].includes(ask.accept))
    parts.push(`-o ${ask.accept === "image/png" ? "answer.png" : "answer.npy"}`);
  return parts.join(" \\\n  ");
}

/* A command with a button that copies it, under what it is and a word beside. */
export function commandBox(title, beside, text) {
  const shown = text.length > SHOWN
    ? `${text.slice(0, SHOWN)}… (${text.length.toLocaleString("en")} characters)` : text;
  const button = el("button", { class: "small copy", onclick: () => copy(text, (words) => { button.textContent = words ?? "Copy"; }) }, "Copy");
  return el("div", { class: "command" },
    el("div", { class: "command-head" }, el("code", {}, title), el("span", { class: "dim" }, beside), button),
    el("pre", { tabindex: "0", "aria-label": "curl command" }, shown));
}

/* A request of the page as such a command. */
export function command(ask) {
  const outcome = ask.ms === undefined ? ask.outcome
    : `${ask.outcome} in ${duration(ask.ms / 1000)}`;
  return commandBox(`${ask.method} ${ask.path.split("?")[0]}`, outcome, curlOf(ask));
}

/* A closed box that lists the latest requests, each once, and keeps itself fresh while open.
 * {element, close} */
export function askList(most, title = "API calls (copy as curl)") {
  const list = el("div", { class: "commands" });
  const show = () => {
    if (!box.open)
      return;
    const seen = new Set(), fresh = [];
    for (const ask of asks) {
      const name = ask.method + ask.path.split("?")[0];
      if (!seen.has(name) && fresh.length < most)
        fresh.push(ask);
      seen.add(name);
    }
    list.replaceChildren(...fresh.map(command));
    if (!fresh.length)
      list.append(el("p", { class: "dim" }, "No requests yet."));
  };
  const box = el("details", { class: "asks", ontoggle: show }, el("summary", {}, title), list);
  events.addEventListener("asked", show);
  return { element: box, close: () => events.removeEventListener("asked", show) };
}
