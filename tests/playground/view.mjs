/* What the tests of the playground's view do with it. */
import { idle, until } from "../web/harness.mjs";

export const LONG = 1200; /* looks; machines that test are busy */

/* Pixels of a plane's points: what else is drawn over it is grey. */
export const inked = (page, which) => page.locator(`.flow-pane:nth-child(${which}) canvas:nth-child(2)`).evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) {
    const rgb = data.subarray(i, i + 3);
    n += data[i + 3] > 200 && Math.max(...rgb) - Math.min(...rgb) > 80;
  }
  return n;
});

export const said = (page) => page.locator(".panel p[role=status]").textContent();
export const button = (page, name) => page.getByRole("button", { name, exact: true });

export async function trained(page) {
  await button(page, "Train").click();
  await until(() => button(page, "Train").count(), "the training to end", LONG);
  await idle(page, LONG);
}

/* Drops {name, type, text} as a file, a byte for each character, on the view; whether the page took it from the browser. */
export const dropFile = (page, file) => page.evaluate(({ name, type, text }) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(text, (c) => c.charCodeAt(0))], name, { type }));
  const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.getElementById("view").dispatchEvent(event);
  return event.defaultPrevented;
}, file);
