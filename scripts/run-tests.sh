#!/usr/bin/env bash
# Runs the given test binaries, one per processor at a time, or JOBS; by the command RUNNER, such as
# an emulator, if there is one. Those that take longest begin first, so that none is left to run alone;
# those that load the whole machine come last, one by one.
# Prints in their order the check summary of each and its seconds, with whatever else it had to say, and
# last one line "N passed, N failed" that counts single checks. A binary that dies or ends without a
# summary is one failure. Exits 1 on any failure.
set -u

jobs=${JOBS:-$(nproc)}
binaries=("$@")
read -ra runner <<<"${RUNNER:-}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# run INDEX: its output, then its status, which is complete when it is there.
run() {
    local from=$SECONDS
    "${runner[@]}" "${binaries[$1]}" >"$folder/$1.output" 2>&1
    echo "$? $((SECONDS - from))" >"$folder/$1.part"
    mv "$folder/$1.part" "$folder/$1.status"
}

# report INDEX: prints and counts what it found.
report() {
    local name status seconds summary bad
    name=$(basename "${binaries[$1]}")
    read -r status seconds <"$folder/$1.status"
    summary=$(grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' \
        "$folder/$1.output" | tail -n 1)
    printf '%-28s %s (%d s)\n' "$name" "${summary:-no summary: exit status $status}" "$seconds"
    grep -vE -e '^Running suite\(s\): ' -e '^[0-9]+%: Checks: ' -e '^$' "$folder/$1.output" |
        sed 's/^/    /'
    if [[ $summary =~ Checks:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+) ]]; then
        bad=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
        passed=$((passed + BASH_REMATCH[1] - bad))
        [[ $status -ne 0 && $bad -eq 0 ]] && bad=1
        failed=$((failed + bad))
    else
        failed=$((failed + 1))
    fi
}

# Indices of the binaries: slow ones before the others, and what wants the machine for itself last.
slow=() quick=() alone=()
# The first are slow under sanitizers.
names_of_slow=" server_together request_body fit server_signals together server_load training team "
names_of_slow+="$("$(dirname "$0")/quick-tests.sh" --slow | tr '\n' ' ') "
for i in "${!binaries[@]}"; do
    name=$(basename "${binaries[i]}")
    if [[ $name == test_server_overload ]]; then
        alone+=("$i")
    elif [[ $names_of_slow == *" ${name#test_} "* ]]; then
        slow+=("$i")
    else
        quick+=("$i")
    fi
done
order=("${slow[@]}" "${quick[@]}" "${alone[@]}")
n_together=$((${#slow[@]} + ${#quick[@]}))

started=0
reported=0
while ((reported < ${#binaries[@]})); do
    while ((started < ${#binaries[@]} && $(jobs -pr | wc -l) < (started < n_together ? jobs : 1))); do
        run "${order[started]}" &
        started=$((started + 1))
    done
    wait -n
    while [[ -f $folder/$reported.status ]]; do
        report "$reported"
        reported=$((reported + 1))
    done
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
