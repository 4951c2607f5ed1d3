/* The real daemon, on a free port or a given one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const READY_MS = 60000;
const running = new Set();

/* Ends what tests that failed left behind. */
export function killAll() {
  for (const daemon of running)
    daemon.child.kill("SIGKILL");
}

export class Daemon {
  static async start(program, models, { port = 0, flags = [], env = {} } = {}) {
    const daemon = new Daemon();
    // Tests cancel work that is long, which the daemon would refuse if it had a minute for it.
    const listen = ["--listen", `127.0.0.1:${port}`, "--models", models, "--access-log", "off",
      "--request-timeout-ms", "3600000"];
    daemon.child = spawn(program, [...listen, ...flags],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    daemon.log = "";
    running.add(daemon);
    daemon.child.on("exit", () => running.delete(daemon));
    daemon.child.stderr.on("data", (text) => { daemon.log += text; });
    daemon.ended = once(daemon.child, "exit");
    const late = setTimeout(() => daemon.child.kill("SIGKILL"), READY_MS);
    for await (const line of createInterface({ input: daemon.child.stdout })) {
      daemon.url = line.match(/^listening on (http:\S+)/)?.[1];
      if (daemon.url)
        break;
    }
    clearTimeout(late);
    if (!daemon.url)
      throw new Error(`the daemon did not start:\n${daemon.log}`);
    daemon.port = Number(new URL(daemon.url).port);
    return daemon;
  }

  signal(name) {
    this.child.kill(name);
  }

  async stop(name = "SIGKILL") {
    this.child.kill("SIGCONT");
    this.child.kill(name);
    await this.ended;
  }

  /* The number of a metric's line. */
  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split("\n").find((l) => l.startsWith(`${name} `));
    return line ? Number(line.slice(name.length + 1)) : NaN;
  }

  async post(path, body) {
    const reply = await fetch(`${this.url}/v1/models/${path}`, { method: "POST",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!reply.ok)
      throw new Error(await reply.text());
    return reply.json();
  }
}
