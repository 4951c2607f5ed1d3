#!/bin/bash
# Tests the Python package as others get it: builds its wheel with Debian's tools from a copy of
# clients/python, installs it with pip in a fresh virtual environment that has nothing but NumPy (and
# matplotlib and scikit-learn, where they are present) from the system, and runs the tests of
# tests/clients/python and the scripts of docs/examples/python with it, over the built library. Types
# are checked by mypy where it is present. Ends in one line that counts single checks.
#
# usage: scripts/check-python.sh [test_model.TestMemory...]     only these tests
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# A Python with NumPy: /usr/bin/python3 is Debian's, whatever other one comes first in PATH.
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy, setuptools, wheel, venv, pip' 2>/dev/null || continue
    python=$candidate
    break
done
if [[ -z $python ]]; then
    echo "skipped: the Python package needs python3 with numpy, setuptools, wheel, venv and pip"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

count() { # STATUS NAME
    if [[ $1 -eq 0 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

git ls-files -z clients/python | xargs -0 cp --parents -t "$work"
"$python" -m pip wheel --quiet --no-deps --no-index --no-build-isolation -w "$work/dist" \
    "$work/clients/python" >"$work/log" 2>&1 || cat "$work/log"
wheel=$(compgen -G "$work/dist/advect-*-py3-none-any.whl")
[[ -n $wheel ]]
count $? "the wheel is built"
[[ -n $wheel ]] || { echo "$passed passed, $failed failed"; exit 1; }
echo "$(basename "$wheel"): $(stat -c %s "$wheel") bytes"
"$python" - "$wheel" <<'END'
import sys, zipfile
names = set(zipfile.ZipFile(sys.argv[1]).namelist())
sys.exit(not {"advect/__init__.py", "advect/py.typed"} <= names or any(
    not name.startswith(("advect/", "advect-")) for name in names))
END
count $? "the wheel has the package, its mark of types, and nothing else"

"$python" -m venv --system-site-packages "$work/venv" &&
    "$work/venv/bin/pip" install --quiet --no-index --no-deps --disable-pip-version-check "$wheel"
count $? "pip install in a fresh virtual environment"

# From here on the package is the installed one, and the library the built one.
unset PYTHONPATH
export ADVECT_LIBRARY=$PWD/build/lib/libadvect.so PYTHONDONTWRITEBYTECODE=1
installed=$(cd "$work" && "$work/venv/bin/python" -c 'import advect; print(advect.__file__)')
[[ $installed == "$work/venv/"* ]]
count $? "what is imported is what was installed: $installed"

if command -v mypy >/dev/null; then
    (cd "$work/clients/python" &&
        mypy --strict --no-warn-unused-ignores --python-executable "$python" advect)
    count $? "types, by mypy --strict"
else
    echo "skipped: types are not checked without mypy"
fi

"$work/venv/bin/python" tests/clients/python/run.py "$@" | tee "$work/tests"
line=$(tail -n 1 "$work/tests")
if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
else
    count 1 "the tests end in a count"
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
