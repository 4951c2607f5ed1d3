#!/usr/bin/env python3
"""What a call of the Python package costs beyond the library's own calls, and a request beyond one
that is made by hand.

    bench/python_overhead.py [MODEL.safetensors]

Needs python3 with NumPy, a compiler, and the built library and daemon (make). Asks for samples by
the package, and by a C program (bench/python_overhead.c) that makes the same calls of the library,
in turns, so that a busy machine slows both; prints the medians in microseconds and that of their
differences. Then the same of a daemon: by the package, and by a request of http.client over a kept
connection whose body numpy.load reads, the least times of both. The answer to 10,000 samples must
be the library's own memory.
"""
import http.client
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIBRARY = os.path.join(ROOT, "build/lib")
os.environ.setdefault("ADVECT_LIBRARY", os.path.join(LIBRARY, "libadvect.so"))
sys.path.insert(0, os.path.join(ROOT, "clients/python"))
import advect  # noqa: E402
import numpy  # noqa: E402

ROUNDS, REPEATS, STEPS = 15, 400, 1
LIMIT_US, LIMIT_SHARE = 20, 0.1


def compiled(folder):
    program = os.path.join(folder, "python_overhead")
    subprocess.run(["cc", "-O2", "-I" + os.path.join(ROOT, "include"),
                    os.path.join(ROOT, "bench/python_overhead.c"), "-o", program,
                    "-L" + LIBRARY, "-Wl,-rpath," + LIBRARY, "-ladvect"], check=True)
    return program


def by_package(model, n):
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.sample(n, seed=0, solver={"method": "euler", "steps": STEPS})
        took.append(1e6 * (time.perf_counter() - start))
    return statistics.median(took)


def in_process(path, model):
    """The microseconds that one sample takes beyond the library's calls."""
    beyond = []
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        print("samples   C, us   Python, us   difference, us")
        for n in (1, 64):
            pairs = []
            for _ in range(ROUNDS):
                command = [program, path, str(n), str(STEPS), str(REPEATS)]
                c = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                pairs.append((c, by_package(model, n)))
            c, python = (statistics.median(column) for column in zip(*pairs))
            beyond.append(statistics.median(of_python - of_c for of_c, of_python in pairs))
            print(f"{n:7}  {c:6.1f}       {python:6.1f}           {beyond[-1]:6.1f}")
    return beyond[0]


def over_http(path, name):
    """The share that the package adds to a bare request, the most over numbers of samples."""
    daemon = subprocess.Popen([os.path.join(ROOT, "build/bin/advectd"), "--listen", "127.0.0.1:0",
                               "--access-log", "off", path],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = daemon.stdout.readline().split()[-1]
    remote = advect.connect(url).model(name)
    connection = http.client.HTTPConnection(url[len("http://"):])
    solver = {"method": "euler", "steps": STEPS}
    head = {"Content-Type": "application/json", "Accept": "application/x-npy"}

    def bare(n):
        body = json.dumps({"n": n, "seed": 0, "solver": solver}).encode()
        connection.request("POST", f"/v1/models/{name}/samples", body, head)
        return numpy.load(io.BytesIO(connection.getresponse().read()))

    most = 0.0
    print("samples   bare request, us   Python, us")
    for n in (1, 1000):
        took = ([], [])
        for _ in range(REPEATS):
            for i, ask in enumerate((bare, lambda n: remote.sample(n, seed=0, solver=solver))):
                start = time.perf_counter()
                ask(n)
                took[i].append(1e6 * (time.perf_counter() - start))
        by_hand, python = map(min, took)  # medians wander with what else the machine does
        most = max(most, python / by_hand - 1)
        print(f"{n:7}             {by_hand:6.0f}       {python:6.0f}")
    daemon.terminate()
    daemon.wait()
    return most


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "models/four-modes.safetensors")
    model = advect.load(path)
    beyond = in_process(path, model)
    share = over_http(path, model.name)
    x = model.sample(10000, seed=0)
    shared = not x.flags.owndata
    print(f"10,000 samples: {'the memory of the library' if shared else 'a copy'}, shape {x.shape}")
    print(f"a call costs {beyond:.1f} us beyond the library's; the aim is {LIMIT_US}")
    aim = 100 * LIMIT_SHARE
    print(f"a request costs {100 * share:.1f} % beyond a bare one; the aim is {aim:.0f}")
    return 0 if beyond < LIMIT_US and share < LIMIT_SHARE and shared else 1


if __name__ == "__main__":
    sys.exit(main())
