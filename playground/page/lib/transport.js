/* How requests travel in the playground: to a worker, which holds the core. It answers as the daemon
 * does, so that neither page nor client knows the difference. In place of web/lib/transport.js. */

/* A module with one instruction of SIMD: (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt). */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0,
  65, 0, 253, 15, 253, 98, 11]);
const NEEDED = "The playground computes with WebAssembly and its SIMD instructions, which this browser lacks. Chrome and Edge have had them since version 91, Firefox since 89, Safari since 16.4.";

const open = new Map(); /* id -> what to do with its messages */
let worker = null, nextId = 1;

function start() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD))
    throw new Error(NEEDED);
  worker = new Worker(new URL("../../core/worker.js", import.meta.url));
  worker.onmessage = ({ data }) => open.get(data.id)?.(data);
  worker.onerror = () => {
    for (const take of [...open.values()])
      take({ failure: "The playground's worker could not be started." });
  };
}

async function bytesOf(body) {
  if (body === undefined || body === null)
    return new Uint8Array();
  return new Uint8Array(typeof body === "string" ? new TextEncoder().encode(body)
    : await new Response(body).arrayBuffer());
}

/* As fetch: a path without a leading slash, {method, headers, body, signal}. */
export async function transport(path, { method, headers = {}, body, signal } = {}) {
  if (!worker)
    start();
  const request = { method, target: `/${path}`, contentType: headers["Content-Type"], accept: headers.Accept,
    body: await bytesOf(body) };
  signal?.throwIfAborted();
  const id = nextId++;
  return new Promise((answer, fail) => {
    let stream;
    const leave = () => { open.delete(id); signal?.removeEventListener("abort", give); };
    const cancel = () => { leave(); worker.postMessage({ id, cancel: true }); };
    const give = () => { cancel(); stream?.error(signal.reason); fail(signal.reason); };
    const source = new ReadableStream({ start: (controller) => { stream = controller; }, cancel });
    signal?.addEventListener("abort", give, { once: true });
    open.set(id, ({ head, bytes, ended, failure }) => {
      if (head)
        answer(new Response(source, { status: head.status, headers: { "Content-Type": head.type,
          ...(head.seed && { "Advect-Seed": head.seed }), ...(head.warning && { "Advect-Warning": head.warning }) } }));
      if (bytes)
        stream.enqueue(bytes);
      if (failure) {
        stream.error(new Error(failure));
        fail(new Error(failure));
      } else if (ended) {
        stream.close();
      }
      if (ended || failure)
        leave();
    });
    worker.postMessage({ id, request }, [request.body.buffer]);
  });
}
