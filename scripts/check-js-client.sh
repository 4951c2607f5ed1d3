#!/bin/bash
# Tests the client for JavaScript (tests/clients/js) against the daemon, and the daemon's description:
# its answers against their schemas, redocly's rules, and sample programs against generated types. Skipped,
# with a word, where node is missing; the last two where packages of npm are.
#
# usage: check-js-client.sh BIN/advect BIN/advectd [MODELS]
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null || [[ $(node -p 'parseInt(process.versions.node)') -lt 18 ]]; then
    echo "the client for JavaScript is not tested: node 18 or newer is not here; scripts/deps.sh test installs it"
    exit 0
fi
advect=$(realpath "$1")
daemon=$(realpath "$2")
models=$(realpath "${3:-models}")
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

for model in checkerboard-4x4 mnist-mlp; do
    [[ -e $models/$model.safetensors ]] || { echo "no $models/$model.safetensors: the client is not tested"; exit 0; }
done
failed=0
ADVECT=$advect ADVECTD=$daemon MODELS=$models timeout --kill-after=10 600 \
    node --test tests/clients/js/*.test.mjs >"$work/log" 2>&1 || { failed=1; cat "$work/log"; }
sed -nE 's/^(#|ℹ) (pass|fail) ([0-9]+)$/\3 \2ed/p' "$work/log" | tail -n 2 | paste -sd, | sed 's/,/, /'

# shellcheck disable=SC2016 # JavaScript's own
(cd clients/js && npm pack --dry-run --json 2>/dev/null) |
    node -e 'const [p] = JSON.parse(require("fs").readFileSync(0));
        console.log(`package ${p.name} ${p.version}: ${p.size} bytes packed, ${p.unpackedSize} unpacked, ${p.files.length} files`);' ||
    echo "npm is not here: the package is not packed"

"$daemon" --listen 127.0.0.1:0 --models "$models" --access-log=off >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 300); do
    grep -q '^listening on ' "$work/out" && break
    sleep 0.1
done
url=$(sed -n 's|^listening on ||p' "$work/out")
[[ -n $url ]] || { cat "$work/err"; exit 1; }
node docs/examples/javascript/samples.mjs "$url" >"$work/example" 2>&1 || failed=1
grep -q '^frame 4, t = 1' "$work/example" || { failed=1; cat "$work/example"; }

if [[ ! -d tests/clients/js/node_modules/typescript ]]; then
    echo "no generated types are compiled: tests/clients/js/node_modules is not here; scripts/deps.sh test installs it"
    exit "$failed"
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
    echo "no generated types are compiled: node is $(node --version), redocly wants 20.19 or newer"
    exit "$failed"
fi
curl -sf "$url/openapi.json" -o "$work/openapi.json"
node tests/clients/js/types.mjs "$work/openapi.json" "$work/types" || failed=1
exit "$failed"
