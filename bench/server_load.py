#!/usr/bin/env python3
"""Goodput and latency of advectd under more and more closed-loop clients.

    bench/server_load.py [--daemon FILE] [--models DIR] [--seconds 12] [--clients 1,2,8,32,64,128]

Each client asks one query after the other, and comes back when a refusal says so. The queries take
about a twelfth of the daemon's time limit of 6 s of both of two processors: more than a dozen or so
clients cannot all be served. Beside them, a client with one-row queries tells how long these take.

Printed for each number of clients: answers within the limit per second and as a share of those to
two clients, answers per second of the daemon's CPU time (which neighbours on the machine disturb
less), the median and the 99th percentile of their latency, refusals, answers that were too late,
and the latencies of the one-row queries.
"""
import argparse
import http.client
import json
import os
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT_MS = 6000
PATH = "/v1/models/checkerboard-8x8/samples"
LONG = json.dumps({"n": 600, "seed": 1})
SHORT = json.dumps({"n": 1, "seed": 1})
HEAD = {"Content-Type": "application/json"}


class Client(threading.Thread):
    """Asks until `end`; pause: between its queries."""

    def __init__(self, port, body, end, pause=0.0):
        super().__init__(daemon=True)
        self.port, self.body, self.end, self.pause = port, body, end, pause
        self.latencies, self.refused, self.late = [], 0, 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        while time.monotonic() < self.end:
            began = time.monotonic()
            connection.request("POST", PATH, self.body, HEAD)
            reply = connection.getresponse()
            text = reply.read()
            now = time.monotonic()
            pause = self.pause
            if reply.status == 200 and now <= self.end:
                self.latencies.append(now - began)
            elif reply.status == 503:
                self.refused += b"queue-full" in text
                self.late += b"queue-full" not in text
                pause = float(reply.headers["Retry-After"])
            time.sleep(max(0.0, min(pause, self.end - time.monotonic())))


def quantile(latencies, share):
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flags(program):
    """Its clients stand for many, though they come from one address; an older daemon does not care."""
    known = subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return ["--client-share", "1"] if "--client-share" in known else []


def start(options):
    daemon = subprocess.Popen(
        [options.daemon, "--listen", "127.0.0.1:0", "--models", options.models, "--access-log", "off",
         "--request-timeout-ms", str(TIMEOUT_MS), *flags(options.daemon)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return daemon, int(daemon.stdout.readline().rsplit(":", 1)[1])


def measure(options, n_clients):
    daemon, port = start(options)
    try:
        end = time.monotonic() + options.seconds
        clients = [Client(port, LONG, end) for _ in range(n_clients)]
        short = Client(port, SHORT, end, pause=0.05)
        for client in [*clients, short]:
            client.start()
        time.sleep(max(0.0, end - time.monotonic()))
        cpu = cpu_seconds(daemon.pid)
        for client in [*clients, short]:
            client.join()
    finally:
        daemon.terminate()
        daemon.wait()
    latencies = [latency for client in clients for latency in client.latencies]
    return {"rate": len(latencies) / options.seconds, "per_cpu_s": len(latencies) / cpu,
            "latencies": latencies, "refused": sum(client.refused for client in clients),
            "late": sum(client.late for client in clients), "short": short.latencies}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--daemon", default=os.path.join(ROOT, "build", "bin", "advectd"))
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--clients", default="1,2,8,32,64,128")
    options = parser.parse_args()
    rows = {n: measure(options, n) for n in sorted({2, *map(int, options.clients.split(","))})}
    print(f"{'clients':>7} {'good/s':>7} {'of 2':>6} {'/CPU s':>7} {'p50 s':>7} {'p99 s':>7} "
          f"{'refused':>8} {'late':>5} {'1 row: p50, p99 ms':>19}")
    for n, row in rows.items():
        share = row["rate"] / rows[2]["rate"] if rows[2]["rate"] else float("nan")
        print(f"{n:>7} {row['rate']:>7.2f} {share:>6.0%} {row['per_cpu_s']:>7.2f} "
              f"{quantile(row['latencies'], 0.5):>7.2f} {quantile(row['latencies'], 0.99):>7.2f} "
              f"{row['refused']:>8} {row['late']:>5} "
              f"{1e3 * quantile(row['short'], 0.5):>9.1f} {1e3 * quantile(row['short'], 0.99):>9.1f}")


if __name__ == "__main__":
    main()
