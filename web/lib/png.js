/* PNGs as chunks: a length, a type, data and a check sum, as in the PNG specification, 5.3. */

export const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++)
    n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(bytes) {
  let c = 0xffffffff;
  for (const b of bytes)
    c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

export function latin1(bytes) {
  return Array.from(bytes, (b) => String.fromCharCode(b)).join("");
}

export function isPng(bytes) {
  return SIGNATURE.every((b, i) => bytes[i] === b);
}

/* Calls each(type, data, end): data of the chunk, the offset after it; ends early where it says true. */
export function chunks(bytes, each) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const size = view.getUint32(at), end = at + 12 + size;
    if (end > bytes.length || each(latin1(bytes.subarray(at + 4, at + 8)), bytes.subarray(at + 8, at + 8 + size), end))
      return;
    at = end;
  }
}

/* A chunk of these parts: of numbers that are bytes. */
export function chunk(type, ...parts) {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(size + 12), view = new DataView(whole.buffer);
  view.setUint32(0, size);
  let at = 4;
  for (const part of [Uint8Array.from(type, (c) => c.charCodeAt(0)), ...parts]) {
    whole.set(part, at);
    at += part.length;
  }
  view.setUint32(at, crc(whole.subarray(4, at)));
  return whole;
}
