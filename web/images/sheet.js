/* Images in rows and columns that have names: a table on the page, and a picture to take away. */
import { el } from "../lib/dom.js";
import { pngOf, takeAway } from "../lib/picture.js";
import { colour } from "../lib/theme.js";
import { paintAlone } from "./pixels.js";
import { toneOf } from "./levels.js";

const SIDE = 56, NAMES = 150, HEAD = 26, GAP = 2; /* pixels of the picture: an image, beside and above all, between */

export class Sheet {
  /* what: its name, of the view of images that it belongs to. */
  constructor(view, what) {
    const save = async () => takeAway(await pngOf(this.picture()), { ...view, name: `${view.name}-${what.toLowerCase()}.png` });
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

  /* The same on one canvas. */
  picture() {
    const { names: { rows, columns }, cells, model: { shape: [, height, width] } } = this, zoom = Math.ceil(SIDE / width);
    const w = width * zoom + GAP, h = height * zoom + GAP;
    const canvas = el("canvas", { width: NAMES + columns.length * w, height: HEAD + rows.length * h });
    const context = canvas.getContext("2d"), write = (words, x, y, most) => context.fillText(words, x, y, most);
    context.fillStyle = colour("--canvas");
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { fillStyle: colour("--ink"), font: "13px system-ui, sans-serif", imageSmoothingEnabled: false });
    columns.forEach((name, k) => write(name, NAMES + k * w, HEAD - 9, w - 2 * GAP));
    rows.forEach((name, i) => {
      write(name, 8, HEAD + i * h + h / 2 + 4, NAMES - 16);
      cells[i].forEach((cell, k) => context.drawImage(cell, NAMES + k * w, HEAD + i * h, w - GAP, h - GAP));
    });
    return canvas;
  }
}
