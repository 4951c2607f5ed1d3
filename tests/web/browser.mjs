/* Debian's chromium, headless. */
import { chromium } from "playwright-core";

export function launch(executablePath) {
  return chromium.launch({ executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
}
