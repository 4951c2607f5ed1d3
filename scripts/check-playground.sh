#!/bin/bash
# Builds the playground and tests it: its module in node against the native build, and its page in
# Chromium and in Firefox. scripts/deps.sh playground installs emscripten; where it, the source of
# jansson or node cannot be had this is skipped, with a word, and so is the page where chromium or
# playwright-core (scripts/deps.sh test) is missing, and its part in Firefox where firefox-esr is. Its
# last line counts the checks.
#
# usage: check-playground.sh BIN/advect
set -euo pipefail
cd "$(dirname "$0")/.."

advect=$(realpath "$1")
folder=$PWD/build/playground
skip() {
    echo "skipped: $*"
    exit 0
}
scripts/deps.sh playground || true
for tool in emcc node; do
    command -v "$tool" >/dev/null || skip "no $tool (scripts/deps.sh playground)"
done
playground/jansson.sh build/wasm/jansson || skip "the source of jansson could not be downloaded"
OFFLINE=1 make --no-print-directory playground
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
timeout 600 node tests/playground/module.mjs "$folder" "$advect" models "$scratch" | tee "$scratch/module"

browser=$(command -v chromium || command -v chromium-browser || true)
if [[ -n $browser && -d tests/web/node_modules/playwright-core ]]; then
    timeout 1200 node tests/playground/page.mjs "$folder" "$advect" "$browser" build/web | tee "$scratch/page"
else
    echo "the playground is not opened in a browser: chromium or playwright-core is not here"
fi
cat "$scratch"/{module,page} 2>/dev/null |
    awk '/^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3 } END { print p " passed, " f " failed"; exit f > 0 }'
