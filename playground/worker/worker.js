/* The playground's worker: the core, its models, and the exchanges that are open. Each has a slice of
 * time in turn, and between rounds messages are read, so that none waits long for another. */
importScripts("advect.js", "exchanges.js");

const SLICE_MS = 12;

/* The model of what people make is the first, which opens their view; it has no points of theirs yet. */
const FIRST = '{"name": "your-points", "points": [[0, 0]], "bandwidth": 1}';

const open = new Map(); /* id -> exchange; told: whether its status was */
let begin = null, failure = null, turning = false;
const waiting = []; /* requests from before the core was there */
const turn = new MessageChannel();

const message = (error) => (error instanceof WebAssembly.RuntimeError
  ? "The playground's core stopped. Perhaps memory ran out: reload the page, and try less." : error.message);

function close(id) {
  open.get(id)?.end();
  open.delete(id);
}

/* What there is of an answer, and its end. */
function tell(id, exchange, ended) {
  const { status, type, seed, warning } = exchange;
  if (!exchange.told && status) {
    exchange.told = true;
    postMessage({ id, head: { status, type, seed, warning } });
  }
  const bytes = exchange.told ? exchange.take() : null;
  if (bytes?.length)
    postMessage({ id, bytes }, [bytes.buffer]);
  if (ended) {
    postMessage({ id, ended: true });
    close(id);
  }
}

/* A trap leaves the core in no state to go on with. */
function fail(error) {
  failure = message(error);
  for (const id of open.keys())
    postMessage({ id, failure });
  open.clear();
}

function round() {
  turning = false;
  try {
    for (const [id, exchange] of [...open])
      tell(id, exchange, !exchange.advance(SLICE_MS));
  } catch (error) {
    fail(error);
  }
  keepTurning();
}

function keepTurning() {
  if (open.size && !turning) {
    turning = true;
    turn.port2.postMessage(null);
  }
}

function take({ id, cancel, request }) {
  if (cancel)
    return close(id);
  if (failure)
    return postMessage({ id, failure });
  try {
    open.set(id, begin(request));
  } catch (error) {
    if (error instanceof RangeError)
      postMessage({ id, failure: error.message });
    else
      fail(error);
  }
  keepTurning();
}

turn.port1.onmessage = round;
onmessage = ({ data }) => (begin || failure ? take(data) : waiting.push(data));

/* The models that come along are there before the first answer. */
async function start() {
  try {
    const exchanges = advectExchanges(await advectModule());
    const names = await (await fetch("../models/models.json")).json();
    const files = await Promise.all(names.map(async (name) => {
      const reply = await fetch(`../models/${name}`);
      return { name, body: new Uint8Array(await reply.arrayBuffer()) };
    }));
    exchanges({ method: "POST", target: "/playground/exact", body: new TextEncoder().encode(FIRST) }).end();
    for (const { name, body } of files) {
      exchanges({ method: "PUT", target: `/playground/models?file=${name}`, body }).end();
    }
    begin = exchanges;
  } catch (error) {
    failure = message(error);
  }
  waiting.splice(0).forEach(take);
}

start();
