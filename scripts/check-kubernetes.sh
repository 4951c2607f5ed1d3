#!/bin/bash
# Holds deploy/kubernetes against the schemas of Kubernetes' API and against what the manifests
# promise, without a cluster: `kubectl kustomize` builds each folder, and tests/kubernetes/check.mjs
# looks at what comes of it. Wants kubectl or kustomize, and node with npm for the schemas
# (scripts/deps.sh kubernetes); without them it is skipped. Its last line counts the checks.
#
# usage: scripts/check-kubernetes.sh [BIN/advectd]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

skip() {
    echo "skipped: $*"
    exit 0
}
if command -v kubectl >/dev/null; then
    build() { kubectl kustomize "$1"; }
elif command -v kustomize >/dev/null; then
    build() { kustomize build "$1"; }
else
    skip "neither kubectl nor kustomize is here"
fi
scripts/deps.sh kubernetes || true
command -v node >/dev/null || skip "no node"
[ -d tests/kubernetes/node_modules/kubernetes-models ] || skip "no schemas (scripts/deps.sh kubernetes)"

# The daemon's own default, which the time to stop has to leave.
daemon=${1:-build/bin/advectd}
[ -x "$daemon" ] || make --no-print-directory -j"$(nproc)" "$daemon" >/dev/null || exit 1
DRAIN_MS=$("$daemon" --help | sed -n '/--drain-timeout-ms/,/default/s/.*(default \([0-9]*\) ms).*/\1/p')
export DRAIN_MS

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=()
for folder in deploy/kubernetes/*/; do
    name=$(basename "$folder")
    build "$folder" >"$work/$name.yaml" || exit 1
    files+=("$name=$work/$name.yaml")
done
node tests/kubernetes/check.mjs "${files[@]}"
