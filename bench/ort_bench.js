// Velocities of an ONNX model by ONNX Runtime, to set beside those of `advect bench`.
//
//     node bench/ort_bench.js MODEL.onnx BATCH THREADS [SECONDS]
//     node bench/ort_bench.js MODEL.onnx --check CASE.safetensors
//
// needs the npm package onnxruntime-node (npm install --ignore-scripts onnxruntime-node), found
// through NODE_PATH. Prints a JSON line per measurement; without SECONDS it says when it is ready, and
// measures once per number of seconds read from standard input, so that rounds of several programs
// can take turns.
'use strict';
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-node');

function readSafetensors(path) {
  const data = fs.readFileSync(path);
  const start = 8 + Number(data.readBigUInt64LE(0));
  const header = JSON.parse(data.subarray(8, start).toString());
  delete header.__metadata__;
  const arrays = { F32: Float32Array, F64: Float64Array, I64: BigInt64Array };
  return Object.fromEntries(Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => {
    const bytes = Uint8Array.from(data.subarray(start + data_offsets[0], start + data_offsets[1]));
    return [name, { shape, values: new arrays[dtype](bytes.buffer) }];
  }));
}

const floats = (values, shape) => new ort.Tensor('float32', Float32Array.from(values), shape);

async function check(session, path) {
  const { x, t, y, v } = readSafetensors(path);
  const feeds = { x: floats(x.values, x.shape), t: floats(t.values, t.shape) };
  if (y) feeds.y = new ort.Tensor('int64', y.values, y.shape);
  const out = (await session.run(feeds))[session.outputNames[0]].data;
  const largest = v.values.reduce((m, a) => Math.max(m, Math.abs(a)), 0);
  const error = v.values.reduce((m, a, i) => Math.max(m, Math.abs(a - out[i])), 0) / largest;
  console.log(JSON.stringify({ check: path, error }));
  if (!(error < 1e-4)) throw new Error(`the velocity is off by ${error} of the largest entry`);
}

// Rows of a batch, all at one time.
function makeFeeds(session, batch) {
  const shape = session.inputMetadata.find(({ name }) => name === 'x').shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  const feeds = {
    x: floats({ length: batch * size }, [batch, ...shape]),
    t: floats({ length: batch }, [batch]),
  };
  for (let i = 0; i < batch * size; i++) feeds.x.data[i] = 2 * Math.random() - 1;
  feeds.t.data.fill(0.5);
  if (session.inputNames.includes('y')) {
    feeds.y = new ort.Tensor('int64', new BigInt64Array(batch), [batch]);
  }
  return feeds;
}

async function measure(session, feeds, seconds) {
  const ms = [];
  for (const end = Date.now() + seconds * 1000; ms.length === 0 || Date.now() < end;) {
    const began = process.hrtime.bigint();
    await session.run(feeds);
    ms.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
  return ms.sort((a, b) => a - b);
}

async function main([model, ...rest]) {
  const [batch, threads] = rest.map(Number);
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'all', executionMode: 'sequential', interOpNumThreads: 1,
    intraOpNumThreads: threads || 1,
  });
  if (rest[0] === '--check') return check(session, rest[1]);
  const feeds = makeFeeds(session, batch);
  for (let i = 0; i < 3; i++) await session.run(feeds);
  if (!rest[2]) console.log('{"ready": ""}');
  const lines = rest[2] ? [rest[2]] : readline.createInterface({ input: process.stdin });
  for await (const seconds of lines) {
    const ms = await measure(session, feeds, Number(seconds));
    const median = (ms[(ms.length - 1) >> 1] + ms[ms.length >> 1]) / 2;
    console.log(JSON.stringify({
      work: 'velocity', batch, threads, rounds: ms.length, median_ms: median, best_ms: ms[0],
      rows_per_s: 1000 * batch / median,
    }));
  }
}

main(process.argv.slice(2)).catch((problem) => {
  console.error(`ort_bench.js: ${problem.message}`);
  process.exit(1);
});
