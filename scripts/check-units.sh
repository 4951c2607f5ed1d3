#!/bin/bash
# Checks the units in deploy/systemd: that systemd understands every line of them, and that its rating
# of what the service is exposed to is below LIMIT (0 to 10). Neither needs a systemd that runs. Ends
# in one line that counts checks.
#
# usage: scripts/check-units.sh [LIMIT]
set -euo pipefail
cd "$(dirname "$0")/.."

limit=${1:-2.0}
if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: systemd-analyze is not here (Debian's package systemd)"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

count() { # NAME STATUS
    if [[ $2 -eq 0 ]]; then
        passed=$((passed + 1))
    else
        echo "$1: FAILED"
        failed=$((failed + 1))
    fi
}

# What a unit runs need not be installed here, nor its manual.
sed -e 's,^ExecStart=.*,ExecStart=/bin/true,' deploy/systemd/advectd.service >"$work/advectd.service"
cp deploy/systemd/advectd.socket "$work"
for unit in advectd.service advectd.socket; do
    systemd-analyze verify --man=no "$work/$unit" >"$work/said" 2>&1 && [[ ! -s $work/said ]] &&
        status=0 || status=1
    cat "$work/said"
    count "$unit is understood" "$status"
done

systemd-analyze security --offline=yes deploy/systemd/advectd.service >"$work/rating"
grep -v '^✓' "$work/rating"
exposure=$(sed -n 's/.*Overall exposure level for advectd.service: \([0-9.]*\) .*/\1/p' "$work/rating")
awk -v exposure="$exposure" -v limit="$limit" 'BEGIN { exit !(exposure != "" && exposure < limit) }' &&
    status=0 || status=1
count "exposure is ${exposure:-unknown}, which must be below $limit" "$status"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
