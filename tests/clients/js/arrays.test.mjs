/* Arrays as they are written, read and refused; nothing is asked of anybody. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { InvalidInput, parseNpy, toArray, toQuery, writeNpy } from "../../../clients/js/advect.js";

/* As numpy.lib.format describes version 1 (and 2, whose length has four bytes). */
function npy(descr, order, shape, bytes, version = 1) {
  const start = 128, fixed = version === 1 ? 10 : 12;
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const whole = Buffer.alloc(start + bytes.length, 0x20);
  whole.write("\x93NUMPY", "latin1");
  whole[6] = version;
  whole[7] = 0;
  if (version === 1)
    whole.writeUInt16LE(start - fixed, 8);
  else
    whole.writeUInt32LE(start - fixed, 8);
  whole.write(header, fixed, "latin1");
  whole[start - 1] = 0x0a;
  Buffer.from(bytes).copy(whole, start);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length);
}

test("NPY of both versions is read without a copy", () => {
  const bytes = new Uint8Array(new Float32Array([1.5, -2, 3e-8, 4, 5, 6]).buffer);
  for (const version of [1, 2]) {
    const buffer = npy("<f4", "False", "(3, 2)", bytes, version), { shape, data } = parseNpy(buffer);
    assert.deepEqual(shape, [3, 2]);
    assert.deepEqual([...data], [1.5, -2, Math.fround(3e-8), 4, 5, 6]);
    assert.equal(data.buffer, buffer);
  }
});

test("what is no NPY array of float32 in C order, or is cut, is refused", () => {
  const bytes = new Uint8Array(8), good = npy("<f4", "False", "(2,)", bytes);
  for (const buffer of [new ArrayBuffer(0), new ArrayBuffer(200), npy("<f8", "False", "(1,)", bytes),
    npy("<f4", "True", "(2, 1)", bytes), npy("<f4", "False", "(3,)", bytes), good.slice(0, good.byteLength - 1)])
    assert.throws(() => parseNpy(buffer), /The server's array/);
});

test("what is written is read again, and its data are aligned", () => {
  for (const shape of [[6], [3, 2], [1, 1, 6], [2, 3, 1, 1]]) {
    const data = new Float32Array([1, -0, 3.25, 4, 1e-40, 3e38]), bytes = writeNpy({ shape, data });
    const back = parseNpy(bytes.buffer);
    assert.deepEqual(back.shape, shape);
    assert.deepEqual(back.data, data);
    assert.equal(back.data.byteOffset % 64, 0);
  }
});

test("points come as rows, as one point, or as numbers with their shape", () => {
  const wanted = { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) };
  for (const points of [[[1, 2], [3, 4]], [new Float64Array([1, 2]), [3, 4]],
    { shape: [2, 2], data: [1, 2, 3, 4] }, { shape: [2, 2], data: new Float64Array([1, 2, 3, 4]) }])
    assert.deepEqual(toArray(points), wanted);
  for (const point of [[1, 2], new Float32Array([1, 2])])
    assert.deepEqual(toArray(point), { shape: [1, 2], data: new Float32Array([1, 2]) });
  const own = new Float32Array([1, 2]);
  assert.equal(toArray({ shape: [1, 2], data: own }).data, own);
  assert.ok(toArray({ shape: [1, 2], data: new Uint8Array([1, 2]) }).data instanceof Uint8Array);
});

test("points that nobody would take are refused by field and place", () => {
  const cases = [
    [[], /^points is empty; /], [[[]], /^points is empty; /], [new Float32Array(0), /^points is empty; /],
    [{ shape: [0, 2], data: new Float32Array(0) }, /^points is empty; /],
    [[[1, 2], [3]], /^points\[1\] has 1 numbers; it must have 2, as points\[0\] has$/],
    [[[1, 2], [3, NaN]], /^points\[1\]\[1\] is NaN; it must be a finite number$/],
    [[[1, 2], [3, Infinity]], /^points\[1\]\[1\] is Infinity; /],
    [[[1, 1e39]], /^points\[0\]\[1\] is 1e\+39; it must fit float32/],
    [[[1, "2"]], /^points\[0\]\[1\] is string; /], [[[1, null]], /^points\[0\]\[1\] is object; /],
    [[[1, 2], 3], /^points\[1\] is number; /], [["1,2"], /^points\[0\] is string; /],
    [new Float32Array([1, NaN]), /^points\[1\] is NaN; /],
    [{ shape: [2, 2], data: [1, 2, 3] }, /^points has 3 numbers; its shape 2 x 2 wants 4$/],
    [{ rows: 3 }, /^points is an object without a shape and data; /],
    [null, /^points is null; /], ["1,2", /^points is string; /], [undefined, /^points is undefined; /],
  ];
  for (const [points, message] of cases)
    assert.throws(() => toArray(points), (error) => error instanceof InvalidInput && error.field === "points" &&
      (assert.match(error.message, message), true));
});

test("fields become the query of a URL as api.md has it", () => {
  assert.equal(toQuery({ label: [0, 1, 2], solver: { method: "rk4", steps: 20 }, t: 0.5, first: undefined, guidance: null }),
    "label=0%2C1%2C2&solver=rk4&steps=20&t=0.5");
  assert.equal(toQuery({ divergence: { method: "hutchinson", probes: 8, seed: 1, renew: true } }),
    "divergence=hutchinson&probes=8&probe_seed=1&renew_probes=true");
  assert.equal(toQuery({ solver: { method: "dopri5", rtol: 1e-6 }, log_density: true }), "solver=dopri5&rtol=0.000001&log_density=true");
  assert.equal(decodeURIComponent(toQuery({ label: "ankle boot", t: 1 })), 'label="ankle boot"&t=1');
  assert.equal(decodeURIComponent(toQuery({ label: ["a, b", 3, "3"] })), 'label=["a, b",3,"3"]');
  assert.equal(toQuery(), "");
});
