#!/bin/bash
# Makes a bare root of a Debian release in a new directory, from the mirror and with the apt settings
# of this system. Needs root and debootstrap, which it installs where it is missing.
#
# usage: debian-root.sh RELEASE DIRECTORY [DEBOOTSTRAP-OPTION...]
set -euo pipefail

release=$1
directory=$2
shift 2

if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap
fi
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' \
    "Codename: $codename" | head -n 1)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
debootstrap --variant=minbase "$@" "$release" "$directory" "$mirror" >"$log" 2>&1 || {
    tail -n 3 "$log" >&2
    exit 1
}
cp -r /etc/apt/apt.conf.d/. "$directory/etc/apt/apt.conf.d/"
