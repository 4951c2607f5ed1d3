/* Words in a WebM, as tags of Matroska (RFC 9559, 5.1.8). A file is elements of EBML (RFC 8794): an identifier,
 * the size of the data, the data. The tags come last, behind what the file's own index points at. */

const MAGIC = 0x1a45dfa3, SEGMENT = 0x18538067;
const TAGS = 0x1254c367, TAG = 0x7373, TARGETS = 0x63c0, SIMPLE = 0x67c8, NAME = 0x45a3, STRING = 0x4487;
const HEAD = 4096; /* bytes of a file, in which the segment begins */
const TAIL = 1 << 19; /* bytes of a file that its tags are looked for in */
const UNKNOWN = -1; /* size of what goes on until the file ends */
const SIZE_BYTES = 4; /* of the elements that are written */

/* {value, bytes}: the number whose first byte says by the zeros before its first one how many bytes there are.
 * marked: with that one, as identifiers have it. */
function numberAt(data, at, marked) {
  const bytes = Math.clz32(data[at]) - 23, mask = 0xff >> bytes;
  let value = marked ? data[at] : data[at] & mask, full = (data[at] & mask) === mask;
  for (let i = 1; i < bytes; i++) {
    value = value * 256 + data[at + i];
    full &&= data[at + i] === 0xff;
  }
  return { value: full && !marked ? UNKNOWN : value, bytes };
}

/* Calls each(id, from, to, width) of the elements from one offset to another: the range of the data, and in how
 * many bytes before it its size stands. */
function elements(data, begin, end, each) {
  for (let at = begin; at + 2 <= end;) {
    const id = numberAt(data, at, true), size = numberAt(data, at + id.bytes, false);
    const from = at + id.bytes + size.bytes, to = size.value === UNKNOWN ? UNKNOWN : from + size.value;
    each(id.value, from, to, size.bytes);
    if (to < 0 || to <= at)
      return;
    at = to;
  }
}

/* A number in so many bytes. */
function size(value, bytes) {
  const marked = BigInt(value) | 1n << BigInt(7 * bytes);
  return Uint8Array.from({ length: bytes }, (_, i) => Number(marked >> BigInt(8 * (bytes - 1 - i)) & 255n));
}

function element(id, ...parts) {
  const head = [];
  for (let rest = id; rest; rest = Math.floor(rest / 256))
    head.unshift(rest % 256);
  const all = [head, size(parts.reduce((sum, part) => sum + part.length, 0), SIZE_BYTES), ...parts];
  return Uint8Array.from(all.flatMap((part) => [...part]));
}

/* The WebM with texts {keyword: text}. */
export async function withText(blob, texts) {
  const head = new Uint8Array(await blob.slice(0, HEAD).arrayBuffer()), utf8 = new TextEncoder();
  const tag = ([name, text]) => element(SIMPLE, element(NAME, utf8.encode(name)), element(STRING, utf8.encode(text)));
  const tags = element(TAGS, element(TAG, element(TARGETS), ...Object.entries(texts).map(tag)));
  let grown = null;
  elements(head, 0, head.length, (id, from, to, width) => {
    if (id === SEGMENT && to === blob.size)
      grown = { from, size: size(to - from + tags.length, width) }; /* otherwise it goes on to the end anyway */
  });
  return new Blob(grown ? [head.subarray(0, grown.from - grown.size.length), grown.size, blob.slice(grown.from), tags] : [blob, tags], { type: blob.type });
}

const read = new WeakMap(); /* films -> their texts */

/* The texts of a WebM that ends in tags, a Map by keyword. */
export async function textsOf(blob) {
  if (!read.has(blob))
    read.set(blob, findTexts(new Uint8Array(await blob.slice(-TAIL).arrayBuffer())));
  return read.get(blob);
}

function findTexts(data) {
  const view = new DataView(data.buffer), utf8 = new TextDecoder(), found = new Map();
  const inside = (from, to) => {
    let name = null;
    elements(data, from, to, (id, begin, end) => {
      if (id === TAG || id === SIMPLE)
        inside(begin, end);
      else if (id === NAME)
        name = utf8.decode(data.subarray(begin, end));
      else if (id === STRING && !found.has(name))
        found.set(name, utf8.decode(data.subarray(begin, end)));
    });
  };
  for (let at = data.length - 4 - SIZE_BYTES; at >= 0 && !found.size; at--)
    if (view.getUint32(at) === TAGS && numberAt(data, at + 4, false).value === data.length - at - 4 - SIZE_BYTES)
      inside(at + 4 + SIZE_BYTES, data.length);
  return found;
}

export async function isWebm(blob) {
  return blob.size > 4 && new DataView(await blob.slice(0, 4).arrayBuffer()).getUint32(0) === MAGIC;
}
