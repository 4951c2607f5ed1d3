#!/bin/sh
# Lays out source files as .clang-format says, or checks that they are. The layout is that of one
# version of clang-format: others lay out the same style differently, so with them nothing is
# changed, and nothing is checked, with a word.
#
# usage: scripts/format.sh write|check FILE...
set -eu

wanted=14
mode=$1
shift
for tool in "clang-format-$wanted" clang-format; do
    command -v "$tool" >/dev/null && break
done
found=$("$tool" --version 2>/dev/null | sed -nE 's/.*version ([0-9]+).*/\1/p') || true
if [ "$found" != "$wanted" ]; then
    echo "the layout is that of clang-format $wanted, and here is ${found:-none}: not looked at"
    [ "$mode" = check ]
    exit
fi
case $mode in
write) "$tool" -i "$@" ;;
check) "$tool" --dry-run -Werror "$@" && echo "$# files formatted" ;;
*)
    echo "usage: $0 write|check FILE..." >&2
    exit 2
    ;;
esac
