/* Light and dark, and the colours that canvases draw with. */

const CHOICES = ["auto", "light", "dark"];
const KEPT = "advect-theme";
const root = document.documentElement;
const probe = document.createElement("span");
probe.hidden = true;
probe.style.forcedColorAdjust = "none"; /* canvases are not forced: with one colour for all nothing is told apart */
let known = new Map(); /* colours of the present theme: looking them up is slow */

/* "theme": the colours changed. */
export const events = new EventTarget();

function apply(choice) {
  if (choice === "auto")
    delete root.dataset.theme;
  else
    root.dataset.theme = choice;
  known = new Map();
  events.dispatchEvent(new Event("theme"));
}

export function isDark() {
  return root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/* The colour of a custom property ("--ink"), as canvases take it. */
export function colour(name) {
  if (!known.has(name)) {
    if (!probe.isConnected)
      document.body.append(probe);
    probe.style.color = `var(${name})`;
    known.set(name, getComputedStyle(probe).color);
  }
  return known.get(name);
}

/* The same as [r, g, b]. */
export function rgb(name) {
  return colour(name).match(/[\d.]+/g).slice(0, 3).map(Number);
}

export function themeButton(button) {
  let choice = CHOICES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "auto";
  const show = () => {
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[choice];
    const words = `Colour theme: ${{ auto: "as the system", light: "light", dark: "dark" }[choice]}`;
    button.title = `${words}; click to change`;
    button.setAttribute("aria-label", `${words}. Change`);
  };
  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    localStorage.setItem(KEPT, choice);
    apply(choice);
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(choice));
  apply(choice);
  show();
}
