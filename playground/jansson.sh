#!/bin/bash
# Unpacks the source of Debian's jansson, of the release that runs here, into a new directory: apt
# downloads and verifies it, by a list of sources of its own, so that the system's stays as it is.
#
# usage: jansson.sh DIRECTORY
set -euo pipefail

directory=$(realpath -m "$1")
[[ ! -f $directory/src/jansson.h ]] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$directory"
chmod 755 "$work"
if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
    sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$work/list.sources"
fi
[[ -s $work/list.sources ]] ||
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/list.list"
list=$(find "$work" -name 'list.*' -size +0)
cd "$work"
apt=(apt-get -qq -o Dir::Etc::SourceList="$list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" source --download-only jansson
tar -xf jansson_*.orig.tar.* --strip-components=1 -C "$directory"
# What its configure would find with emscripten's C library.
for have in ENDIAN_H FCNTL_H INTTYPES_H LOCALE_H STDINT_H STDLIB_H STRING_H SYS_STAT_H SYS_TIME_H \
    SYS_TYPES_H UNISTD_H CLOSE GETPID GETTIMEOFDAY LOCALECONV OPEN READ SETLOCALE SNPRINTF STRTOLL \
    ATOMIC_BUILTINS; do
    echo "#define HAVE_$have 1"
done >"$directory/src/jansson_private_config.h"
echo "#define INITIAL_HASHTABLE_ORDER 3" >>"$directory/src/jansson_private_config.h"
