/* Pictures to take away: a PNG carries the address of what it shows, and dropped on the page shows it
 * again. */
import { download, el } from "./dom.js";
import { textOf, withText } from "./png-text.js";

const LINK = "Advect-Link";

/* Canvases over each other on a ground, as a PNG. */
export function flatten(canvases, ground) {
  const [{ width, height }] = canvases, canvas = el("canvas", { width, height }), context = canvas.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  canvases.forEach((layer) => context.drawImage(layer, 0, 0));
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/* Downloads a PNG with the page's address, which has the seed and the settings, and the model's digest. */
export async function takeAway(blob, model, name) {
  download(await withText(blob, { Software: "Advect", [LINK]: location.hash, "Advect-Model": `${model.name} ${model.digest}` }), name);
}

/* Whether an event drags files, not text or a link. */
export function dragsFiles({ dataTransfer }) {
  return Boolean(dataTransfer?.types.includes("Files"));
}

/* Pictures that are dropped on the page open what they show, unless the view has taken them; tell(words)
 * of those that cannot. */
export function acceptDrops(tell) {
  addEventListener("dragover", (event) => dragsFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (event.defaultPrevented || !dragsFiles(event))
      return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file)
      return;
    const hash = await textOf(file, LINK);
    if (hash?.startsWith("#/"))
      location.hash = hash;
    else
      tell(`${file.name} is no picture that this page made: it does not say what it shows.`);
  });
}
