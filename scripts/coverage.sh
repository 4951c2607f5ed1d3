#!/bin/bash
# Sums up which lines of core/, trainer/ and server/ were run by programs built with CONFIG=coverage,
# by folder. A line that is compiled more than once, as those of the kernels are, counts as run if it
# was run in any of its forms. It needs gcov, which comes with gcc.
#
# usage: scripts/coverage.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/coverage}
gcov=${GCOV:-gcov}

# A line of gcov's is "COUNT: NUMBER: TEXT", with "-" where there is no code and "#####" where nothing
# was run; "-: 0:Source:FILE" begins a file.
find "$build/obj" -name '*.gcno' -print0 |
    xargs -0 -n 32 "$gcov" --stdout --relative-only 2>/dev/null |
    awk -F: '
        function count(name, hits) { total[name]++; hit[name] += hits }
        $2 + 0 == 0 && $3 == "Source" { file = $4; next }
        file !~ /^(core|trainer|server)\// || $2 + 0 == 0 || $1 ~ /^ *-$/ { next }
        {
            line = file ":" ($2 + 0)
            if (!(line in run)) run[line] = 0
            if ($1 !~ /[#=]/) run[line] = 1
        }
        END {
            for (line in run) {
                folder = line
                sub(/\/[^\/]*$/, "", folder)
                count(split(folder, part, "/") > 1 ? folder : folder "/*.c", run[line])
                count(part[1], run[line])
                count("~ all", run[line])
            }
            for (folder in total)
                printf "%s\t%d\t%d\n", folder, hit[folder], total[folder]
        }' |
    LC_ALL=C sort |
    awk -F'\t' '
        { name = $1; sub(/^~ /, "", name) }
        { printf "%-18s %6d of %6d lines  %5.1f %%\n", name, $2, $3, 100 * $2 / $3 }
        END { if (NR == 0) { print "nothing was built with CONFIG=coverage" > "/dev/stderr"; exit 1 } }'
