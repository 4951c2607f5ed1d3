/* Asking the daemon: every request of the page goes through here. */
import { parseNpy } from "./npy.js";

const KEY = "advect-key";
const KEPT_ASKS = 30;

/* The daemon refused: a problem document. */
export class Refusal extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.title || `The server answered with status ${status}.`);
    this.status = status;
    this.kind = (problem.type ?? "").replace("urn:advect:", "");
    this.field = problem.field;
    this.retryAfter = retryAfter;
  }
  get passing() { return this.status === 503 || this.status === 429; }
}

/* No answer, or half of one. */
export class Unreachable extends Error {
  get passing() { return true; }
}

/* What was asked lately, the latest first: {method, path, body, accept, model, ms, outcome}. */
export const asks = [];

/* "asked": a request went out or came back; "locked": the daemon wants a key; "trouble": it is gone,
 * or draining. */
export const events = new EventTarget();

function tell(name, detail) {
  events.dispatchEvent(new CustomEvent(name, { detail }));
}

export function hasKey() {
  return Boolean(sessionStorage.getItem(KEY));
}

/* Kept for this tab alone. */
export function setKey(key) {
  sessionStorage.setItem(KEY, key);
}

/* The path of a model, or of what is asked of it: "samples", "density.png". */
export function modelPath(model, what) {
  const path = `v1/models/${encodeURIComponent(model.name)}`;
  return what ? `${path}/${what}` : path;
}

function note(method, path, body, accept) {
  const ask = { method, path, body, accept, at: performance.now(), outcome: "under way" };
  asks.unshift(ask);
  asks.length = Math.min(asks.length, KEPT_ASKS);
  tell("asked", ask);
  return ask;
}

function conclude(ask, outcome) {
  ask.ms = performance.now() - ask.at;
  ask.outcome = outcome;
  tell("asked", ask);
}

async function refusalOf(reply) {
  const problem = await reply.json().catch(() => ({}));
  const after = Number(reply.headers.get("Retry-After"));
  return new Refusal(reply.status, problem, after > 0 ? after : undefined);
}

/* Makes errors of fetch and of broken bodies ours; aborts pass as they are. */
function explain(error) {
  if (error.name === "AbortError" || error instanceof Refusal)
    return error;
  return error instanceof TypeError
    ? new Unreachable("The server does not answer.", { cause: error }) : error;
}

function headersOf(body, accept) {
  const headers = { Accept: accept };
  if (body)
    headers["Content-Type"] = "application/json";
  if (hasKey())
    headers.Authorization = `Bearer ${sessionStorage.getItem(KEY)}`;
  return headers;
}

/* Asks, hands the good reply to `read`, and returns what that makes of it. */
async function ask(path, { body, accept = "application/json", signal, silent }, read) {
  const text = body ? JSON.stringify(body) : undefined;
  const record = silent ? {} : note(body ? "POST" : "GET", path, text, accept);
  try {
    const reply = await fetch(path, {
      method: body ? "POST" : "GET", headers: headersOf(body, accept), body: text, signal,
    });
    if (!reply.ok)
      throw await refusalOf(reply);
    const result = await read(reply);
    if (!silent)
      conclude(record, String(reply.status));
    return result;
  } catch (caught) {
    const error = explain(caught);
    if (!silent)
      conclude(record, error.name === "AbortError" ? "cancelled" : error.status ?? "no answer");
    if (error.status === 401)
      tell("locked", error);
    if (error instanceof Unreachable || error.kind === "draining" || error.kind === "not-ready")
      tell("trouble", error);
    throw error;
  }
}

export function askJson(path, options = {}) {
  return ask(path, options, (reply) => reply.json());
}

/* {shape, data} */
export function askNpy(path, options) {
  return ask(path, { ...options, accept: "application/x-npy" },
    async (reply) => parseNpy(await reply.arrayBuffer()));
}

export function askBlob(path, options) {
  return ask(path, options, (reply) => reply.blob());
}

/* Calls `onLine` with every line's object as it arrives. A stream that fails midway ends with a
 * problem document, or breaks off. */
export function askLines(path, options, onLine) {
  return ask(path, { ...options, accept: "application/x-ndjson" }, async (reply) => {
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const object = JSON.parse(line);
        if (object.title)
          throw new Refusal(object.status, object);
        onLine(object);
      }
    }
    if (rest)
      throw new Unreachable("The answer broke off.");
  });
}
