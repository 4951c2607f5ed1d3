# Runs checks one after the other and counts them; to be sourced.
#
#   stage NAME COMMAND...   runs it and counts its last line "N passed, M failed", or else its outcome
#   end_stages              prints what each took, again what failed, then the sum as such a line; fails
#                           if anything did
# shellcheck shell=bash

stages_passed=0
stages_failed=0
stages_faults=""
stages_times=""

# faults_of LOG: the lines that say what went wrong: those that a stage within repeated, or else those
# of failed checks, or else the last.
faults_of() {
    local lines
    lines=$(sed -n '/^what failed:$/,$p' "$1" | sed '1d; /^[0-9]* passed, [0-9]* failed$/,$d')
    [[ -n $lines ]] || lines=$(grep -E ':[FE]:|FAIL|^ *not ok|failed:|error:|ERROR|no summary:' "$1" | head -n 20)
    [[ -n $lines ]] || lines=$(tail -n 8 "$1")
    echo "    ${lines//$'\n'/$'\n'    }"
}

stage() {
    local log status line failed=0 started=$SECONDS
    log=$(mktemp)
    echo "== $1"
    "${@:2}" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        stages_passed=$((stages_passed + BASH_REMATCH[1]))
        failed=${BASH_REMATCH[2]}
        [[ $status -ne 0 && $failed -eq 0 ]] && failed=1
    elif [[ $status -eq 0 ]]; then
        stages_passed=$((stages_passed + 1))
    else
        failed=1
    fi
    ((failed == 0)) || stages_faults+="  $1"$'\n'"$(faults_of "$log")"$'\n'
    stages_failed=$((stages_failed + failed))
    stages_times+=$(printf '%7d  %s\n' $((SECONDS - started)) "$1"
        sed -n '/^seconds$/,/^$/s/^ .*/    &/p' "$log")$'\n'
    rm -f "$log"
    echo "   ($1: $((SECONDS - started)) s)"
}

end_stages() {
    printf '\nseconds\n%s\n' "$stages_times"
    [[ -z $stages_faults ]] || printf 'what failed:\n%s' "$stages_faults"
    echo "$stages_passed passed, $stages_failed failed"
    [[ $stages_failed -eq 0 ]]
}
