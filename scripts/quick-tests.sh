#!/bin/bash
# Names the test binaries of a folder, one a line, but for those that train, integrate or draw for
# minutes; or these.
#
# usage: scripts/quick-tests.sh [FOLDER]
#        scripts/quick-tests.sh --slow     prints their names, without test_
set -euo pipefail
cd "$(dirname "$0")/.."

left_out="eval figures measure shipped simulator_reference unet unet_double"
if [[ ${1:-} == --slow ]]; then
    tr ' ' '\n' <<<"$left_out"
    exit
fi
for name in tests/*/test_*.c tests/core/*/test_*.c ops_double plan_double mlp_double; do
    name=$(basename "$name" .c)
    name=${name#test_}
    [[ " $left_out " == *" $name "* ]] || echo "${1:-build/tests}/test_$name"
done
