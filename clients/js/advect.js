/* The client of Advect's daemon, for browsers and node (18 or newer), without dependencies. Arrays go
 * and come as NPY, and are {shape, data} with a typed array in C order; trajectories come frame by
 * frame. What the daemon refuses for now (429, 503), and what was lost on the way, is asked again, after
 * as long as Retry-After says. The daemon's own page is written with it.
 *
 *     const model = connect("http://127.0.0.1:8080").model("checkerboard-4x4");
 *     const { shape, data } = await model.sample(1000, { seed: 1 });
 *     for await (const { t, data } of model.trajectory(100, { frames: 31 })) draw(t, data);
 */

const JSON_TYPE = "application/json", NPY_TYPE = "application/x-npy", LINES_TYPE = "application/x-ndjson";
const RETRIES = 2, FIRST_WAIT_S = 0.25, LONGEST_WAIT_S = 30;
const LONGEST_QUERY = 6000; /* characters of a URL; the daemon takes 8 KiB */

/* ---------------------------------------------------------------- errors */

/* What this module throws; aborts pass as they are. `passing`: the same may be answered later. */
export class AdvectError extends Error {
  get name() { return this.constructor.name; }
  get passing() { return false; }
}

/* An array that no daemon would take, found before anything was sent. */
export class InvalidInput extends AdvectError {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/* The daemon refused, by a problem document: its detail, which names the value and what is allowed, is
 * the message. */
export class Refusal extends AdvectError {
  constructor(status, problem = {}, retryAfter = undefined) {
    super(problem.detail || problem.title || `The server answered with status ${status}.`);
    this.status = status;
    this.kind = (problem.type ?? "").replace("urn:advect:", "");
    this.field = problem.field;
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
  }
  get passing() { return this.status === 429 || this.status === 503; }
}

/* No answer, or half of one. */
export class Unreachable extends AdvectError {
  get passing() { return true; }
}

async function refusalOf(reply) {
  const problem = await reply.json().catch(() => ({}));
  const after = Number(reply.headers.get("Retry-After"));
  return new Refusal(reply.status, problem ?? {}, after > 0 ? after : undefined);
}

/* Errors of fetch, and of a reply that has begun, as ours; those of the caller's signal are its own. */
function explain(error, signal, reply) {
  if (signal?.aborted)
    return signal.reason ?? error;
  if (!(error instanceof TypeError))
    return error;
  return new Unreachable(reply ? "The answer broke off." : "The server does not answer.", { cause: error });
}

function pause(seconds, signal) {
  return new Promise((done, fail) => {
    const give = () => { clearTimeout(timer); fail(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", give); done(); }, seconds * 1000);
    signal?.addEventListener("abort", give, { once: true });
  });
}

/* ---------------------------------------------------------------- arrays */

/* The NPY array of float32 in a buffer, as the daemon writes them: {shape, data}. The data lie at a
 * multiple of 64 bytes, so they are not copied. */
export function parseNpy(buffer) {
  const view = new DataView(buffer), bytes = new Uint8Array(buffer);
  const magic = bytes.length > 10 && bytes[0] === 0x93 && String.fromCharCode(...bytes.subarray(1, 6)) === "NUMPY";
  if (!magic)
    throw new AdvectError("The server's array is not in NPY format.");
  const wide = bytes[6] > 1, start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const shape = header.match(/'shape': \(([^)]*)\)/)?.[1].split(",").map((s) => s.trim())
    .filter((s) => s !== "").map(Number);
  if (!shape || !header.includes("'<f4'") || header.includes("True"))
    throw new AdvectError("The server's array is not of float32 in C order.");
  const n = shape.reduce((product, side) => product * side, 1);
  if (buffer.byteLength - end !== 4 * n)
    throw new AdvectError(`The server's array of shape ${shape.join(" x ")} has ${buffer.byteLength - end} bytes.`);
  return { shape, data: new Float32Array(buffer, end, n) };
}

/* The bytes of an NPY array, of float32 or uint8. */
export function writeNpy({ shape, data }) {
  const type = data instanceof Float32Array ? "<f4" : "|u1";
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (start - 10) & 255, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${header.padEnd(start - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

const isNumbers = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);

function checkNumber(field, at, value, single) {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new InvalidInput(field, `${field}${at} is ${typeof value === "number" ? value : typeof value}; it must be a finite number`);
  if (!Number.isFinite(single))
    throw new InvalidInput(field, `${field}${at} is ${value}; it must fit float32, at most 3.4e38 either way`);
}

/* Rows of numbers, each row an array or a typed one. */
function ofRows(rows, field) {
  const dim = rows[0].length, data = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    if (!Array.isArray(row) && !isNumbers(row))
      throw new InvalidInput(field, `${field}[${i}] is ${typeof row}; it must be an array of numbers`);
    if (row.length !== dim)
      throw new InvalidInput(field, `${field}[${i}] has ${row.length} numbers; it must have ${dim}, as ${field}[0] has`);
    for (let k = 0; k < dim; k++)
      checkNumber(field, `[${i}][${k}]`, row[k], data[i * dim + k] = Math.fround(row[k]));
  });
  return { shape: [rows.length, dim], data };
}

/* Numbers with a shape, or one point without. */
function ofNumbers({ shape, data }, field) {
  if (!Array.isArray(shape) || !(Array.isArray(data) || isNumbers(data)))
    throw new InvalidInput(field, `${field} is an object without a shape and data; it must be {shape, data} or an array of rows`);
  const n = shape.reduce((product, side) => product * side, 1);
  if (n !== data.length)
    throw new InvalidInput(field, `${field} has ${data.length} numbers; its shape ${shape.join(" x ")} wants ${n}`);
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray)
    return { shape, data };
  const single = data instanceof Float32Array ? data : Float32Array.from(data);
  for (let i = 0; i < n; i++)
    if (!Number.isFinite(single[i]) || typeof data[i] !== "number")
      checkNumber(field, `[${i}]`, data[i], single[i]);
  return { shape, data: single };
}

/* Points as {shape, data} of float32, or of uint8 (pixels); refuses what is empty, ragged or not
 * finite. */
export function toArray(points, field = "points") {
  if (typeof points !== "object" || points === null)
    throw new InvalidInput(field, `${field} is ${points === null ? "null" : typeof points}; it must be an array of rows of numbers, or {shape, data}`);
  const flat = isNumbers(points) || (Array.isArray(points) && typeof points[0] === "number");
  const rows = Array.isArray(points) && !flat;
  if (rows && points.length > 0 && !Array.isArray(points[0]) && !isNumbers(points[0]))
    throw new InvalidInput(field, `${field}[0] is ${typeof points[0]}; it must be an array of numbers`);
  const empty = rows || flat ? points.length === 0 || points[0].length === 0 : points.data?.length === 0;
  if (empty)
    throw new InvalidInput(field, `${field} is empty; it must have a row of numbers for each point`);
  if (rows)
    return ofRows(points, field);
  return ofNumbers(flat ? { shape: [1, points.length], data: points } : points, field);
}

/* Nested arrays, as JSON has them. */
function toRows({ shape, data }) {
  const dim = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * dim, (i + 1) * dim)));
}

/* ---------------------------------------------------------------- fields */

/* Names in the URL of what are members of an object in JSON. */
const IN_URL = {
  solver: { method: "solver" },
  divergence: { method: "divergence", seed: "probe_seed", renew: "renew_probes" },
};

const isName = (label) => typeof label === "string";

function textOf(value, name) {
  if (name === "label" && (isName(value) || Array.isArray(value) && value.some(isName)))
    return JSON.stringify(value); // else a name that looks like a number would be one
  if (!Array.isArray(value))
    return String(value);
  if (name === "context" && Array.isArray(value[0]))
    return JSON.stringify(value);
  return value.map((one) => textOf(one)).join(Array.isArray(value[0]) ? ";" : ",");
}

/* The context of a query as JSON has it: numbers, or rows of them. */
function contextOf(context) {
  if (context === undefined || context === null || typeof context === "number")
    return context;
  toArray(context, "context");
  if (Array.isArray(context))
    return context.map((row) => isNumbers(row) ? Array.from(row) : row);
  const data = Float64Array.from(isNumbers(context) ? context : context.data);
  return isNumbers(context) || context.shape.length === 1 ? Array.from(data) : toRows({ shape: context.shape, data });
}

/* Fields whose context is as JSON has it. */
const plain = (fields) => fields?.context === undefined ? fields : { ...fields, context: contextOf(fields.context) };

/* Fields as the query of a URL: {solver: {method: "rk4", steps: 20}} is "solver=rk4&steps=20". */
export function toQuery(fields = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(plain(fields))) {
    if (value === undefined || value === null)
      continue;
    const members = typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [[null, value]];
    for (const [member, held] of members)
      if (held !== undefined && held !== null)
        query.append(member === null ? name : IN_URL[name]?.[member] ?? member, textOf(held, name));
  }
  return query.toString().replaceAll("+", "%20"); // blanks, as the daemon has them
}

/* ---------------------------------------------------------------- the connection */

class Advect {
  constructor(url, { key, retries = RETRIES, longestWait = LONGEST_WAIT_S, fetch: own } = {}) {
    this.url = url === "" || url.endsWith("/") ? url : `${url}/`;
    this.retries = retries;
    this.longestWait = longestWait;
    this.keyNow = typeof key === "function" ? key : () => key;
    this.fetch = own ?? ((...args) => globalThis.fetch(...args));
  }

  /* One attempt; a reply that is no success is thrown. */
  async attempt(path, { method, body, type = JSON_TYPE, accept = JSON_TYPE, signal }) {
    const headers = { Accept: accept }, key = this.keyNow();
    if (body !== undefined)
      headers["Content-Type"] = type;
    if (key)
      headers.Authorization = `Bearer ${key}`;
    const sent = body === undefined || type !== JSON_TYPE ? body : JSON.stringify(body);
    const reply = await this.fetch(this.url + path,
      { method: method ?? (body === undefined ? "GET" : "POST"), headers, body: sent, signal });
    if (!reply.ok)
      throw await refusalOf(reply);
    return reply;
  }

  /* Asks until there is an answer that read(reply) makes something of, or no sense in asking again.
   * options: {method, body, type, accept, signal, retries}; a body of type JSON is an object. */
  async ask(path, options = {}, read = (reply) => reply) {
    const { signal, retries = this.retries } = options;
    for (let attempt = 0; ; attempt++) {
      let reply;
      try {
        reply = await this.attempt(path, options);
        return await read(reply);
      } catch (caught) {
        const error = explain(caught, signal, reply), wait = error.retryAfter ?? FIRST_WAIT_S * 2 ** attempt;
        if (!error.passing || attempt >= retries || wait > this.longestWait)
          throw error;
        await pause(wait, signal);
      }
    }
  }

  json(path, options) {
    return this.ask(path, options, (reply) => reply.json());
  }

  /* {shape, data}, of what begins with base samples their seed, and the warning of the answer, if there
   * is one. */
  npy(path, options) {
    return this.ask(path, { ...options, accept: NPY_TYPE }, async (reply) => {
      const array = parseNpy(await reply.arrayBuffer());
      const seed = reply.headers.get("Advect-Seed"), warning = reply.headers.get("Advect-Warning");
      return { ...array, ...(seed !== null && { seed: Number(seed) }), ...(warning !== null && { warning }) };
    });
  }

  blob(path, options) {
    return this.ask(path, options, (reply) => reply.blob());
  }

  /* The objects of a stream of lines, as they arrive. Once it has begun it is not asked for again: it
   * fails if it ends with a problem document or breaks off. */
  async *lines(path, options = {}) {
    const reply = await this.ask(path, { ...options, accept: LINES_TYPE });
    const seed = reply.headers.get("Advect-Seed"), reader = reply.body.getReader(), decoder = new TextDecoder();
    let rest = "";
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + decoder.decode(part.value, { stream: true })).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          const object = JSON.parse(line);
          if (object.title)
            throw new Refusal(object.status, object);
          yield seed === null ? object : { ...object, seed: Number(seed) };
        }
      }
      if (rest)
        throw new Unreachable("The answer broke off.");
    } catch (error) {
      throw explain(error, options.signal, reply);
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /* {models, refused}: what is served, and the files that are not. */
  models(options) {
    return this.json("v1/models", options);
  }

  /* {status, models}; a Refusal where no requests are taken. */
  ready(options) {
    return this.json("health/ready", options);
  }

  model(name) {
    return new Model(this, name);
  }
}

/* ---------------------------------------------------------------- a model */

/* The fields of queries are those of api.md, by the same names; `signal` beside them aborts. A context
 * may be any kind of array that points may be. */
class Model {
  constructor(advect, name) {
    this.advect = advect;
    this.name = name;
  }

  /* The path of what is asked of it: "samples", "density.png"; of itself without. */
  path(what, fields) {
    const query = toQuery(fields), path = `v1/models/${encodeURIComponent(this.name)}`;
    return (what ? `${path}/${what}` : path) + (query ? `?${query}` : "");
  }

  /* What the daemon says of it, with its configuration. */
  info(options) {
    return this.advect.json(this.path(), options);
  }

  /* Any query with its whole answer as JSON: "samples", "log-density", ... */
  ask(what, { signal, ...body } = {}) {
    return this.advect.json(this.path(what), { body: plain(body), signal });
  }

  /* Where the query goes and with what: points are uploaded, with the other fields in the URL, unless
   * they are too long for one. */
  send(what, points, given) {
    const fields = plain(given);
    const field = what === "samples" || what === "trajectories" ? "x0" : "points";
    if (points === undefined)
      return [this.path(what), { body: fields }];
    const array = toArray(points, field), path = this.path(what, fields);
    if (path.length > LONGEST_QUERY && array.data instanceof Float32Array)
      return [this.path(what), { body: { ...fields, [field]: toRows(array) } }];
    return [path, { body: writeNpy(array), type: NPY_TYPE }];
  }

  array(what, points, { signal, ...fields }) {
    const [path, sent] = this.send(what, points, fields);
    return this.advect.npy(path, { ...sent, signal });
  }

  /* n samples, of each context where there are several, those of the first being the first; or one for
   * each row of x0: {shape: [rows, dim], data, seed}. */
  async sample(n, { x0, ...fields } = {}) {
    return this.array("samples", x0, { n, ...fields });
  }

  /* Log-densities of points in nats: {shape: [n], data}. */
  async logProb(points, fields = {}) {
    return this.array("log-density", points ?? null, fields);
  }

  /* The base points that the flow maps to the given ones: {shape: [n, dim], data}. */
  async encode(points, fields = {}) {
    return this.array("latents", points ?? null, fields);
  }

  /* The velocity at points at time t: {shape: [n, dim], data}. */
  async velocity(points, t, fields = {}) {
    return this.array("velocity", points ?? null, { t, ...fields });
  }

  /* The score, the gradient of log p_t, at points at time t: {shape: [n, dim], data}; of the method
   * "difference" [n, dim + 1], with the error of each row as its last number. */
  async score(points, t, fields = {}) {
    return this.array("score", points ?? null, { t, ...fields });
  }

  /* The states of n samples, a frame at a time as they are reached: {frame, t, shape: [n, dim], data,
   * seed}. */
  async *trajectory(n, { x0, signal, ...fields } = {}) {
    const [path, sent] = this.send("trajectories", x0, { n, ...fields });
    for await (const { states, ...frame } of this.advect.lines(path, { ...sent, signal })) {
      const data = new Float32Array(states.length * states[0].length);
      states.forEach((row, i) => data.set(row, i * row.length));
      yield { ...frame, shape: [states.length, states[0].length], data };
    }
  }
}

/* A daemon at a URL, "" being that of the page. options:
 *
 *     key          API key, or a function that returns it
 *     retries      how often is asked again, 2; 0: never
 *     longestWait  longest time in seconds that Retry-After may ask for, 30; beyond it the refusal is
 *                  thrown
 *     fetch        in place of the global one */
export function connect(url = "", options = {}) {
  return new Advect(url, options);
}
