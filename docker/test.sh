#!/bin/bash
# Builds the image and runs it for real, without a Docker engine: buildah builds in a chroot, podman
# runs with runc. Needs root. It installs podman, buildah, runc and debootstrap if they are missing,
# takes some minutes, and leaves images in podman's vfs storage (`podman --storage-driver=vfs rmi
# -a` removes them). Without root, or on a system that is not Debian, it says so and is skipped.
#
# usage: docker/test.sh [PORT]
set -euo pipefail
cd "$(dirname "$0")/.."

port=${1:-18080}
release=$(sed -n 's/^ARG BASE=debian:\([a-z]*\)-slim$/\1/p' docker/Dockerfile)
base=localhost/advect-base:$release
image=localhost/advect:test
name=advect-test-$$
work=$(mktemp -d)
podman=(podman --storage-driver=vfs)

say() { printf '== %s\n' "$*"; }
fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}
finish() {
    "${podman[@]}" rm -f "$name" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

skip() {
    say "skipped: $*"
    exit 0
}
[ -n "$release" ] || fail "docker/Dockerfile names no Debian release as its BASE"
[ "$(id -u)" -eq 0 ] || skip "building and running the image needs root"
command -v apt-get >/dev/null || skip "its base is made with Debian's tools, and apt-get is not here"
missing=
for tool in podman buildah runc curl; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    say "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

# The base: a fresh minimal Debian.
if ! "${podman[@]}" image exists "$base"; then
    say "a root of Debian $release"
    scripts/debian-root.sh "$release" "$work/tree" || fail "no root of Debian $release"
    tar -C "$work/tree" -c . | "${podman[@]}" import - "$base" >/dev/null 2>&1
    rm -rf "$work/tree"
fi

say "build"
buildah --storage-driver=vfs bud --isolation chroot --network host --build-arg BASE="$base" \
    -f docker/Dockerfile -t "$image" . >"$work/build.log" 2>&1 ||
    fail "build: $(tail -n 20 "$work/build.log")"
"${podman[@]}" images --format '   {{.Repository}}:{{.Tag}} {{.Size}}' "$image"
bytes_of() { "${podman[@]}" image inspect "$1" --format '{{.Size}}'; }
added=$(($(bytes_of "$image") - $(bytes_of "$base")))
echo "   $((added / 1000000)) MB of it beyond the base"
((added < 60000000)) || fail "the image adds $added bytes to its base; 60 MB are allowed"

say "run (read-only, as $("${podman[@]}" inspect --format '{{.Config.User}}' "$image"))"
"${podman[@]}" --runtime runc run -d --name "$name" --ulimit nofile=1024:1024 \
    --ulimit nproc=1024:1024 --network host --read-only --tmpfs /tmp \
    -e ADVECT_LISTEN="127.0.0.1:$port" "$image" >/dev/null

for _ in $(seq 100); do
    curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null && break
    sleep 0.1
done
curl -fsS "http://127.0.0.1:$port/health/ready" || fail "not ready: $("${podman[@]}" logs "$name" 2>&1 | tail)"
echo
say "health check inside the container"
"${podman[@]}" --runtime runc exec "$name" advectd --check-health || fail "--check-health"

"${podman[@]}" logs "$name" 2>&1 | grep -o 'sandbox: .*'

say "samples of each model, and a picture of those that have one"
url=http://127.0.0.1:$port/v1/models
n_models=0
for file in models/*.safetensors; do
    model=$(basename "$file" .safetensors)
    about=$(curl -fsS "$url/$model") || fail "model $model is not served"
    size=$(grep -oE '"context": *\{"size": *[0-9]+' <<<"$about" | grep -oE '[0-9]+$' || true)
    context=$(for _ in $(seq "${size:-0}"); do printf ',0'; done) # where the model takes one
    curl -fsS "$url/$model/samples" -H 'Content-Type: application/json' \
        -d "{\"n\": 2, \"seed\": 1${size:+, \"context\": [${context:1}]}}" \
        -o "$work/$model.json" || fail "samples of $model"
    n_models=$((n_models + 1))
    if ! grep -q '"pictures": *true' <<<"$about"; then
        echo "   $model: $(stat -c %s "$work/$model.json") bytes of JSON"
        continue
    fi
    curl -fsS "$url/$model/samples.png?n=64&seed=1${size:+&context=${context:1}}" -o "$work/$model.png" ||
        fail "samples.png of $model"
    head -c 8 "$work/$model.png" | cmp -s - <(printf '\x89PNG\r\n\x1a\n') || fail "$model: not a PNG"
    echo "   $model: $(stat -c %s "$work/$model.png") bytes of PNG"
done
[ "$n_models" -gt 0 ] || fail "no models"

say "SIGTERM"
"${podman[@]}" kill --signal TERM "$name" >/dev/null
status=$(timeout 40 "${podman[@]}" wait "$name") || fail "still running 40 s after SIGTERM"
[ "$status" = 0 ] || fail "exit status $status after SIGTERM"
say "passed"
