/* Images in rows and columns that have names: a table on the page, and a picture to take away. */
import { el } from "../lib/dom.js";
import { pngOf, takeAway } from "../lib/picture.js";
import { colour } from "../lib/theme.js";
import { paintAlone } from "./pixels.js";
import { toneOf } from "./levels.js";

const SIDE = 56, HEAD = 26, GAP = 2, MARGIN = 8; /* pixels of the picture: an image, above all, between, beside names */
const FONT = "13px system-ui, sans-serif";

export class Sheet {
  /* what: its name, of the view of images that it belongs to. */
  constructor(view, what) {
    const work = async () => takeAway(await pngOf(this.picture()), { ...view, name: `${view.name}-${what.toLowerCase()}.png` });
    const save = () => view.tasks.start("picture", "Saving the picture", work);
    Object.assign(this, { model: view.model, table: el("table", { class: "sheet" }) });
    this.button = el("button", { type: "button", onclick: save }, `${what} as PNG`);
    this.element = el("div", {}, this.table, this.button);
  }

  /* What it shows is not of the settings that a picture of it would name, until it is full. */
  wait() { this.button.disabled = true; }

  /* Empty places, for images that are on their way. */
  lay(rows, columns) {
    this.wait();
    this.names = { rows, columns };
    this.cells = rows.map((row) => columns.map((column) => el("canvas", { width: 1, height: 1, role: "img", "aria-label": `${row}, ${column}` })));
    this.table.style.maxWidth = `${6 + 5 * columns.length}rem`;
    this.table.replaceChildren(
      el("thead", {}, el("tr", {}, el("td"), columns.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows.map((name, i) => el("tr", {}, el("th", { scope: "row" }, name), this.cells[i].map((cell) => el("td", {}, cell))))));
  }

  /* Images of a row, numbers of the model's data, from a column on. */
  fill(row, column, images) {
    images.forEach((image, i) => paintAlone(this.cells[row][column + i], this.model, image, toneOf(this.model, image)));
    this.button.disabled = this.cells.flat().some(({ width }) => width === 1);
  }

  /* The same on one canvas, with room for every name. */
  picture() {
    const { names: { rows, columns }, cells, model: { shape: [, height, width] } } = this, zoom = Math.ceil(SIDE / width);
    const canvas = el("canvas"), context = canvas.getContext("2d");
    context.font = FONT;
    const widest = (names) => Math.ceil(Math.max(...names.map((name) => context.measureText(name).width)));
    const left = widest(rows) + 2 * MARGIN, wide = width * zoom, high = height * zoom;
    const w = Math.max(wide + GAP, widest(columns) + MARGIN), h = high + GAP;
    Object.assign(canvas, { width: left + columns.length * w, height: HEAD + rows.length * h });
    context.fillStyle = colour("--canvas");
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { fillStyle: colour("--ink"), font: FONT, imageSmoothingEnabled: false });
    columns.forEach((name, k) => context.fillText(name, left + k * w, HEAD - 9));
    rows.forEach((name, i) => {
      context.fillText(name, MARGIN, HEAD + i * h + h / 2 + 4);
      cells[i].forEach((cell, k) => context.drawImage(cell, left + k * w, HEAD + i * h, wide, high));
    });
    return canvas;
  }
}
