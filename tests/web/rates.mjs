/* Frames per second of a page that plays. */

/* The times of all frames while a page plays for so long, and what its own work took of each, in ms. */
export function play(page, ms) {
  return page.evaluate((span) => new Promise((done) => {
    const times = [], work = [], original = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => original((now) => {
      const began = performance.now();
      draw(now);
      work.push(performance.now() - began);
    });
    const began = performance.now();
    const frame = (now) => {
      times.push(now);
      if (performance.now() - began < span)
        original(frame);
      else {
        window.requestAnimationFrame = original;
        done({ times, work });
      }
    };
    original(frame);
  }), ms);
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/* Plays a view from t = 0 on: {rate, gaps, work}. */
export async function playFromStart(page, ms) {
  await page.locator(".player input").fill("0");
  await page.getByRole("button", { name: "Play" }).click();
  const { times, work } = await play(page, ms);
  await page.getByRole("button", { name: "Pause" }).click();
  const gaps = times.slice(1).map((t, i) => t - times[i]);
  return { rate: 1000 * gaps.length / (times.at(-1) - times[0]), gaps, work };
}

export function report(runs) {
  const gaps = runs.flatMap((r) => r.gaps), work = runs.flatMap((r) => r.work);
  console.log(`frames/s: median ${quantile(runs.map((r) => r.rate), 0.5).toFixed(1)}, of the runs ${runs.map((r) => r.rate.toFixed(1)).join(" ")}`);
  console.log(`between frames: median ${quantile(gaps, 0.5).toFixed(1)} ms, 99 of 100 within ${quantile(gaps, 0.99).toFixed(1)} ms`);
  console.log(`the page's own work per frame: median ${quantile(work, 0.5).toFixed(1)} ms, 99 of 100 within ${quantile(work, 0.99).toFixed(1)} ms`);
}
