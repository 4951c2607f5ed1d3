#!/bin/bash
# Builds the image and runs it for real, without a Docker engine: buildah builds in a chroot, podman
# runs with runc. Needs root. It installs podman, buildah, runc and debootstrap if they are missing,
# takes some minutes, and leaves images in podman's vfs storage (`podman --storage-driver=vfs rmi
# -a` removes them).
#
# usage: docker/test.sh [PORT]
set -euo pipefail
cd "$(dirname "$0")/.."

port=${1:-18080}
base=localhost/advect-base:bookworm
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

[ "$(id -u)" -eq 0 ] || fail "docker/test.sh needs root"
missing=
for tool in podman buildah runc debootstrap curl; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    say "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

# The base: a fresh minimal Debian from the same mirror and with the same apt settings as this one.
if ! "${podman[@]}" image exists "$base"; then
    # shellcheck disable=SC2016 # apt's own variables
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' \
        'Codename: bookworm' | head -n 1)
    say "debootstrap bookworm"
    debootstrap --variant=minbase bookworm "$work/tree" "$mirror" >"$work/debootstrap.log" ||
        fail "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
    cp -r /etc/apt/apt.conf.d/. "$work/tree/etc/apt/apt.conf.d/"
    tar -C "$work/tree" -c . | "${podman[@]}" import - "$base" >/dev/null
    rm -rf "$work/tree"
fi

say "build"
buildah --storage-driver=vfs bud --isolation chroot --network host --build-arg BASE="$base" \
    -f docker/Dockerfile -t "$image" . >"$work/build.log" 2>&1 ||
    fail "build: $(tail -n 20 "$work/build.log")"
"${podman[@]}" images --format '   {{.Repository}}:{{.Tag}} {{.Size}}' "$image"

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

say "a picture of each model"
models=$(curl -fsS "http://127.0.0.1:$port/v1/models" | grep -o '"name": *"[^"]*"' | cut -d'"' -f4)
[ -n "$models" ] || fail "no models"
for model in $models; do
    curl -fsS "http://127.0.0.1:$port/v1/models/$model/samples.png?n=64&seed=1" -o "$work/$model.png" ||
        fail "samples.png of $model"
    head -c 8 "$work/$model.png" | cmp -s - <(printf '\x89PNG\r\n\x1a\n') || fail "$model: not a PNG"
    echo "   $model: $(stat -c %s "$work/$model.png") bytes"
done

say "SIGTERM"
"${podman[@]}" kill --signal TERM "$name" >/dev/null
status=$(timeout 40 "${podman[@]}" wait "$name") || fail "still running 40 s after SIGTERM"
[ "$status" = 0 ] || fail "exit status $status after SIGTERM"
say "passed"
