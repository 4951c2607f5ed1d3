#!/bin/bash
# Runs a program of tests/web, which drives the front-end in a browser against the daemon. Where node,
# chromium or playwright-core is missing it says so and ends with the status $ABSENT (1).
#
#   run          the tests; screenshots go to build/web/
#   frames       frames per second of the flow view
#   screenshots  docs/screenshots/, of every view, light and dark
#
# usage: page.sh run|frames|screenshots BIN/advectd [MODELS]
set -euo pipefail
cd "$(dirname "$0")/.."

absent() {
    echo "the front-end is not opened in a browser: $1; scripts/deps.sh test installs it"
    exit "${ABSENT:-1}"
}

declare -A folder=([run]=build/web [frames]=build/web [screenshots]=docs/screenshots)
program=${1:-}
[[ -n $program && -v folder[$program] ]] || { sed -n '/^# usage/s/^# //p' "$0" >&2; exit 2; }
daemon=$(realpath "$2")
models=$(realpath "${3:-models}")
browser=$(command -v chromium || command -v chromium-browser || true)
[[ -n $browser ]] || absent "chromium is not here"
command -v node >/dev/null || absent "node is not here"
[[ -d tests/web/node_modules/playwright-core ]] || absent "playwright-core is not here"
[[ $(node -p 'parseInt(process.versions.node)') -ge 18 ]] ||
    absent "node is $(node --version), playwright-core wants 18 or newer"
exec timeout --kill-after=10 1500 node "tests/web/$program.mjs" "$daemon" "$models" "$browser" "${folder[$program]}"
