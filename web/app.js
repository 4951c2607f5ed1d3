/* The page: which models there are, which view of which model is open, as the URL says:
 * #/VIEW/MODEL?SETTINGS. */
import { carryFrom } from "./images/carried-image.js";
import { askJson, events, hasKey, setKey } from "./lib/api.js";
import { copy } from "./lib/clipboard.js";
import { el } from "./lib/dom.js";
import { acceptDrops, modelOf } from "./lib/picture.js";
import { watchServer } from "./lib/server-banner.js";
import { duration } from "./lib/text.js";
import { themeButton } from "./lib/theme.js";
import { flowView } from "./views/flow.js";
import { generateView } from "./views/generate.js";
import { drawView, pointsView, posteriorView } from "./views/later.js";
import { modelView } from "./views/model.js";
import { moreViews } from "./views/more.js";

const VIEWS = [...moreViews, flowView, pointsView, posteriorView, generateView, drawView, modelView];
const SLOW_MS = 1500;

const place = document.getElementById("view"), picker = document.getElementById("models");
const tabs = document.getElementById("tabs"), link = document.getElementById("link");
const latest = new Map(); /* name of a view -> name of the model last shown in it, and its settings */
const handedOn = new Set(); /* addresses with settings of another model: what does not fit is no fault */
let models = [], refused = [], open = null;

function readHash() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, model] = path.split("/");
  let name = model;
  try {
    name = model && decodeURIComponent(model);
  } catch { /* not of ours: no such model */ }
  return { view, model: name, params: new URLSearchParams(query ?? "") };
}

function address(view, model, query = "") {
  return `#/${view.name}/${encodeURIComponent(model.name)}${query ? `?${query}` : ""}`;
}

function note(...words) {
  close();
  place.replaceChildren(el("div", { class: "note", role: "status" }, words));
}

function close() {
  open?.close();
  open = null;
}

/* The model to show in a view: the one that is open, the last that was, or the best for it. */
function modelFor(view, model) {
  const fitting = models.filter((m) => view.suits(m)), rank = (m) => view.rank?.(m) ?? 0;
  return fitting.find((m) => m === model) ?? fitting.find((m) => m.name === latest.get(view.name)?.model) ??
    fitting.sort((a, b) => rank(a) - rank(b))[0];
}

/* The address of a model in a view, with the settings that were last made there, but for those that mean
 * nothing of another model. */
function addressWithSettings(view, model) {
  const last = latest.get(view.name), settings = new URLSearchParams(last?.query ?? "");
  if (last && last.model !== model.name)
    (view.ofModel ?? []).forEach((name) => settings.delete(name));
  const hash = address(view, model, settings.toString().replaceAll("%2C", ",").replaceAll("%3B", ";"));
  handedOn.add(hash);
  return hash;
}

function tab(view, open, model) {
  const shown = modelFor(view, model);
  return shown && el("a", { href: addressWithSettings(view, shown), title: shown === model ? null : `opens the model ${shown.name}`,
    "aria-current": view === open ? "page" : null }, view.title);
}

function showTabs(view, model) {
  tabs.replaceChildren(...VIEWS.map((v) => tab(v, view, model)).filter(Boolean));
  picker.value = model.name;
  document.title = `${view.title}: ${model.name} – Advect`;
}

/* Opens what the URL says, or what is nearest to it. */
function route() {
  const wanted = readHash();
  if (!models.length)
    return;
  const named = VIEWS.find((v) => v.name === wanted.view);
  const model = wanted.model ? models.find((m) => m.name === wanted.model)
    : modelFor(named ?? flowView) ?? models[0];
  if (!model) {
    note(el("h1", {}, "No such model"), el("p", {}, `There is no model “${wanted.model}” here. Choose one above.`), refusedList());
    tabs.replaceChildren();
    picker.value = "";
    return;
  }
  const fitting = VIEWS.filter((v) => v.suits(model));
  const view = fitting.find((v) => v === named) ?? fitting[0];
  const fault = !wanted.view || view === named ? null
    : `${named ? `“${named.title}” cannot show ${model.name}` : `There is no view “${wanted.view.slice(0, 40)}”`}; this is “${view.title}”.`;
  show(view, model, fault ? new URLSearchParams() : wanted.params, fault);
}

/* fault: in words why the view is not the one that was asked for. */
function show(view, model, params, fault) {
  let written = location.hash;
  const remember = (query) => {
    latest.set(view.name, { model: model.name, query });
    if (location.hash !== written)
      return; /* another address was just opened, which this view must not write over */
    history.replaceState(null, "", address(view, model, query));
    written = location.hash;
    for (const link of tabs.querySelectorAll("[aria-current]"))
      link.href = location.hash;
  };
  const ours = handedOn.has(location.hash);
  close();
  place.replaceChildren(el("h1", { class: "title" }, `${view.title}: ${model.name}`),
    fault ? el("p", { class: "refusal" }, fault) : "");
  place.className = `view-${view.name}`;
  if (fault)
    remember("");
  latest.set(view.name, { model: model.name, query: params.toString() });
  showTabs(view, model);
  open = view.open(place, { model, refused, params, ours, remember, reopen,
    peers: models.filter((m) => m !== model && view.suits(m)),
    go: (name) => { location.hash = address(VIEWS.find((v) => v.name === name), model); },
    reload: load, refresh });
}

/* The view anew, with its settings, of which not all mean something any more. */
function reopen() {
  handedOn.add(location.hash);
  route();
}

function refusedList() {
  return refused.length ? el("div", {}, el("p", {}, "These files could not be loaded:"),
    el("ul", {}, refused.map((r) => el("li", {}, el("code", {}, r.file), ` – ${r.reason}`)))) : null;
}

function group(title, members) {
  return members.length ? el("optgroup", { label: title },
    members.map((m) => el("option", { value: m.name }, m.name))) : null;
}

function fillPicker() {
  const kinds = [["Points of the plane", flowView], ["Points of other dimensions", pointsView],
    ["Given a context", posteriorView], ["Images", generateView]];
  const groups = kinds.map(([title, view]) => group(title, models.filter((m) => view.suits(m))));
  groups.push(group("Other models", models.filter((m) => !kinds.some(([, view]) => view.suits(m)))));
  picker.replaceChildren(...groups.filter(Boolean));
  picker.disabled = !models.length;
}

function showNone() {
  tabs.replaceChildren();
  note(el("h1", {}, "No model is loaded"),
    el("p", {}, "The server runs, but its model directory holds no model that it can serve. Put a .safetensors file of Advect there and send the server SIGHUP."),
    refusedList(), el("button", { type: "button", onclick: load }, "Reload models"));
}

function askForKey() {
  close();
  const input = el("input", { id: "key", type: "password", autocomplete: "off", required: true });
  place.replaceChildren(el("form", { class: "note key", onsubmit: (event) => {
    event.preventDefault();
    setKey(input.value);
    load();
  } },
  el("h1", {}, "API key required"),
  el("p", {}, hasKey() ? "The server did not accept this API key." : "This server asks for a key before it answers."),
  el("label", { for: "key" }, "API key"), input, el("button", {}, "Unlock"),
  el("p", { class: "dim" }, "The key is kept in this tab of the browser until you close it.")));
  input.focus();
}

/* The list anew, beneath a view that stays. */
async function refresh() {
  ({ models, refused } = await askJson("v1/models", { silent: true }));
  fillPicker();
  const { view, model } = readHash(), shown = models.find((m) => m.name === model);
  if (shown)
    showTabs(VIEWS.find((v) => v.name === view), shown);
}

async function load() {
  const began = performance.now(), words = el("p");
  note(words);
  const tick = () => {
    const late = performance.now() - began;
    words.textContent = late < SLOW_MS ? "Loading the list of models…"
      : `Waiting for the server's list of models for ${duration(Math.round(late / 1000))}…`;
  };
  tick();
  const timer = setInterval(tick, 500);
  try {
    ({ models, refused } = await askJson("v1/models", { silent: true }));
    fillPicker();
    document.body.classList.toggle("keyed", hasKey());
    if (models.length)
      route();
    else
      showNone();
  } catch (error) {
    models = [];
    if (error.status !== 401)
      note(el("h1", {}, "The list of models could not be loaded"), el("p", {}, error.message),
        el("button", { type: "button", onclick: load }, "Try again"));
  } finally {
    clearInterval(timer);
  }
}

picker.addEventListener("change", () => {
  const model = models.find((m) => m.name === picker.value), now = readHash();
  const view = VIEWS.find((v) => v.name === now.view && v.suits(model)) ?? VIEWS.find((v) => v.suits(model));
  location.hash = addressWithSettings(view, model);
});
link.addEventListener("click", () => copy(location.href, (words) => {
  const text = words === "Copied" ? "Link copied" : words ? "Copy the address" : "Copy link";
  link.title = text;
  link.setAttribute("aria-label", text);
  link.lastElementChild.textContent = words ? text : "";
}));
document.querySelector(".brand").addEventListener("click", (event) => {
  event.preventDefault();
  location.hash = "";
});
window.addEventListener("hashchange", () => (models.length ? route() : load()));
window.addEventListener("advect-back", () => { if (!models.length) load(); });
events.addEventListener("locked", askForKey);

function tellOfDrop(words) {
  place.querySelector(".dropped")?.remove();
  place.prepend(el("p", { class: "refusal dropped", role: "alert" }, words));
}

/* Opens what a picture shows, a drawing too; by another model of the same name it may look different. */
acceptDrops(async (hash, file) => {
  await carryFrom(file);
  for (const view of VIEWS)
    await view.carry?.(file);
  history.pushState(null, "", hash);
  route();
  const made = await modelOf(file), here = models.find((m) => m.name === made?.name);
  if (here && here.digest !== made.digest)
    tellOfDrop(`${file.name} was made by another model of the name ${here.name}, with the digest ${made.digest}; this one has ${here.digest}.`);
}, tellOfDrop);
themeButton(document.getElementById("theme"));
watchServer(document.getElementById("banner"));
load();
