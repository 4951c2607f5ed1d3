/* Arrays of float32 in NumPy's format, as the daemon writes them. */

/* {shape, data}; the data lie at a multiple of 64 bytes, so they need no copy. */
export function parseNpy(buffer) {
  const view = new DataView(buffer), bytes = new Uint8Array(buffer);
  const magic = bytes.length > 10 && bytes[0] === 0x93 &&
    String.fromCharCode(...bytes.subarray(1, 6)) === "NUMPY";
  if (!magic)
    throw new Error("The server's array is not in NPY format.");
  const wide = bytes[6] > 1, start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const shape = header.match(/'shape': \(([^)]*)\)/)?.[1].split(",").map((s) => s.trim())
    .filter((s) => s !== "").map(Number);
  if (!shape || !header.includes("'<f4'") || header.includes("True"))
    throw new Error("The server's array is not of float32 in C order.");
  return { shape, data: new Float32Array(buffer, end) };
}
