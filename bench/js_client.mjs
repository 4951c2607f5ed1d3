/* What the client for JavaScript costs over a bare request for the same NPY array: both in turns, over
 * one connection each, to the daemon at a URL. Prints the ratio of the times that one in ten
 * is below, since longer ones are those of what else the machine does, and that of the processor time
 * that node spent.
 *
 * usage: node bench/js_client.mjs [URL [MODEL [ROWS [ROUNDS]]]] */
import { connect } from "../clients/js/advect.js";

const [url = "http://127.0.0.1:8080", name = "checkerboard-4x4", rows = "1000", rounds = "400"] = process.argv.slice(2);
const model = connect(url).model(name), n = Number(rows), fields = { seed: 1, solver: { method: "euler", steps: 1 } };

async function bare() {
  const reply = await fetch(`${url}/v1/models/${name}/samples`, { method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/x-npy" }, body: JSON.stringify({ n, ...fields }) });
  const buffer = await reply.arrayBuffer();
  return buffer.byteLength;
}

async function client() {
  return (await model.sample(n, fields)).data;
}

const ways = { bare, client }, took = { bare: [], client: [] }, cpu = { bare: 0, client: 0 };
for (let round = 0; round < Number(rounds) + 20; round++)
  for (const way of round % 2 ? ["bare", "client"] : ["client", "bare"]) {
    const began = performance.now(), before = process.cpuUsage();
    await ways[way]();
    const { user, system } = process.cpuUsage(before);
    if (round < 20) /* until compiled, and connected */
      continue;
    took[way].push(performance.now() - began);
    cpu[way] += (user + system) / 1000;
  }

function low(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 10)];
}

const ms = Object.fromEntries(Object.keys(ways).map((way) => [way, low(took[way])]));
console.log(`${n} rows, ${rounds} rounds: bare ${ms.bare.toFixed(3)} ms, client ${ms.client.toFixed(3)} ms, ratio ${(ms.client / ms.bare).toFixed(3)}`);
console.log(`processor time: bare ${(cpu.bare / rounds).toFixed(3)} ms, client ${(cpu.client / rounds).toFixed(3)} ms, ratio ${(cpu.client / cpu.bare).toFixed(3)}`);
