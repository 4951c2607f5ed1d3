#!/usr/bin/env python3
"""Clients of docker/topology-test.sh, closed loop, each with one connection and without retries,
but for streams that break off when a replica is killed: what it had begun to send is lost.

    docker/topology_load.py reference DIGESTS URL...    the same bytes from each? writes digests
    docker/topology_load.py load URL SECONDS DIGESTS KILL    every answer is 200 with those bytes?
                            KILL: a file that is touched just before a replica is killed
    docker/topology_load.py ratio PROXY PROXY_PIDS PIDS URL...   what the proxy costs
    docker/topology_load.py queries TOOL PROMETHEUS     the dashboard's queries, by promtool

`load` ends in latencies; all exit 1 where an expectation is not met.
"""
import collections
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JSON, NPY, STREAM = "application/json", "application/x-npy", "application/x-ndjson"
BOARD = "/v1/models/checkerboard-4x4"
# Each route, JSON and bytes, short and long: path, body (None: GET), Accept.
REQUESTS = [
    (f"{BOARD}/samples", {"n": 16, "seed": 3}, JSON),
    (f"{BOARD}/samples", {"n": 40, "seed": 4, "solver": {"method": "rk4", "steps": 20}}, NPY),
    (f"{BOARD}/samples", {"n": 1, "seed": 5, "solver": {"method": "heun", "steps": 8}}, JSON),
    (f"{BOARD}/trajectories", {"n": 8, "seed": 1, "frames": 9}, STREAM),
    (f"{BOARD}/log-density", {"points": [[0.5, 0.5], [1.5, 0.5]]}, JSON),
    (f"{BOARD}/latents", {"points": [[0.5, 0.5], [-0.5, 1.5]]}, JSON),
    (f"{BOARD}/velocity", {"points": [[0.1, 0.2]], "t": 0.5}, JSON),
    (f"{BOARD}/samples.png?n=50&seed=2", None, "image/png"),
    ("/v1/models/mnist-mlp/samples", {"n": 2, "seed": 1, "label": 7}, JSON),
]
KILL_S = 1  # how long after a kill a stream may break off
CLIENTS = 12
RATIO_CLIENTS = 6


class Connection:
    def __init__(self, url):
        self.host = url.split("//")[1]
        self.http = http.client.HTTPConnection(self.host, timeout=60)

    def ask(self, request):
        """Status and body."""
        path, fields, accept = request
        head = {"Accept": accept, "Content-Type": JSON} if fields else {"Accept": accept}
        body = json.dumps(fields) if fields else None
        self.http.request("POST" if fields else "GET", path, body, head)
        reply = self.http.getresponse()
        return reply.status, reply.read()

    def close(self):
        self.http.close()


def digest_of(body):
    return hashlib.sha256(body).hexdigest()


def reference(urls, path):
    answers = []
    for url in urls:
        connection = Connection(url)
        replies = [connection.ask(request) for request in REQUESTS]
        bad = [(status, body[:200]) for status, body in replies if status != 200]
        if bad:
            sys.exit(f"{url}: {bad[0]}")
        answers.append([digest_of(body) for _, body in replies])
    for i, request in enumerate(REQUESTS):
        if len({answer[i] for answer in answers}) != 1:
            sys.exit(f"{request[0]}: the replicas answer with different bytes")
    with open(path, "w") as file:
        json.dump(answers[0], file)
    print(f"{len(REQUESTS)} requests, the same bytes from each of {len(urls)} replicas")


# is_cut: of a stream that broke off.
Failure = collections.namedtuple("Failure", "when what is_cut")


class Client(threading.Thread):
    """Asks for one request after the other until `end`."""

    def __init__(self, url, number, end, requests, digests=None):
        super().__init__(daemon=True)
        self.url, self.number, self.end = url, number, end
        self.requests, self.digests = requests, digests
        self.seconds, self.failures = [], []

    def fail(self, which, what, is_cut=False):
        self.failures.append(Failure(time.time(), f"{self.requests[which][0]}: {what}", is_cut))

    def run(self):
        connection = Connection(self.url)
        i = self.number
        while time.monotonic() < self.end:
            which = i % len(self.requests)
            i += 1
            began = time.monotonic()
            try:
                status, body = connection.ask(self.requests[which])
            except (OSError, http.client.HTTPException) as fault:
                is_stream = self.requests[which][2] == STREAM
                self.fail(which, repr(fault), is_stream and isinstance(fault, http.client.IncompleteRead))
                i -= 1
                connection.close()
                connection = Connection(self.url)
                time.sleep(0.05)
                continue
            self.seconds.append(time.monotonic() - began)
            if status != 200:
                self.fail(which, f"{status} {body[:200]!r}")
            elif self.digests and digest_of(body) != self.digests[which]:
                self.fail(which, "other bytes")
        connection.close()


def run(clients):
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return [s for c in clients for s in c.seconds], [f for c in clients for f in c.failures]


def without_those_of_kill(failures, kill):
    """All but the streams that broke off when the file `kill` was touched."""
    killed = os.stat(kill).st_mtime
    rest = [f for f in failures if not (f.is_cut and killed <= f.when <= killed + KILL_S)]
    print(f"{len(failures) - len(rest)} streams broke off when a replica was killed, and were asked for again")
    return rest


def load(url, seconds, path, kill):
    with open(path) as file:
        digests = json.load(file)
    end = time.monotonic() + float(seconds)
    times, failures = run([Client(url, i, end, REQUESTS, digests) for i in range(CLIENTS)])
    failures = without_those_of_kill(failures, kill)
    times.sort()
    n = len(times)
    for failure in failures[:5]:
        print(failure.what)
    print(f"{n} answers to {CLIENTS} clients in {seconds} s, {len(failures)} failures; "
          f"p50 {1e3 * times[n // 2]:.0f} ms, p99 {1e3 * times[int(0.99 * n)]:.0f} ms, "
          f"longest {1e3 * times[-1]:.0f} ms")
    sys.exit(1 if failures or n < 100 else 0)


def cpu_seconds(pids):
    """Of the threads that they have; to the nanosecond, which the ticks of /proc/PID/stat are not."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
    return 1e-9 * total


class Side:
    """One way to ask, and what it took: answers, seconds, CPU seconds of the replicas and, where
    there is one, of the proxy."""

    def __init__(self, urls, pids, proxy_pids=()):
        self.urls, self.pids, self.proxy_pids = urls, pids, proxy_pids
        self.n, self.seconds, self.replicas, self.proxy = 0, 0.0, 0.0, 0.0

    def turn(self, requests, seconds):
        began = time.monotonic()
        replicas, proxy = cpu_seconds(self.pids), cpu_seconds(self.proxy_pids)
        clients = [Client(self.urls[i % len(self.urls)], i, began + seconds, requests)
                   for i in range(RATIO_CLIENTS)]
        times, failures = run(clients)
        if failures:
            sys.exit(failures[0].what)
        self.n += len(times)
        self.seconds += time.monotonic() - began
        self.replicas += cpu_seconds(self.pids) - replicas
        self.proxy += cpu_seconds(self.proxy_pids) - proxy

    def us(self):
        """Microseconds of an answer: of the replica, of the proxy."""
        return 1e6 * self.replicas / self.n, 1e6 * self.proxy / self.n


def ratio(proxy, proxy_pids, pids, urls):
    """In turns, since others may use the processors. What counts is the CPU time of an answer, by
    replicas alone over that by replicas and proxy: the ratio of their rates where processors are
    what limits them, which the clients here share and others elsewhere do not. Only a share below
    three quarters fails, since the exact one is a matter of the machine."""
    share = 0
    for name, requests in [("one row of 8 steps", [REQUESTS[2]]), ("every kind", REQUESTS)]:
        direct = Side(urls, pids.split(","))
        by = Side([proxy], pids.split(","), proxy_pids.split(","))
        for _ in range(8):
            direct.turn(requests, 0.6)
            by.turn(requests, 0.6)
        alone, (replica, nginx) = direct.us()[0], by.us()
        share = alone / (replica + nginx)
        print(f"{name}: {by.n / by.seconds:.0f} answers/s by nginx, "
              f"{direct.n / direct.seconds:.0f} directly; CPU time of an answer {replica:.0f} us of "
              f"a replica and {nginx:.0f} us of nginx, {alone:.0f} us directly: {100 * share:.0f} % "
              f"of direct throughput on the same processors")
    sys.exit(0 if share >= 0.75 else 1)


def queries(tool, url):
    with open(os.path.join(ROOT, "deploy", "advect-dashboard.json")) as file:
        dashboard = json.load(file)
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    expressions = [t["expr"] for panel in panels for t in panel["targets"]]
    failed, empty = [], []
    for expression in expressions:
        text = expression.replace("$__rate_interval", "30s")
        text = re.sub(r"\$(instance|model|route)\b", ".*", text)
        done = subprocess.run([tool, "query", "instant", url, text], capture_output=True, text=True)
        if done.returncode:
            failed.append(f"{expression}: {done.stderr.strip()}")
        elif not done.stdout.strip():
            empty.append(expression)
    for line in failed:
        print(line)
    print(f"{len(expressions)} queries of the dashboard: {len(failed)} failed, "
          f"{len(expressions) - len(failed) - len(empty)} with data, {len(empty)} without")
    sys.exit(1 if failed or len(empty) > len(expressions) // 3 else 0)


def main():
    verb, *rest = sys.argv[1:]
    if verb == "reference":
        reference(rest[1:], rest[0])
    elif verb == "load":
        load(*rest)
    elif verb == "ratio":
        ratio(*rest[:3], rest[3:])
    else:
        queries(*rest)


if __name__ == "__main__":
    main()
