#!/usr/bin/env python3
"""What a call of the Python package costs beyond the library's own calls.

    bench/python_overhead.py [MODEL.safetensors]

Needs python3 with NumPy, a compiler, and the built library (make). Asks for samples by the package,
and by a C program (bench/python_overhead.c) that makes the same calls of the library, in turns, so
that a busy machine slows both; prints the medians in microseconds and their difference. The answer
to 10,000 samples must be the library's own memory.
"""
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

ROUNDS, REPEATS, STEPS = 15, 400, 1
LIMIT_US = 20


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


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "models/four-modes.safetensors")
    model = advect.load(path)
    most = 0.0
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        print("samples   C, us   Python, us   difference, us")
        for n in (1, 64, 1024):
            pairs = []
            for _ in range(ROUNDS):
                command = [program, path, str(n), str(STEPS), str(REPEATS)]
                c = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                pairs.append((c, by_package(model, n)))
            c, python = min(p[0] for p in pairs), min(p[1] for p in pairs)
            most = max(most, python - c) if n == 1 else most
            print(f"{n:7}  {c:6.1f}       {python:6.1f}           {python - c:6.1f}")
    x = model.sample(10000, seed=0)
    print(f"10,000 samples: {'the library' if not x.flags.owndata else 'a copy'}"
          f"{chr(39) + 's own memory' if not x.flags.owndata else ''}, shape {x.shape}")
    print(f"a call costs {most:.1f} us beyond the library's; the aim is {LIMIT_US}")
    return 0 if most < LIMIT_US and not x.flags.owndata else 1


if __name__ == "__main__":
    sys.exit(main())
