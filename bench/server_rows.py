#!/usr/bin/env python3
"""Requests of one row to advectd: many at once, and one after the other.

    bench/server_rows.py [--daemon FILE]... [--models DIR] [--model NAME] [--seconds 4] [--clients 1,32]

Closed-loop clients over connections that stay open, from one thread. Printed for each number of
clients: answers per second, answers per second of the daemon's CPU time (which neighbours on the
machine disturb less), and the median and the 99th percentile of the latency. Of several daemons, which
take turns, each line ends with the ratio of its answers per CPU second to those of the first.
"""
import argparse
import json
import os
import selectors
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BODY = json.dumps({"n": 1, "seed": 1})
WARM_S = 0.5


def cpu_seconds(pid):
    """Of all threads that live, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as file:
            total += int(file.read().split()[0])
    return 1e-9 * total


def start(daemon, models):
    process = subprocess.Popen(
        [daemon, "--listen", "127.0.0.1:0", "--models", models, "--access-log", "off"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def is_whole(reply):
    head, blank, body = reply.partition(b"\r\n\r\n")
    if not blank:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"server_rows: {reply.decode()}")
    length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
    return len(body) >= int(length)


def ask(port, model, n_clients, began, end):
    """Latencies of what is answered from `began` to `end`."""
    request = (f"POST /v1/models/{model}/samples HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}").encode()
    selector = selectors.EpollSelector()
    latencies = []
    for _ in range(n_clients):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = [time.monotonic(), b""]
        client.send(request)
        selector.register(client, selectors.EVENT_READ, state)
    while time.monotonic() < end:
        for key, _ in selector.select(0.1):
            state = key.data
            state[1] += key.fileobj.recv(65536)
            if not is_whole(state[1]):
                continue
            now = time.monotonic()
            if began <= now < end:
                latencies.append(now - state[0])
            state[:] = [now, b""]
            key.fileobj.send(request)
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    return sorted(latencies)


def measure(daemon, options, n_clients):
    process, port = start(daemon, options.models)
    try:
        ask(port, options.model, n_clients, 0, time.monotonic() + WARM_S)
        cpu, began = cpu_seconds(process.pid), time.monotonic()
        latencies = ask(port, options.model, n_clients, began, began + options.seconds)
        cpu = cpu_seconds(process.pid) - cpu
    finally:
        process.terminate()
        process.wait()
    if not latencies:
        raise SystemExit("server_rows: nothing was answered")
    return {"rate": len(latencies) / options.seconds, "per_cpu_s": len(latencies) / cpu,
            "p50": latencies[len(latencies) // 2], "p99": latencies[int(0.99 * len(latencies))]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--daemon", action="append")
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    parser.add_argument("--model", default="checkerboard-8x8")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--clients", default="1,32")
    options = parser.parse_args()
    daemons = options.daemon or [os.path.join(ROOT, "build", "bin", "advectd")]
    print(f"requests of one row to {options.model}\n"
          f"{'clients':>7} {'/s':>8} {'/CPU s':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for n in map(int, options.clients.split(",")):
        first = None
        for daemon in daemons:
            row = measure(daemon, options, n)
            first = first or row
            ratio = row["per_cpu_s"] / first["per_cpu_s"]
            print(f"{n:>7} {row['rate']:>8.1f} {row['per_cpu_s']:>8.1f} {1e3 * row['p50']:>8.2f} "
                  f"{1e3 * row['p99']:>8.2f}" + (f" {ratio:>6.2f} x" if len(daemons) > 1 else ""))


if __name__ == "__main__":
    main()
