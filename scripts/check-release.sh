#!/bin/bash
# Builds and tests on a release of Debian, in a bare root made for it: with its gcc and its clang, all
# warnings errors; then, as a user who is not root and with none of this system's environment, the
# tests but for the few that take minutes and for that of overload, which takes the whole machine to
# see what the scheduler makes of deadlines; and once more those of what reads and writes numbers, in a
# locale with a decimal comma. Ends in one line that counts single checks.
#
# Without root, or on a system that is not Debian, it is skipped, which is no failure.
#
# usage: scripts/check-release.sh bookworm|trixie
set -euo pipefail
cd "$(dirname "$0")/.."

# In the root, as its user.
check() {
    # shellcheck source=scripts/stages.sh
    source scripts/stages.sh
    local jobs
    jobs=$(nproc)
    set +e # a stage that fails is counted
    export CK_TIMEOUT_MULTIPLIER=4
    stage "gcc $(gcc -dumpversion) without warnings" make --no-print-directory -j"$jobs" DEV=1 all tests
    stage "clang $(clang -dumpversion) without warnings" \
        make --no-print-directory -j"$jobs" DEV=1 CONFIG=clang all tests
    # shellcheck disable=SC2046 # a list
    stage "tests" scripts/run-tests.sh $(scripts/quick-tests.sh | grep -v server_overload)
    stage "tests with a decimal comma" scripts/check-as-user.sh
    end_stages
}

# In the root, as its root.
set_up() {
    apt-get update -qq
    scripts/deps.sh release
    useradd --create-home advect
    chown -R advect: .
}

if [[ ${1:-} == --inside ]]; then
    if [[ $(id -u) -ne 0 ]]; then
        check
    else
        set_up >/tmp/set-up.log 2>&1 || { tail -n 20 /tmp/set-up.log; exit 1; }
        exec runuser -u advect -- env -i HOME=/home/advect PATH=/usr/local/bin:/usr/bin:/bin \
            scripts/check-release.sh --inside
    fi
    exit
fi

skip() {
    echo "skipped: $*"
    exit 0
}
release=${1:-}
[[ $release == bookworm || $release == trixie ]] || { sed -n '/^# usage/s/^# //p' "$0" >&2; exit 2; }
[[ $(id -u) -eq 0 ]] || skip "a root of Debian $release needs root"
command -v apt-get >/dev/null || skip "a root of Debian $release is made with Debian's tools"

# What is mounted there is so in a namespace of its own, which ends with the check.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
scripts/debian-root.sh "$release" "$root"
mkdir -p "$root/opt/advect/main" "$root/opt/advect/shared"
git ls-files -z | xargs -0 cp --parents -t "$root/opt/advect/main"
# shellcheck disable=SC2016 # the inner shell's
unshare --mount --fork bash -euc '
    root=$1
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    [[ ! -d ../shared ]] || mount --bind -o ro ../shared "$root/opt/advect/shared"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c \
        "cd /opt/advect/main && scripts/check-release.sh --inside"' _ "$root"
