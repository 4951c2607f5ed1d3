/* A banner while the daemon is gone or takes no requests. It asks whether the daemon is ready, more
 * and more rarely, and tells the page ("advect-back") when it is. */
import { events, troubleNow } from "./api.js";
import { el } from "./dom.js";

const FIRST_WAIT_S = 2, LONGEST_WAIT_S = 30, PATIENCE_MS = 5000;

export function watchServer(banner) {
  const words = el("span"), clock = el("span", { class: "dim", "aria-hidden": "true" });
  const button = el("button", { type: "button", class: "small", onclick: () => { left = 0; } }, "Try now");
  let wait = FIRST_WAIT_S, left = 0, timer = null, asking = false;
  banner.append(words, clock, button);

  async function ask() {
    asking = true;
    const trouble = await troubleNow(AbortSignal.timeout(PATIENCE_MS));
    asking = false;
    if (trouble) {
      words.textContent = trouble;
      wait = Math.min(LONGEST_WAIT_S, wait * 1.6);
      left = Math.round(wait);
    } else {
      clearInterval(timer);
      timer = null;
      banner.hidden = true;
      window.dispatchEvent(new Event("advect-back"));
    }
  }

  function tick() {
    if (asking)
      return;
    if (left-- <= 0)
      ask();
    clock.textContent = left > 0 ? `Trying again in ${left} s.` : "Trying…";
  }

  events.addEventListener("trouble", ({ detail }) => {
    if (timer)
      return;
    words.textContent = detail.message;
    banner.hidden = false;
    wait = left = FIRST_WAIT_S;
    timer = setInterval(tick, 1000);
  });
}
