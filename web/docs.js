/* The API as /openapi.json describes it: a box for each operation, with its fields, its answers and a
 * command. Nothing about the API is said here that the description does not say. */
import { askJson, hasKey, setKey } from "./lib/api.js";
import { commandBox, quoted } from "./lib/curl-list.js";
import { el } from "./lib/dom.js";
import { themeButton } from "./lib/theme.js";

const GROUPS = [
  ["Queries of a model", (path) => /^\/v1\/models\/\{model\}\/[a-z-]+$/.test(path)],
  ["Models", (path) => /^\/v1\/models(\/\{model\})?$/.test(path)],
  ["Pictures", (path) => path.endsWith(".png")],
  ["Jobs", (path) => path.startsWith("/v1/jobs")],
  ["Operation", () => true],
];

const place = document.getElementById("api"), find = document.getElementById("find");
let description;

function resolve(node) {
  const path = node?.$ref?.replace("#/", "").split("/");
  return path ? path.reduce((at, name) => at[name], description) : node;
}

/* A schema in a few words: "number[][]", "integer from 0", "exact | hutchinson". */
function words(schema, depth = 0) {
  if (schema.$ref)
    return schema.$ref.split("/").pop();
  if (schema.anyOf)
    return schema.anyOf.map((one) => words(one, depth)).join(" | ");
  if (schema.enum)
    return schema.enum.join(" | ");
  if (schema.type === "array") {
    const inner = words(schema.items, depth + 1);
    return inner.includes(" ") ? `(${inner})[]` : `${inner}[]`;
  }
  if (schema.type === "object")
    return schema.properties ? `{${Object.keys(schema.properties).join(", ")}}` : "object";
  const from = schema.minimum !== undefined && depth === 0 ? ` from ${schema.minimum}` : "";
  const to = schema.maximum !== undefined && depth === 0 ? ` to ${schema.maximum}` : "";
  return schema.type + from + to;
}

function table(title, rows) {
  return rows.length ? el("div", { class: "api-part" }, el("h3", {}, title),
    el("dl", { class: "facts" }, rows.map(([name, type, help]) => [
      el("dt", {}, el("code", {}, name)),
      el("dd", {}, el("span", { class: "api-type" }, type), help ? ` ${help}` : ""),
    ]).flat())) : null;
}

/* Of a body what is needed stands out, of an answer what may be absent. */
function fieldsOf(schema, answer) {
  const { properties = {}, required = [] } = resolve(schema);
  return Object.entries(properties).map(([name, field]) => {
    const mark = required.includes(name) ? !answer && ", needed" : answer && ", may be absent";
    const fallback = field.default !== undefined && `, default ${JSON.stringify(field.default)}`;
    return [name, [words(field), mark, fallback].filter(Boolean).join(""), field.description];
  });
}

function parametersOf(operation, where) {
  return (operation.parameters ?? []).map(resolve).filter((p) => p.in === where)
    .map((p) => [p.name, words(p.schema) + (p.required ? ", needed" : ""), p.description]);
}

/* The media types of a body or answer, with what JSON holds. */
function contentOf(title, content) {
  const json = content?.["application/json"]?.schema;
  const types = Object.keys(content ?? {}).filter((type) => type !== "application/json");
  return [
    json ? table(`${title}, application/json${types.length ? `; also ${types.join(", ")}` : ""}`, fieldsOf(json, title === "Answer")) : null,
    !json && types.length ? el("p", { class: "dim" }, `${title}: ${types.join(", ")}`) : null,
  ];
}

function curl(method, path, operation) {
  const body = operation.requestBody ? " \\\n  -H 'Content-Type: application/json' -d '{}'" : "";
  const key = hasKey() ? ' \\\n  -H "Authorization: Bearer $ADVECT_API_KEY"' : "";
  const verb = method === "delete" ? "-X DELETE " : "";
  return `curl -s ${verb}${quoted(new URL(path.slice(1), document.baseURI).href.replaceAll("%7B", "{").replaceAll("%7D", "}"))}${key}${body}`;
}

function statuses(operation) {
  return Object.entries(operation.responses).filter(([status]) => status !== "default")
    .map(([status, reply]) => [status, "", resolve(reply).description]);
}

function box(method, path, operation) {
  const body = operation.requestBody?.content, answer = resolve(operation.responses["200"] ?? operation.responses["202"])?.content;
  const filled = el("div", { class: "api-body" });
  const fill = () => {
    if (!filled.childElementCount)
      filled.append(...[
        commandBox(`${method.toUpperCase()} ${path}`, "", curl(method, path, operation)),
        ...contentOf("Body", body),
        table(body ? "In the URL, beside an upload" : "In the URL", parametersOf(operation, "query")),
        table("In the head", parametersOf(operation, "header")),
        ...contentOf("Answer", answer),
        table("Statuses", statuses(operation)),
      ].filter(Boolean));
  };
  return el("details", { class: "card", id: operation.operationId, ontoggle: fill },
    el("summary", {}, el("b", {}, method.toUpperCase()), " ", el("code", {}, path), " ",
      el("span", { class: "dim" }, operation.summary)), filled);
}

/* Whether what was typed is anywhere in the operation, with its schemas. */
function haystack(method, path, operation) {
  const bodies = [operation.requestBody?.content, resolve(operation.responses["200"])?.content]
    .map((content) => content?.["application/json"]?.schema).filter(Boolean).map((schema) => fieldsOf(schema));
  return JSON.stringify([method, path, operation, bodies]).toLowerCase();
}

function show() {
  const left = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, box: box(method, path, operation),
      text: haystack(method, path, operation) })));
  const groups = GROUPS.map(([title, holds]) => {
    const own = left.filter((one) => !one.taken && holds(one.path));
    own.forEach((one) => { one.taken = true; });
    return { own, element: el("section", {}, el("h2", {}, title), own.map((one) => one.box)) };
  });
  place.replaceChildren(el("h1", {}, `${description.info.title} ${description.info.version}`),
    el("p", { class: "lead" }, description.info.description),
    ...groups.map((group) => group.element));
  const sift = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const { own, element } of groups) {
      own.forEach((one) => { one.box.hidden = !one.text.includes(wanted); });
      element.hidden = own.every((one) => one.box.hidden);
    }
  };
  find.addEventListener("input", sift);
  sift();
}

function askForKey() {
  const input = el("input", { id: "key", type: "password", autocomplete: "off", required: true });
  place.replaceChildren(el("form", { class: "note key", onsubmit: (event) => {
    event.preventDefault();
    setKey(input.value);
    load();
  } }, el("h1", {}, "API key required"), el("label", { for: "key" }, "API key"), input,
  el("button", {}, "Unlock")));
  input.focus();
}

async function load() {
  try {
    description = await askJson("openapi.json", { silent: true });
    show();
  } catch (error) {
    if (error.status === 401)
      askForKey();
    else
      place.replaceChildren(el("p", { class: "note", role: "alert" }, error.message));
  }
}

themeButton(document.getElementById("theme"));
load();
