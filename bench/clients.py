#!/usr/bin/env python3
"""The figures of the clients for Python and JavaScript, each beside its aim.

    bench/clients.py [MODEL.safetensors]

Needs python3 with NumPy, setuptools and wheel, a compiler, and the built library and daemon (make);
what is of JavaScript also node, and its package npm. Printed are

- what a call costs beyond the library's own: samples by the package, and by a C program
  (bench/clients.c) that makes the same calls, in turns; the median of the differences;
- whether 10,000 samples are the library's own memory;
- what a request to a daemon costs beyond a bare one: the package, and http.client over a kept
  connection whose body numpy.load reads, in turns; the ratio of the least times, since medians wander
  with what else the machine does, and that of the CPU times of this process;
- the same of JavaScript (bench/js_client.mjs), beside a bare fetch;
- advect.fit of 2,000 points of two moons by two threads: seconds, and CPU seconds of both. Where
  others use the processors, half the CPU seconds are what it takes alone, and they count;
- the sizes of both packages.

Ends with 1 if an aim is missed.
"""
import argparse
import http.client
import io
import json
import os
import re
import shutil
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
EULER = {"method": "euler", "steps": STEPS}
CALL_US, SHARE, FIT_S = 20, 0.1, 15

missed = 0


def told(what, value, aim, fine):
    global missed
    missed += not fine
    print(f"{what}: {value}; the aim is {aim}{'' if fine else ', MISSED'}", flush=True)


# ---------------------------------------------------------------- in the process


def compiled(folder):
    program = os.path.join(folder, "clients")
    subprocess.run(["cc", "-O2", "-I" + os.path.join(ROOT, "include"),
                    os.path.join(ROOT, "bench/clients.c"), "-o", program,
                    "-L" + LIBRARY, "-Wl,-rpath," + LIBRARY, "-ladvect"], check=True)
    return program


def by_package(model, n):
    took = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.sample(n, seed=0, solver=EULER)
        took.append(1e6 * (time.perf_counter() - start))
    return statistics.median(took)


def calls(path, model):
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        for n in (1, 64):
            pairs = []
            for _ in range(ROUNDS):
                command = [program, path, str(n), str(STEPS), str(REPEATS)]
                c = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                pairs.append((c, by_package(model, n)))
            c, python = (statistics.median(column) for column in zip(*pairs))
            beyond = statistics.median(of_python - of_c for of_c, of_python in pairs)
            told(f"Python, a call for {n} sample{'s' * (n > 1)}",
                 f"{beyond:.1f} us beyond the library's, {python:.1f} and {c:.1f} us",
                 f"{CALL_US} us", beyond < CALL_US)


def copies(model):
    x = model.sample(10000, seed=0, solver=EULER)
    told("Python, 10,000 samples", "a copy" if x.flags.owndata else "the library's memory",
         "no copy", not x.flags.owndata)


def moons(n):
    random = numpy.random.default_rng(0)
    angle = random.uniform(0, numpy.pi, n)
    upper = numpy.stack([numpy.cos(angle), numpy.sin(angle)], axis=1)
    points = numpy.where(random.integers(0, 2, (n, 1)), upper, [1, 0.5] - upper)
    return points + 0.08 * random.normal(size=(n, 2))


def fit():
    x = moons(2000)
    start, cpu = time.perf_counter(), time.process_time()
    advect.fit(x, threads=2)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    told("Python, advect.fit of two moons", f"{wall:.1f} s, {cpu:.1f} CPU s of two threads",
         f"{FIT_S} s on two cores", min(wall, cpu / 2) < FIT_S)


# ---------------------------------------------------------------- over HTTP


class Daemon:
    def __init__(self, path):
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "build/bin/advectd"), "--listen", "127.0.0.1:0", "--access-log",
             "off", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        listening = self.process.stdout.readline().split()
        if not listening:
            sys.exit(f"advectd did not start: {self.process.stderr.read()}")
        self.url = listening[-1]

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.terminate()
        self.process.wait()


def npy_of(x):
    body = io.BytesIO()
    numpy.save(body, x)
    return body.getvalue()


def requests(url, name, x):
    """What is asked: its name, by hand, by the package."""
    connection = http.client.HTTPConnection(url[len("http://"):])
    remote = advect.connect(url).model(name)
    path = f"/v1/models/{name}"

    def post(path, body, media):
        connection.request("POST", path, body,
                           {"Content-Type": media, "Accept": "application/x-npy"})
        return numpy.load(io.BytesIO(connection.getresponse().read()))

    def samples(n):
        body = json.dumps({"n": n, "seed": 0, "solver": EULER}).encode()
        return post(f"{path}/samples", body, "application/json")

    for n in (1, 1000):
        yield (f"{n} sample{'s' * (n > 1)}", lambda n=n: samples(n),
               lambda n=n: remote.sample(n, seed=0, solver=EULER))
    yield ("velocities at 1000 points",
           lambda: post(f"{path}/velocity?t=0.5", npy_of(x), "application/x-npy"),
           lambda: remote.velocity(x, 0.5))


def over_http(url, name, x):
    for what, by_hand, by_package in requests(url, name, x):
        took, cpu = ([], []), [0.0, 0.0]
        for _ in range(REPEATS):
            for i, ask in enumerate((by_hand, by_package)):
                start, began = time.perf_counter(), time.process_time()
                ask()
                took[i].append(time.perf_counter() - start)
                cpu[i] += time.process_time() - began
        bare, python = map(min, took)
        told(f"Python, a request for {what}",
             f"{100 * (python / bare - 1):+.1f} % ({1e6 * python:.0f} and {1e6 * bare:.0f} us), "
             f"CPU time {100 * (cpu[1] / cpu[0] - 1):+.1f} %",
             f"{100 * SHARE:.0f} %", python / bare - 1 < SHARE)


def javascript(url, name):
    if not shutil.which("node"):
        print("JavaScript: no node")
        return
    script = os.path.join(ROOT, "bench/js_client.mjs")
    said = subprocess.run(["node", script, url, name], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    wall, cpu = (float(ratio) - 1 for ratio in re.findall(r"ratio ([\d.]+)", said))
    told("JavaScript, a request for 1000 samples",
         f"{100 * wall:+.1f} %, CPU time {100 * cpu:+.1f} %", f"{100 * SHARE:.0f} %", wall < SHARE)


# ---------------------------------------------------------------- packages


def wheel_bytes():
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "python")
        shutil.copytree(os.path.join(ROOT, "clients/python"), source,
                        ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
                        "--no-build-isolation", "-w", folder, source], check=True)
        [wheel] = [name for name in os.listdir(folder) if name.endswith(".whl")]
        return os.path.getsize(os.path.join(folder, wheel))


def sizes():
    print(f"Python, the wheel: {wheel_bytes() / 1000:.0f} kB")
    if not shutil.which("npm"):
        print("JavaScript: no npm")
        return
    packed = subprocess.run(["npm", "pack", "--dry-run", "--json"], check=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            cwd=os.path.join(ROOT, "clients/js")).stdout
    print(f"JavaScript, the package: {json.loads(packed)[0]['size'] / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?",
                        default=os.path.join(ROOT, "models/four-modes.safetensors"))
    path = parser.parse_args().model
    model = advect.load(path)
    calls(path, model)
    copies(model)
    with Daemon(path) as daemon:
        over_http(daemon.url, model.name, model.sample(1000, seed=0))
        javascript(daemon.url, model.name)
    fit()
    sizes()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
