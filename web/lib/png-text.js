/* Words in a PNG: what a picture shows, and the address that shows it again. Chunks tEXt, as in the PNG
 * specification, 11.3.4.3: a keyword, a zero, text in Latin-1. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const KEYWORD_MOST = 79; /* bytes, by the specification */

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

function latin1(bytes) {
  return Array.from(bytes, (b) => String.fromCharCode(b)).join("");
}

function isPng(bytes) {
  return SIGNATURE.every((b, i) => bytes[i] === b);
}

/* Calls each(type, data, end): data of the chunk, the offset after it; ends early where it says true. */
function chunks(bytes, each) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; at + 12 <= bytes.length;) {
    const size = view.getUint32(at), end = at + 12 + size;
    if (end > bytes.length || each(latin1(bytes.subarray(at + 4, at + 8)), bytes.subarray(at + 8, at + 8 + size), end))
      return;
    at = end;
  }
}

function chunk(keyword, text) {
  const body = Uint8Array.from(`tEXt${keyword}\0${text}`, (c) => Math.min(255, c.charCodeAt(0)));
  const whole = new Uint8Array(body.length + 8), view = new DataView(whole.buffer);
  view.setUint32(0, body.length - 4);
  whole.set(body, 4);
  view.setUint32(body.length + 4, crc(body));
  return whole;
}

/* The PNG with texts {keyword: text} after its header; what is no PNG comes back as it is. */
export async function withText(blob, texts) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let header = 0;
  if (isPng(bytes))
    chunks(bytes, (_, __, end) => { header = end; return true; });
  const parts = Object.entries(texts).map(([keyword, text]) => chunk(keyword, text));
  return header ? new Blob([bytes.subarray(0, header), ...parts, bytes.subarray(header)], { type: "image/png" }) : blob;
}

/* The text of a keyword in a PNG; null without. */
export async function textOf(blob, keyword) {
  if (!isPng(new Uint8Array(await blob.slice(0, SIGNATURE.length).arrayBuffer())))
    return null; /* without reading a large file */
  let found = null;
  chunks(new Uint8Array(await blob.arrayBuffer()), (type, data) => {
    const zero = data.subarray(0, KEYWORD_MOST + 1).indexOf(0);
    if (type === "tEXt" && zero > 0 && latin1(data.subarray(0, zero)) === keyword)
      found = latin1(data.subarray(zero + 1));
    return found !== null || type === "IDAT";
  });
  return found;
}
