#!/bin/bash
# Everything that has to pass, in order: the layers, the format, the documents, a build from the files
# that the image is made of, clang-tidy and shellcheck, all tests of the release build with warnings as
# errors, some of them as another user and in another locale, the library as it is installed, the Python
# package, the script of the scaling study, api.md's examples, the units, the dashboard and the alert
# rules, the daemon under stress for seconds, the client for JavaScript and the API's description, the
# front-end in a browser, every parser of untrusted bytes under a fuzzer, all tests under AddressSanitizer
# and UBSan, those of threads and of the daemon under ThreadSanitizer, and a clang build without warnings.
# Ends in one line that counts single checks.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# shellcheck source=scripts/stages.sh
source scripts/stages.sh
jobs=$(nproc)

run_make() { make --no-print-directory DEV=1 "$@"; }

stage "layers" run_make check-layers
stage "format" run_make check-format
stage "documents" scripts/check-docs.sh
stage "the image's files" scripts/check-context.sh
stage "build" run_make -j"$jobs" all
stage "lint" run_make lint
stage "tests" run_make -j"$jobs" test
stage "tests as users run them" scripts/check-as-user.sh
stage "the library, installed" scripts/check-library.sh
stage "the Python package" scripts/check-python.sh
stage "the scaling study" scripts/check-study.sh
stage "api.md" scripts/check-api-examples.sh build/bin/advectd
stage "units" scripts/check-units.sh
stage "dashboard and alerts" scripts/check-monitoring.py build/bin/advectd
stage "soak" run_make soak MINUTES=0.25
stage "JavaScript client and OpenAPI" scripts/check-js-client.sh build/bin/advect build/bin/advectd
stage "page" scripts/check-page.sh build/bin/advectd
stage "fuzzing" run_make -j"$jobs" fuzz FUZZ_SECONDS=7
stage "tests under AddressSanitizer and UBSan" run_make -j"$jobs" CONFIG=asan all test
stage "threads and daemon tests under ThreadSanitizer" run_make -j"$jobs" CONFIG=tsan all test \
    TESTS="$(printf 'build/tsan/tests/test_%s ' server server_http server_errors server_load server_together query \
        pool team training picture_cache)"
stage "clang without warnings" run_make -j"$jobs" CONFIG=clang all tests
end_stages
