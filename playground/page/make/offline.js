/* Keeps the playground in the browser, so that it opens without a network after the first visit.
 * Without a secure context there are no service workers, and nothing is lost but that. */
if ("serviceWorker" in navigator)
  navigator.serviceWorker.register(new URL("../../service-worker.js", import.meta.url)).catch(() => {});
