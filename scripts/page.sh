#!/bin/bash
# Tests the front-end in a browser against the daemon (tests/web); skipped, with a word, where node,
# chromium or playwright-core is missing. Screenshots go to build/web/.
#
# usage: check-page.sh BIN/advectd [MODELS]
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "page tests skipped: $1; scripts/deps.sh test installs it"
    exit 0
}

daemon=$(realpath "$1")
models=$(realpath "${2:-models}")
browser=$(command -v chromium || command -v chromium-browser || true)
[[ -n $browser ]] || skip "chromium is not here"
command -v node >/dev/null || skip "node is not here"
[[ -d tests/web/node_modules/playwright-core ]] || skip "playwright-core is not here"
[[ $(node -p 'parseInt(process.versions.node)') -ge 18 ]] ||
    skip "node is $(node --version), playwright-core wants 18 or newer"
exec timeout --kill-after=10 600 node tests/web/run.mjs "$daemon" "$models" "$browser" build/web
