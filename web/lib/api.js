/* Asking the daemon: every request of the page goes through here, by the client for JavaScript. What
 * was asked is kept for those who want to see it; what failed is asked again when people, or the banner,
 * say so, and not by itself. */
import { connect, Unreachable } from "../../clients/js/advect.js";
import { transport } from "./transport.js";

const KEY = "advect-key";
const KEPT_ASKS = 30;

const advect = connect("", { key: () => sessionStorage.getItem(KEY), retries: 0, fetch: transport });

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
  return advect.model(model.name).path(what);
}

function note(path, { body, accept = "application/json" }) {
  const ask = { method: body ? "POST" : "GET", path, body: body && JSON.stringify(body), accept,
    at: performance.now(), outcome: "under way" };
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

/* Has `work` ask for the path, and tells the page how that went; silent: only trouble. */
async function watch(path, options, work) {
  const record = options.silent ? null : note(path, options);
  try {
    const result = await work();
    if (record)
      conclude(record, "200");
    return result;
  } catch (error) {
    if (record)
      conclude(record, error.name === "AbortError" ? "cancelled" : error.status ?? "no answer");
    if (error.status === 401)
      tell("locked", error);
    if (error instanceof Unreachable || error.kind === "draining" || error.kind === "not-ready")
      tell("trouble", error);
    throw error;
  }
}

export function askJson(path, options = {}) {
  return watch(path, options, () => advect.json(path, options));
}

/* {shape, data} */
export function askNpy(path, options = {}) {
  return watch(path, { ...options, accept: "application/x-npy" }, () => advect.npy(path, options));
}

export function askBlob(path, options = {}) {
  return watch(path, options, () => advect.blob(path, options));
}

/* Calls `onLine` with every line's object as it arrives. A stream that fails midway ends with a
 * problem document, or breaks off. */
export function askLines(path, options, onLine) {
  return watch(path, { ...options, accept: "application/x-ndjson" }, async () => {
    for await (const line of advect.lines(path, options))
      onLine(line);
  });
}

/* In words why no requests are taken; null when they are. */
export async function troubleNow(signal) {
  try {
    await advect.ready({ signal });
    return null;
  } catch (error) {
    return error.status ? `The server takes no requests: ${error.message}.` : "The server does not answer.";
  }
}
