#!/bin/bash
# Builds everything for 64-bit Arm with Debian's cross compiler, into build/arm64, and runs under qemu
# the tests that are quick there and the programs. Ends in one line that counts single checks.
#
# The libraries are Debian's for arm64, unpacked into build/arm64/sysroot: nothing of this system
# changes but for the compiler and qemu, which root gets installed. Where they cannot be had the
# check is skipped, which is no failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

sysroot=$PWD/build/arm64/sysroot
qemu=(qemu-aarch64-static -L "$sysroot")
jobs=$(nproc)
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# These take long there, half a minute to many; those of threads that wait for each other (pool, team)
# may not end in emulation. The last line's say nothing of an architecture that others do not: queries
# compute with what the tests of kernels, ops and plans hold, and of the daemon's tests those of
# requests and replies are run. Tests that start the program advect are left out too: only qemu can.
left_out="measure pytorch server_listener server_load server_overload server_together server_fixtures density empirical evaluator fixtures
 plot_layers pool shipped simulator simulator_data simulator_reference team training.* unet.*
 query together request_body support two_sample plot render_png server_service server_sandbox server_heads server_reload server_log server_jobs server_signals
 error_bars ranks simulations distill path_score render render_views supports recipe_for_file noise request"

skip() {
    echo "skipped: $*"
    exit 0
}

# shellcheck source=scripts/arm64-sysroot.sh
source scripts/arm64-sysroot.sh

count() { # NAME STATUS
    if [[ $2 -eq 0 ]]; then
        echo "$1: ok"
        passed=$((passed + 1))
    else
        echo "$1: FAILED"
        failed=$((failed + 1))
    fi
}

finish() {
    echo
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 ]]
    exit
}

# ---------------------------------------------------------------- checks

run_make() { make --no-print-directory DEV=1 -j"$jobs" "$@"; }

# Names of tests.
tests() {
    local name pattern
    pattern=$(tr -s ' \n' '|' <<<"${left_out}")
    pattern=${pattern%|}
    for name in tests/*/test_*.c tests/core/*/test_*.c; do
        ! grep -q 'trainer/cli\.h' "$name" || continue
        name=$(basename "$name" .c)
        name=${name#test_}
        [[ $name =~ ^($pattern)$ ]] || echo "$name"
    done
}

run_tests() { # TEST...
    export ADVECTD=$work/advectd # what the server's tests start
    printf '#!/bin/sh\nexec %s "$@"\n' "${qemu[*]} $PWD/build/arm64/bin/advectd" >"$ADVECTD"
    chmod +x "$ADVECTD"
    CK_TIMEOUT_MULTIPLIER=40 RUNNER="${qemu[*]}" scripts/run-tests.sh "$@" | tee "$work/tests"
    if [[ $(tail -n 1 "$work/tests") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    else
        count "tests" 1
    fi
}

# Whether two files of numbers in columns are the same but for rounding, which differs as processors
# do in how they fuse and in what order they sum.
agree() { # ONE OTHER
    paste -d, "$1" "$2" | awk -F, '
        function size(x) { return x < 0 ? -x : x }
        NR > 1 { for (i = 1; i <= NF / 2; i++) { n++; if (!(size($i - $(i + NF / 2)) < 1e-4)) bad++ } }
        END { exit !(n > 0 && !bad) }'
}

same_samples() { # MODEL FLAG...
    local name=$1
    local ask=(sample "models/$1.safetensors" --seed 3 --quiet "${@:2}")
    build/bin/advect "${ask[@]}" -o "$work/here.csv" &&
        "${qemu[@]}" build/arm64/bin/advect "${ask[@]}" -o "$work/arm64.csv" &&
        agree "$work/here.csv" "$work/arm64.csv"
    count "samples of $name as on this processor" $?
}

check_programs() {
    local program
    for program in advect advectd; do
        "${qemu[@]}" "build/arm64/bin/$program" --help >"$work/help" && grep -qi ^usage: "$work/help"
        count "$program --help" $?
    done
    same_samples four-modes -n 50
    same_samples checkerboard-4x4 -n 8 --solver heun --steps 10
    same_samples mnist -n 2 --solver euler --steps 2
}

need_tools
unpack_libraries
mapfile -t binaries < <(tests | sed 's,^,build/arm64/tests/test_,')
echo "== build"
run_make CONFIG=arm64 all "${binaries[@]}" && run_make build/bin/advect
count "build" $?
[[ $failed -eq 0 ]] || finish
echo "== tests"
run_tests "${binaries[@]}"
echo "== programs"
check_programs
finish
