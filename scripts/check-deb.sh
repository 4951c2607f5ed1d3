#!/bin/bash
# Makes the Debian packages and tries them. lintian finds no fault with them; in a bare root of this
# release they are installed, a program is compiled with the library, the daemon is started as its
# unit starts it (the same command, user and environment, by itself and by a socket that systemd-
# socket-activate passes), asked, told to read its models anew and to stop, and the packages are
# removed. Those for arm64, a cross build, are unpacked over Debian's libraries for arm64, and their
# programs run under qemu. Ends in one line that counts checks.
#
# Without root, or on a system that is not Debian, it is skipped, which is no failure. NATIVE=1 leaves
# arm64 out.
#
# usage: scripts/check-deb.sh
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

native=$(dpkg --print-architecture 2>/dev/null)
sysroot=$PWD/build/arm64/sysroot
jobs=$(nproc)
work=$(mktemp -d)
root=$work/root
port=18181
passed=0
failed=0
daemon=

finish() {
    [[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

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

# ---------------------------------------------------------------- in the root

# A process namespace of its own: what is left there ends with it.
# shellcheck disable=SC2016 # the inner shell's
in_root() {
    unshare --mount --pid --fork --kill-child bash -euc '
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"' \
        "$root" "$@"
}

# The lines of the unit that make the process, as systemd would read them.
unit_value() { sed -n "s/^$1=//p" "$root"/{usr/,}lib/systemd/system/advectd.service 2>/dev/null | head -n 1; }

# start WRAPPER...: the unit's command, by its user, in its environment.
start() {
    local -a environment command
    read -ra environment <<<"$(unit_value Environment)"
    read -ra command <<<"$(unit_value ExecStart)"
    in_root setpriv --reuid="$(unit_value User)" --regid="$(unit_value Group)" --clear-groups \
        --no-new-privs --bounding-set=-all env -i PATH=/usr/bin:/bin "${environment[@]}" "$@" \
        "${command[@]}" >"$work/said" 2>&1 &
    daemon=$!
}

# The daemon is the last of the processes that started each other.
tell() { # SIGNAL
    local pid=$daemon child
    while child=$(pgrep -P "$pid" | head -n 1) && [[ -n $child ]]; do
        pid=$child
    done
    kill -s "$1" "$pid"
}

answers() {
    local _
    for _ in $(seq 300); do
        curl -fs -o /dev/null "http://127.0.0.1:$1/health/ready" && return
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/said"
    return 1
}

ask() {
    local url=http://127.0.0.1:$1/v1/models
    curl -fsS "$url/four-modes/samples.png?n=64&seed=1" -o "$work/samples.png" &&
        cmp -s -n 8 "$work/samples.png" <(printf '\x89PNG\r\n\x1a\n') &&
        curl -fsS "$url/mnist/samples" -H 'Content-Type: application/json' -d '{"n": 1, "seed": 1}' \
            -o "$work/samples.json" && grep -q '"samples"' "$work/samples.json"
}

try_daemon() { # NAME PORT
    answers "$2"
    count "$1: it is ready" $?
    ask "$2"
    count "$1: it answers" $?
    grep -q 'sandbox: system calls restricted by seccomp' "$work/said"
    count "$1: it is in its sandbox" $?
    tell HUP
    sleep 1
    [[ $(grep -c 'model four-modes from' "$work/said") -eq 2 ]]
    count "$1: it reads its models anew" $?
    tell TERM
    wait "$daemon"
    count "$1: it stops" $?
    daemon=
}

try_installed() {
    echo "== a bare root"
    # shellcheck source=/dev/null
    scripts/debian-root.sh "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" ||
        skip "no bare root can be made"
    mkdir "$root/packages"
    cp "build/deb/$native"/*.deb "$root/packages"
    in_root bash -euc 'apt-get update -qq
        apt-get install -y -qq --no-install-recommends /packages/*.deb systemd gcc libc6-dev pkgconf' \
        >"$work/log" 2>&1
    count "install" $? || tail -n 20 "$work/log"
    [[ $failed -eq 0 ]] || tail -n 20 "$work/log"
    cp docs/examples/sample.c "$root/packages"
    # shellcheck disable=SC2016 # the inner shell's
    in_root bash -euc 'cd /packages
        gcc sample.c $(pkg-config --cflags --libs advect) -o sample
        ./sample /usr/share/advect/models/four-modes.safetensors 2' >"$work/log" 2>&1
    count "a program is compiled with libadvect-dev" $? || tail -n 20 "$work/log"
    in_root getent passwd advect >"$work/user"
    count "there is a user: $(<"$work/user")" $?
    in_root advect sample four-modes -n 2 --seed 1 >/dev/null 2>&1 ||
        in_root advect sample /usr/share/advect/models/four-modes.safetensors -n 2 --seed 1 >/dev/null
    count "advect samples" $?
    in_root test -L /etc/systemd/system/multi-user.target.wants/advectd.service
    count "the service is enabled" $?
    in_root test ! -e /etc/systemd/system/sockets.target.wants/advectd.socket
    count "the socket is not" $?
    start env "ADVECT_LISTEN=127.0.0.1:$port"
    try_daemon "as the unit starts it" "$port"
    start systemd-socket-activate -E ADVECT_MODELS -l "127.0.0.1:$((port + 1))"
    sleep 1
    try_daemon "by its socket" "$((port + 1))"
    in_root apt-get purge -y -qq advect advectd advect-models 'libadvect*' >"$work/log" 2>&1
    count "remove" $?
    find "$root/usr" "$root/etc" -name '*advect*' ! -name '*.gz' >"$work/left"
    cat "$work/left"
    [[ ! -s $work/left ]]
    count "nothing is left" $?
}

# ---------------------------------------------------------------- arm64

try_arm64() {
    local package qemu
    echo "== arm64"
    need_tools
    unpack_libraries
    make --no-print-directory -j"$jobs" CONFIG=arm64 deb >"$work/log" 2>&1
    count "packages for arm64" $?
    [[ $failed -eq 0 ]] || { tail -n 20 "$work/log"; return; }
    mkdir "$work/arm64"
    for package in build/deb/arm64/*.deb "build/deb/$native"/advect-models_*.deb; do
        dpkg-deb -x "$package" "$work/arm64" || break
    done
    [[ $(file -b "$work/arm64/usr/bin/advectd") == *aarch64* ]]
    count "it is for arm64" $?
    qemu=(qemu-aarch64-static -L "$sysroot" "$work/arm64/usr/bin/advectd")
    ADVECT_MODELS=$work/arm64/usr/share/advect/models ADVECT_LISTEN=127.0.0.1:$port \
        "${qemu[@]}" >"$work/said" 2>&1 &
    daemon=$!
    answers "$port" && ask "$port"
    count "under qemu it answers" $?
    kill -s TERM "$daemon" && wait "$daemon"
    count "under qemu it stops" $?
    daemon=
}

command -v apt-get >/dev/null || skip "Debian packages are made and tried with Debian's tools"
[[ $(id -u) -eq 0 ]] || skip "a bare root needs root"
scripts/deps.sh deb-test
make --no-print-directory -j"$jobs" deb >"$work/log" 2>&1
count "packages" $?
[[ $failed -eq 0 ]] || { tail -n 20 "$work/log"; exit 1; }
lintian --fail-on error,warning "build/deb/$native"/*.deb
count "lintian" $?
try_installed
[[ ${NATIVE:-0} == 1 || $native == arm64 ]] || try_arm64
echo
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
