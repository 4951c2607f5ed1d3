#!/usr/bin/env bash
# Runs the given test binaries one after the other. Prints the check summary of
# each, with whatever else it had to say, and last one line "N passed, N failed"
# that counts single checks. A binary that dies or ends without a summary is one
# failure. Exits 1 on any failure.
set -u

passed=0
failed=0
for binary in "$@"; do
    output=$("$binary" 2>&1)
    status=$?
    summary=$(grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' \
        <<<"$output" | tail -n 1)
    printf '%-28s %s\n' "$(basename "$binary")" "${summary:-no summary: exit status $status}"
    grep -vE -e '^Running suite\(s\): ' -e '^[0-9]+%: Checks: ' -e '^$' <<<"$output" | sed 's/^/    /'
    if [[ $summary =~ Checks:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+) ]]; then
        bad=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
        passed=$((passed + BASH_REMATCH[1] - bad))
        [[ $status -ne 0 && $bad -eq 0 ]] && bad=1
        failed=$((failed + bad))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
