/* Words in a PNG: what a picture shows, and the address that shows it again. Chunks tEXt, as in the PNG
 * specification, 11.3.4.3: a keyword, a zero, text in Latin-1. */
import { chunk, chunks, isPng, latin1, SIGNATURE } from "./png.js";

const KEYWORD_MOST = 79; /* bytes, by the specification */

const textChunk = (keyword, text) => chunk("tEXt", Uint8Array.from(`${keyword}\0${text}`, (c) => Math.min(255, c.charCodeAt(0))));

/* The PNG with texts {keyword: text} after its header; what is no PNG comes back as it is. */
export async function withText(blob, texts) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let header = 0;
  if (isPng(bytes))
    chunks(bytes, (_, __, end) => { header = end; return true; });
  const parts = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
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
