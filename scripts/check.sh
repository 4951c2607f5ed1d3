#!/bin/bash
# Everything that has to pass, in order: the layers, the format, all tests of the release build with
# warnings as errors, the front-end in a browser, all tests under AddressSanitizer and UBSan, those
# of threads and of the daemon under ThreadSanitizer, and a clang build without warnings. Ends in
# one line that counts single checks.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

jobs=$(nproc)
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# stage NAME COMMAND...: runs it, counts its "N passed, N failed" line or else its outcome.
stage() {
    echo "== $1"
    shift
    "$@" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]}
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        [[ $status -ne 0 && ${BASH_REMATCH[2]} -eq 0 ]] && failed=$((failed + 1))
    elif [[ $status -eq 0 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    return 0
}

run_make() { make --no-print-directory DEV=1 "$@"; }

stage "layers" run_make check-layers
stage "format" run_make check-format
stage "build" run_make -j"$jobs" all
stage "tests" run_make -j"$jobs" test
stage "api.md" scripts/check-api-examples.sh build/bin/advectd
stage "page" scripts/check-page.sh build/bin/advectd
stage "tests under AddressSanitizer and UBSan" run_make -j"$jobs" CONFIG=asan all test
stage "threads and daemon tests under ThreadSanitizer" run_make -j"$jobs" CONFIG=tsan all test \
    TESTS="$(printf 'build/tsan/tests/test_%s ' server server_http server_errors server_load query \
        pool team)"
stage "clang without warnings" run_make -j"$jobs" CONFIG=clang all tests
echo
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
