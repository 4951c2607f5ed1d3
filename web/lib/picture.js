/* Pictures and films to take away: a file carries the address of what it shows, and dropped on the page
 * shows it again. */
import { download, el } from "./dom.js";
import { later } from "./later.js";
import { textOf, withText } from "./png-text.js";
import { colour } from "./theme.js";

const LINK = "Advect-Link", MODEL = "Advect-Model";
const STRIP = 28, GAP = 12; /* CSS pixels: above tiles, for their titles; between them */

/* Tiles beside each other on the colour of planes, painted on the canvas: [{layers, title}], layers being
 * canvases over each other. A strip above them has their titles, and the note. */
export function compose(tiles, { ratio = 1, note = "", canvas = el("canvas") } = {}) {
  const sizes = tiles.map(({ layers: [{ width, height }] }) => ({ width, height }));
  const top = note || tiles.some((tile) => tile.title) ? Math.round(STRIP * ratio) : 0, gap = Math.round(GAP * ratio);
  const width = sizes.reduce((sum, size) => sum + size.width, 0) + gap * (tiles.length - 1);
  const height = Math.max(...sizes.map((size) => size.height)) + top, context = canvas.getContext("2d");
  if (canvas.width !== width || canvas.height !== height)
    Object.assign(canvas, { width, height });
  context.fillStyle = colour("--canvas");
  context.fillRect(0, 0, width, height);
  context.fillStyle = colour("--ink");
  context.font = `${14 * ratio}px system-ui, sans-serif`;
  let left = 0;
  tiles.forEach(({ layers, title }, i) => {
    if (title)
      context.fillText(title, left + 8 * ratio, 19 * ratio);
    layers.forEach((layer) => context.drawImage(layer, left, top));
    left += sizes[i].width + gap;
  });
  context.textAlign = "right";
  context.fillText(note, width - 8 * ratio, 19 * ratio);
  context.textAlign = "left";
  return canvas;
}

/* Fails of a canvas that is too large for the browser. */
export function pngOf(canvas) {
  return new Promise((done, fail) => canvas.toBlob((blob) =>
    (blob ? done(blob) : fail(new Error(`the browser could not make a picture of ${canvas.width} x ${canvas.height} pixels.`))), "image/png"));
}

/* What knows of words in WebMs, which few people need; to have before a film is recorded. */
export const films = () => later(() => import("./webm-text.js"));

/* Downloads a PNG or a WebM with the page's address, the settings of the form, and the model's digest; more:
 * further texts by keyword; hash: the address, where the page may have another by now. */
export async function takeAway(blob, { model, form, name, more = {}, hash = location.hash }) {
  const write = blob.type === "video/webm" ? (await films()).withText : withText;
  download(await write(blob, { Software: "Advect", [LINK]: hash, [MODEL]: `${model.name} ${model.digest}`,
    "Advect-Settings": JSON.stringify(form.values), ...more }), name);
}

/* The text of a keyword in a picture or a film; null without. */
export async function wordsIn(file, keyword) {
  const { isWebm, textsOf } = /\.webm$/i.test(file.name) ? await films() : {};
  return await isWebm?.(file) ? (await textsOf(file)).get(keyword) ?? null : textOf(file, keyword);
}

/* The model that a picture says it is of, {name, digest}; null where it does not. */
export async function modelOf(file) {
  const [name, digest] = (await wordsIn(file, MODEL))?.split(" ") ?? [];
  return digest ? { name, digest } : null;
}

/* Whether an event drags files, not text or a link. */
export function dragsFiles({ dataTransfer }) {
  return Boolean(dataTransfer?.types.includes("Files"));
}

/* Pictures and films that are dropped on the page are opened, unless the view has taken them: show(hash, file); and
 * tell(words) of those that cannot. */
export function acceptDrops(show, tell) {
  addEventListener("dragover", (event) => dragsFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (event.defaultPrevented || !dragsFiles(event))
      return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file)
      return;
    let hash = null;
    try {
      hash = await wordsIn(file, LINK);
    } catch (error) { /* a folder, a file that is gone, or the page could not be loaded whole */
      tell("passing" in error ? `${file.name}: ${error.message}` : `${file.name} cannot be read.`);
      return;
    }
    if (hash?.startsWith("#/"))
      show(hash, file);
    else
      tell(`${file.name} is not a picture or film made by this page: it does not say what it shows.`);
  });
}
