#!/usr/bin/python3
"""Runs `advect fit` over tables and prints, of each, the held-out negative log-density of the model, a
Gaussian and a mixture of Gaussians, in nats a row, and processor seconds.

    bench/tables.py [--advect build/bin/advect] [FILE.csv ...]

Without files: public tables, where they are installed, and synthetic ones, for which numpy is needed.

    Debian package        tables
    r-base-core           iris, faithful (of R's package datasets, by Rscript)
    python3-sklearn       wine (178 rows of 13 numbers), breast_cancer
    r-cran-palmerpenguins penguins
"""
import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import tempfile

SKLEARN = "/usr/lib/python3/dist-packages/sklearn/datasets/data/"
PENGUINS = "/usr/lib/R/site-library/palmerpenguins/extdata/penguins.csv"


def from_r(folder):
    for name in ("iris", "faithful"):
        path = os.path.join(folder, name + ".csv")
        if not shutil.which("Rscript"):
            print(f"{name}: skipped, needs r-base-core")
            continue
        code = f"write.csv(datasets::{name}, '{path}', row.names = FALSE)"
        subprocess.run(["Rscript", "-e", code], check=True, stdout=subprocess.DEVNULL)
        yield path, "Species" if name == "iris" else None


def from_sklearn(folder):
    for name in ("wine_data", "breast_cancer"):
        if not os.path.exists(SKLEARN + name + ".csv"):
            print(f"{name}: skipped, needs python3-sklearn")
            continue
        with open(SKLEARN + name + ".csv", encoding="utf-8") as source:
            rows = list(csv.reader(source))[1:]  # its first line is no header
        path = os.path.join(folder, name + ".csv")
        with open(path, "w", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)
        yield path, str(len(rows[0]) - 1)


def from_penguins(_):
    if os.path.exists(PENGUINS):
        yield PENGUINS, "species"
    else:
        print("penguins: skipped, needs r-cran-palmerpenguins")


def synthetic(folder):
    try:
        import numpy as np
    except ImportError:
        print("synthetic tables: skipped, need python3-numpy")
        return
    rng = np.random.default_rng(0)
    tables = {
        "gaussian-4": rng.normal(size=(120, 4)) @ rng.normal(size=(4, 4)),
        "gaussian-20": rng.normal(size=(2000, 20)) @ rng.normal(size=(20, 20)),
        "uniform": rng.random((10000, 2)),
        "exponential": rng.exponential(2, size=(10000, 2)),
        "student-t3": rng.standard_t(3, size=(10000, 2)),
    }
    for name, rows in tables.items():
        path = os.path.join(folder, name + ".csv")
        np.savetxt(path, rows, delimiter=",", fmt="%.8g")
        yield path, None


def fit(advect, path, label, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [advect, "fit", "--quiet", "--out", folder, "--name", "table", path]
    subprocess.run(command + (["--label-column", label] if label else []), check=True,
                   stderr=subprocess.DEVNULL)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    with open(os.path.join(folder, "table.report.json"), encoding="utf-8") as report:
        nll = json.load(report)["held_out_nll"]
    mixture = nll["mixture"]
    name = os.path.basename(path).removesuffix(".csv")
    print(f"{name:16}{nll['model']['mean']:10.4f}{nll['gaussian']['mean']:10.4f}"
          f"{mixture['mean']:10.4f} of {mixture['components']:2}{seconds:8.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect", help="the program")
    parser.add_argument("files", nargs="*", help="tables to fit in place of the public ones")
    options = parser.parse_args()
    print(f"{'table':16}{'model':>10}{'Gaussian':>10}{'mixture':>16}{'seconds':>8}")
    with tempfile.TemporaryDirectory() as folder:
        if options.files:
            tables = [(path, None) for path in options.files]
        else:
            tables = (t for source in (from_r, from_sklearn, from_penguins, synthetic)
                      for t in source(folder))
        for path, label in tables:
            fit(options.advect, path, label, folder)


if __name__ == "__main__":
    main()
