# Runs checks one after the other and counts them; to be sourced.
#
#   stage NAME COMMAND...   runs it and counts its last line "N passed, M failed", or else its outcome
#   end_stages              prints the sum as such a line; fails if anything failed
# shellcheck shell=bash

stages_passed=0
stages_failed=0

stage() {
    local log status line started=$SECONDS
    log=$(mktemp)
    echo "== $1"
    "${@:2}" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    rm -f "$log"
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        stages_passed=$((stages_passed + BASH_REMATCH[1]))
        stages_failed=$((stages_failed + BASH_REMATCH[2]))
        [[ $status -ne 0 && ${BASH_REMATCH[2]} -eq 0 ]] && stages_failed=$((stages_failed + 1))
    elif [[ $status -eq 0 ]]; then
        stages_passed=$((stages_passed + 1))
    else
        stages_failed=$((stages_failed + 1))
    fi
    echo "   ($1: $((SECONDS - started)) s)"
}

end_stages() {
    echo
    echo "$stages_passed passed, $stages_failed failed"
    [[ $stages_failed -eq 0 ]]
}
