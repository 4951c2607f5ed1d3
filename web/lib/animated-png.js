/* An animated PNG of what a canvas shows from time to time: chunks acTL, fcTL and fdAT, as in the PNG
 * specification (third edition), 11.3.6. All frames share a palette, of the colours that are most in them: a
 * fifth of the bytes of the browser's own pictures. Viewers without animation show the last frame. */
import { el } from "./dom.js";
import { chunk, SIGNATURE } from "./png.js";

const COLOURS = 256, BINS = 1 << 15; /* of colours, by the five upper bits of red, green and blue */

function uint32(...values) {
  const bytes = new Uint8Array(4 * values.length), view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return bytes;
}

/* In the format of zlib, as PNGs have it. */
async function deflated(bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer());
}

export class AnimatedPng {
  /* Frames of width x height pixels, to which the canvas is scaled; it must be opaque. */
  constructor(width, height) {
    Object.assign(this, { width, height, frames: [], sums: [0, 1, 2].map(() => new Float64Array(BINS)), counts: new Float64Array(BINS) });
    this.context = el("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  }

  /* A further frame, which stays for so many milliseconds. */
  add(canvas, ms) {
    const { width, height, context, sums: [red, green, blue], counts } = this, bins = new Uint16Array(width * height);
    context.drawImage(canvas, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let i = 0, at = 0; i < bins.length; i++, at += 4) {
      const bin = bins[i] = data[at] >> 3 << 10 | data[at + 1] >> 3 << 5 | data[at + 2] >> 3;
      counts[bin]++;
      red[bin] += data[at];
      green[bin] += data[at + 1];
      blue[bin] += data[at + 2];
    }
    this.frames.push({ ms: Math.round(ms), bins });
  }

  /* {palette, entryOf}: colours [n][r, g, b], and the entry of each bin, which is the nearest. */
  makePalette() {
    const { counts, sums } = this, present = Array.from(counts.keys()).filter((bin) => counts[bin]).sort((a, b) => counts[b] - counts[a]);
    const colourOf = (bin) => sums.map((sum) => Math.round(sum[bin] / counts[bin]));
    const palette = present.slice(0, COLOURS).map(colourOf), entryOf = new Uint8Array(BINS);
    present.forEach((bin, i) => {
      const [r, g, b] = colourOf(bin), far = palette.map((colour) => (colour[0] - r) ** 2 + (colour[1] - g) ** 2 + (colour[2] - b) ** 2);
      entryOf[bin] = i < COLOURS ? i : far.indexOf(Math.min(...far));
    });
    return { palette, entryOf };
  }

  /* The frame's rows of entries, none of them filtered. */
  rowsOf({ bins }, entryOf) {
    const { width, height } = this, rows = new Uint8Array((width + 1) * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        rows[y * (width + 1) + 1 + x] = entryOf[bins[y * width + x]];
    return deflated(rows);
  }

  /* fcTL: the number in the sequence, the frame's rectangle, its time in thousandths of a second; it takes the
   * place of the frame before. */
  control(number, { ms }) {
    return chunk("fcTL", uint32(number, this.width, this.height, 0, 0), Uint8Array.of(ms >> 8, ms, 1000 >> 8, 1000 & 255, 0, 0));
  }

  async end() {
    const { palette, entryOf } = this.makePalette(), parts = [];
    let rows = null;
    for (const [i, frame] of this.frames.entries()) {
      rows = await this.rowsOf(frame, entryOf);
      parts.push(this.control(2 * i, frame), chunk("fdAT", uint32(2 * i + 1), rows));
    }
    const header = chunk("IHDR", uint32(this.width, this.height), Uint8Array.of(8, 3, 0, 0, 0)); /* 8 bits, of a palette */
    return new Blob([SIGNATURE, header, chunk("acTL", uint32(this.frames.length, 0)), chunk("PLTE", Uint8Array.from(palette.flat())),
      chunk("IDAT", rows), ...parts, chunk("IEND")], { type: "image/png" });
  }
}
