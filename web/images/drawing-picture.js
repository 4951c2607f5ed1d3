/* A drawing and what a model says of it, in one picture. */
import { el } from "../lib/dom.js";
import { colour } from "../lib/theme.js";

const RATIO = 2; /* pixels per CSS pixel */
const PAD = 280, WIDE = 480, GAP = 20, TILE = 92;
const LINE = 24, LETTERS = 62; /* of the words: height of a line, letters in it */
const SMALL = 14, FEW_LETTERS = 17; /* the same under a tile */
const STYLES = ["fill", "stroke", "stroke-width", "opacity", "font-size", "font-weight"];

/* An SVG of the page with the looks that it has there. */
async function imageOf(svg) {
  const copy = svg.cloneNode(true), { width, height } = svg.viewBox.baseVal;
  const parts = [svg, ...svg.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  parts.forEach((part, i) => STYLES.forEach((name) => copies[i].setAttribute(name, getComputedStyle(part)[name])));
  copy.setAttribute("font-family", "system-ui, sans-serif");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = el("img", { src: url });
  await image.decode();
  URL.revokeObjectURL(url);
  return image;
}

/* Lines of at most so many letters. */
function broken(text, most) {
  return text.split(/\s+/).reduce((lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    return lines.length && longer.length <= most ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, []);
}

/* The elements of the verdict in turn: a headline, words, the ruler. */
async function drawVerdict(context, verdict, left) {
  let y = GAP;
  for (const part of verdict.children) {
    if (part.matches("svg")) {
      const image = await imageOf(part);
      context.drawImage(image, left, y);
      y += image.height + 8;
      continue;
    }
    const big = part.matches(".big");
    context.font = `${big ? "600 24" : "16"}px system-ui, sans-serif`;
    context.fillStyle = colour(part.matches(".dim") ? "--dim" : "--ink");
    for (const line of broken(part.textContent, LETTERS))
      context.fillText(line, left, y += big ? 28 : LINE);
    y += 8;
  }
}

function drawTile(context, { canvas, element }, left, top) {
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, left, top, TILE, TILE);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colour("--dim");
  broken(element.textContent, FEW_LETTERS).forEach((line, k) => context.fillText(line, left, top + TILE + (k + 1.1) * SMALL));
}

/* pad: the canvas that is drawn on; verdict: the element with its words; tiles: {canvas, element with words}. */
export async function drawingPicture(pad, verdict, tiles) {
  const width = PAD + WIDE + 3 * GAP, height = PAD + (tiles.length ? TILE + 2 * SMALL + GAP : 0) + 2 * GAP;
  const canvas = el("canvas", { width: RATIO * width, height: RATIO * height }), context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  context.fillStyle = colour("--card");
  context.fillRect(0, 0, width, height);
  const scale = PAD / Math.max(pad.width, pad.height);
  context.drawImage(pad, GAP, GAP, pad.width * scale, pad.height * scale);
  await drawVerdict(context, verdict, PAD + 2 * GAP);
  tiles.forEach((tile, i) => drawTile(context, tile, GAP + i * (TILE + GAP), PAD + 2 * GAP));
  return canvas;
}
