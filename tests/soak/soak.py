#!/usr/bin/env python3
"""Stress for the daemon, with everything that it says checked.

    tests/soak/soak.py [--minutes 20] [--daemon FILE] [--models DIR] [--seed N]

Starts advectd with default settings on a copy of the models, records what some eighty requests are
answered one at a time, and then asks them from many clients at once, beside clients that vanish,
send nonsense, send and read slowly or hold connections, while model files are added, removed,
broken and half written under SIGHUP. Last comes SIGTERM with queries in flight.

The verdict is "passed" if, and the exit status then 0:
  right      every answer is byte for byte the recorded one, or a refusal that may be: 503
             queue-full or 429 too-many (with Retry-After), 503 timeout, 422 for a query that could
             not be in time even alone, 404 of a model that is not there now; bad requests get their
             own status
  kept       no connection is lost that the client did not give up
  in time    no reply comes later than its deadline + 0.1 s (and what this program itself was late)
  memory     the median of resident memory in the last third of the time after the first two minutes
             is at most that of the first third + 10% + 16 MiB (runs of four minutes and more)
  files      at rest as many descriptors are open as before, and no query, reply or number is held
  log        no line of level=error
  the end    what was accepted before SIGTERM is answered as recorded, and the exit, with status 0,
             comes within 0.3 s of the last answer (in proportion longer on a machine whose
             processors others use), though other queries' clients are gone
Needs python3, without packages.
"""
import argparse
import os
import signal
import statistics
import sys
import threading
import time

import clients
import mixture
from daemon import HELD, Daemon, Lateness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WARM_UP_S = 120
SLACK_BYTES = 16 << 20
EXIT_S = 0.3
CHURNING = [f"churn-{i}" for i in range(4)]


class Soak:
    def __init__(self, options):
        self.daemon = Daemon(options.daemon, options.models)
        self.seed, self.seconds = options.seed, 60 * options.minutes
        self.tally, self.stop, self.lateness = clients.Tally(), threading.Event(), Lateness()
        self.requests, self.bad, self.verdicts = mixture.known(), mixture.bad(), []

    def check(self, name, passed, words):
        self.verdicts.append((name, passed, words))

    def ask(self, request):
        with self.daemon.connect() as connection:
            connection.sendall(request.bytes())
            return clients.Reply(connection, request.method)

    def record(self):
        """The references: each request alone, twice."""
        for request in self.requests:
            request.answer = self.ask(request)
            again = self.ask(request)
            if request.answer.status not in (200, 204) or again.body != request.answer.body:
                raise SystemExit(f"{request.path} alone: {request.answer.status} "
                                 f"{request.answer.body[:300]}")
        answer = self.ask(mixture.churning(["four-modes"])[0])
        for twin in mixture.churning(CHURNING):
            twin.answer = answer
            self.requests.append(twin)

    def mix(self):
        kinds = [clients.Steady] * 8 + [clients.Cancelling] * 3 + [clients.Bad] * 2 + [
            clients.Slow] * 3 + [clients.Idle]
        threads = [kind(self, self.seed + i) for i, kind in enumerate(kinds)]
        self.churn = clients.Churn(self, self.seed + 100, CHURNING)
        self.watcher = clients.Watcher(self, self.seed + 101)
        for thread in [*threads, self.churn, self.watcher]:
            thread.start()
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and self.daemon.process.poll() is None:
            time.sleep(0.2)
        self.stop.set()
        for thread in [*threads, self.churn, self.watcher]:
            thread.join(timeout=120)

    def judge_mix(self):
        counts = self.tally.counts
        status = self.daemon.process.poll()
        self.check("alive", status is None, f"exit status {status}" if status is not None else "yes")
        self.check("right", not counts["wrong"] and counts["right"] > 0,
                   f"{counts['right']} answers equal, {counts['wrong']} wrong, "
                   f"{counts['bad ones refused']} bad requests refused")
        self.check("kept", not counts["lost"], f"{counts['lost']} lost")
        self.check("in time", not counts["late"],
                   f"{counts['late']} late; the latest {1000 * self.tally.latest_s:.0f} ms after its "
                   "deadline")

    def judge_memory(self):
        after = [bytes_ for at, bytes_ in self.watcher.samples if at >= WARM_UP_S]
        if self.seconds < 2 * WARM_UP_S or len(after) < 30:
            self.check("memory", True, "not judged: needs four minutes or more")
            return
        third = len(after) // 3
        first, last = statistics.median(after[:third]), statistics.median(after[-third:])
        self.check("memory", last <= 1.1 * first + SLACK_BYTES,
                   f"{first / 1e6:.0f} MB, later {last / 1e6:.0f} MB; at most {max(after) / 1e6:.0f}")

    def judge_rest(self, descriptors_before):
        metrics, descriptors = self.daemon.at_rest()
        held = {name: metrics[name] for name in HELD}
        more = descriptors - descriptors_before
        self.check("files", not more and not any(held.values()),
                   f"{sum(descriptors.values())} descriptors, {sum(descriptors_before.values())} "
                   f"before{' (more: ' + str(dict(more)) + ')' if more else ''}; held: "
                   f"{sum(held.values()):.0f}; {metrics['advect_connections']:.0f} connections")
        self.churn.restore()
        completed = 'advect_reloads_total{outcome="completed"}'
        self.daemon.reload()
        for _ in range(300):
            if self.daemon.metrics()[completed] > metrics[completed]:
                break
            time.sleep(0.1)
        metrics = self.daemon.metrics()
        self.check("models", metrics["advect_models_refused"] == 0
                   and metrics['advect_reloads_total{outcome="failed"}'] == 0,
                   f"{metrics['advect_models']:.0f} served after {metrics[completed]:.0f} reloads")

    def judge_end(self):
        """SIGTERM with six queries to answer and four whose clients go at the same time."""
        request = next(r for r in self.requests if b'"n": 600' in r.body)
        before = self.daemon.metrics()
        asking = [self.daemon.connect() for _ in range(6)]
        going = [self.daemon.connect() for _ in range(4)]
        for connection in asking:
            connection.sendall(request.bytes())
        for connection, endless in zip(going, mixture.ENDLESS):
            connection.sendall(endless.bytes())
        for _ in range(200):
            if self.n_submitted() - self.n_submitted(before) >= len(asking) + len(going):
                break
            time.sleep(0.02)
        slowdown = seconds_per_cpu_second()
        began = time.monotonic()
        for connection in going:
            connection.close()
        os.kill(self.daemon.pid, signal.SIGTERM)
        replies = [clients.Reply(connection) for connection in asking]
        last = max(began, *(reply.at for reply in replies))
        refused = sum(reply.problem() in ("queue-full", "too-many") for reply in replies)
        right = sum(reply.body == request.answer.body for reply in replies)
        _, status = self.daemon.end()
        took, allowed = time.monotonic() - last, EXIT_S * slowdown + self.lateness.since(last)
        self.check("the end", right + refused == len(replies) and status == 0 and took <= allowed,
                   f"{right} of {len(replies)} answered, {refused} had been refused; exit status "
                   f"{status} {took:.2f} s later, {allowed:.2f} allowed")

    def n_submitted(self, metrics=None):
        metrics = metrics or self.daemon.metrics()
        return metrics["advect_queries"] + sum(
            value for name, value in metrics.items()
            if name.startswith(("advect_queries_total", "advect_queries_rejected_total")))

    def report(self):
        print(f"\n{'what happened':<28} {'times':>9}")
        for name, n in sorted(self.tally.counts.items()):
            print(f"{name:<28} {n:>9}")
        print(f"{'lines of the log':<28} {self.daemon.n_log_lines:>9}\n")
        for name, passed, words in self.verdicts:
            print(f"{name:<10} {'passed' if passed else 'FAILED':<8} {words}")
        for line in [*self.tally.failures, *self.daemon.faults[:10]]:
            print(f"  {line}")
        failed = sum(not passed for _, passed, _ in self.verdicts)
        if failed:
            print("the log's last lines:\n" + "".join(list(self.daemon.last_lines)[-20:]))
        print(f"{len(self.verdicts) - failed} passed, {failed} failed")
        return failed


def seconds_per_cpu_second():
    """How much longer work takes than on idle processors, where it is 1; at most 10."""
    begin, cpu = time.monotonic(), time.thread_time()
    while time.thread_time() - cpu < 0.02:
        pass
    return min(10.0, max(1.0, (time.monotonic() - begin) / (time.thread_time() - cpu)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--daemon", default=os.path.join(ROOT, "build", "bin", "advectd"))
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wanted = [name + ".safetensors" for name in ("four-modes", "checkerboard-8x8", "mnist", "mnist-mlp")]
    if not all(os.path.exists(os.path.join(options.models, name)) for name in wanted):
        print(f"not all of {', '.join(wanted)} are in {options.models}: skipped")
        return 0
    soak = Soak(options)
    soak.record()
    _, descriptors = soak.daemon.at_rest()
    print(f"{len(soak.requests)} answers are known; {soak.seconds:.0f} s of everything at once, seed "
          f"{soak.seed}", flush=True)
    soak.mix()
    soak.judge_mix()
    if soak.daemon.process.poll() is None:
        soak.judge_memory()
        soak.judge_rest(descriptors)
        soak.judge_end()
    soak.check("log", not soak.daemon.faults, f"{len(soak.daemon.faults)} faults")
    return 1 if soak.report() else 0


if __name__ == "__main__":
    sys.exit(main())
