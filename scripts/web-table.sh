#!/bin/sh
# Writes the C table of the front-end's files, in the order given: a row of server/api/assets.h for each,
# between the symbols that the Makefile's linking of the files makes. Those of web/ are named from there.
#
# usage: scripts/web-table.sh FILE... > table.c
set -eu

# symbol FILE: what ld makes of its name
symbol() {
    printf 'adv_binary_%s' "$(printf '%s' "$1" | tr -c 'A-Za-z0-9' '_')"
}

echo '#include "server/api/assets.h"'
echo
for file in "$@"; do
    for form in "$file" "$file.gz"; do
        echo "extern const char $(symbol "$form")_start[], $(symbol "$form")_end[];"
    done
done
echo
echo 'const struct adv_asset adv_assets[] = {'
for file in "$@"; do
    plain=$(symbol "$file")
    packed=$(symbol "$file.gz")
    echo "    {\"${file#web/}\", ${plain}_start, ${plain}_end, ${packed}_start, ${packed}_end},"
done
echo '};'
echo "const size_t adv_assets_count = $#;"
