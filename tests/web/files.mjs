/* What is in the files that views save, read without the page. */

/* The chunks of a PNG: [{type, data}]. */
export function chunksOf(bytes) {
  const found = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at))
    found.push({ type: bytes.toString("latin1", at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)) });
  return found;
}

/* The texts of a PNG. */
export function textsOf(bytes) {
  return Object.fromEntries(chunksOf(bytes).filter(({ type }) => type === "tEXt").map(({ data }) => {
    const zero = data.indexOf(0);
    return [data.toString("latin1", 0, zero), data.toString("latin1", zero + 1)];
  }));
}

/* How many frames an animated PNG says that it has, and how many there are. */
export function framesOf(bytes) {
  const chunks = chunksOf(bytes), numbered = chunks.filter(({ type }) => type === "fcTL" || type === "fdAT");
  if (numbered.some(({ data }, i) => data.readUInt32BE(0) !== i))
    throw new Error("frames are not in sequence");
  return { said: chunks.find(({ type }) => type === "acTL")?.data.readUInt32BE(0), there: chunks.filter(({ type }) => type === "fcTL").length };
}

/* ---- WebM: elements of EBML */

const SEGMENT = "18538067", CLUSTER = "1f43b675", TAGS = "1254c367", TAG = "7373", SIMPLE = "67c8", NAME = "45a3", STRING = "4487";
const OF_SEGMENT = /^(1f43b675|1254c367|1c53bb6b)$/; /* what a cluster without a size ends at */

function elementAt(bytes, at) {
  const wide = (first) => Math.clz32(first) - 23, n = wide(bytes[at]), m = wide(bytes[at + n]);
  const id = bytes.toString("hex", at, at + n), size = bytes.subarray(at + n, at + n + m);
  const unknown = size[0] === 0xff >> (m - 1) && size.subarray(1).every((b) => b === 0xff);
  const value = unknown ? null : size.reduce((sum, b, i) => sum * 256 + (i ? b : b & (0xff >> m)), 0);
  return { id, from: at + n + m, to: unknown ? null : at + n + m + value };
}

/* Calls each({id, from, to}) of the elements in a range; throws where one goes beyond it. */
function walk(bytes, from, to, each) {
  for (let at = from; at < to;) {
    const element = elementAt(bytes, at);
    if (element.to === null && element.id === CLUSTER) {
      element.to = element.from;
      while (element.to < to && !OF_SEGMENT.test(elementAt(bytes, element.to).id))
        element.to = elementAt(bytes, element.to).to;
    }
    element.to ??= to;
    if (!(element.to <= to))
      throw new Error(`an element ${element.id} ends at ${element.to}, beyond ${to}`);
    each(element);
    at = element.to;
  }
}

/* The tags of a film. */
export function tagsOf(bytes) {
  const tags = {};
  let name = null;
  const look = ({ id, from, to }) => {
    if ([SEGMENT, TAGS, TAG, SIMPLE].includes(id))
      walk(bytes, from, to, look);
    else if (id === NAME)
      name = bytes.toString("utf8", from, to);
    else if (id === STRING)
      tags[name] = bytes.toString("utf8", from, to);
  };
  walk(bytes, 0, bytes.length, look);
  return tags;
}
