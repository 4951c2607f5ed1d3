#!/bin/bash
# Names the test binaries of a folder, one a line, but for those that train, integrate or draw for
# minutes.
#
# usage: scripts/quick-tests.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

left_out="eval figures shipped training unet unet_double"

for name in tests/*/test_*.c tests/core/*/test_*.c ops_double plan_double mlp_double; do
    name=$(basename "$name" .c)
    name=${name#test_}
    [[ " $left_out " == *" $name "* ]] || echo "${1:-build/tests}/test_$name"
done
