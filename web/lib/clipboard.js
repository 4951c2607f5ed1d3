/* Copying text, also where the browser gives no clipboard. */
import { el } from "./dom.js";

const SAID_MS = 1500;

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* not allowed, or not a secure context */
    const area = el("textarea", { class: "offstage", value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/* Copies, and says so by say(words) for a while; then say(null). */
export async function copy(text, say) {
  say(await write(text) ? "Copied" : "Select and copy");
  setTimeout(() => say(null), SAID_MS);
}
