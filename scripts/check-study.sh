#!/bin/bash
# Checks bench/study.py: what its table says of seeds that have had different numbers of steps, that a board
# whose measurement fails does not stop the others, that files it cannot use are refused in one line, and
# that the table of docs/guide/scaling.md is the one that it prints. Trains nothing: a script stands for the
# program. Needs python3. Ends in one line that counts checks.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v python3 >/dev/null; then
    echo "skipped: bench/study.py needs python3"
    exit 0
fi
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recipes=docs/internals/study
passed=0
failed=0

check() { # NAME COMMAND...
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        echo "$1: FAILED"
        failed=$((failed + 1))
    fi
}

# A folder with the recipes and no results; the study is called in it.
mkdir -p "$work/$recipes"
cp "$recipes/best.json" "$recipes/reference.json" "$work/$recipes"
cd "$work"
study() { "$root/bench/study.py" --advect ./advect --folder models "$@"; }

# The program's stand-in, which measures no model of the reference network, and the KL of a model from its
# board, seed and steps: seed 2 needs twice as many steps, and seed 1 of boards of six cells never ends.
cat >advect <<'END'
#!/bin/bash
case $1 in
inspect) echo "program, 100 multiply-adds per row and 20 per distinct time" ;;
eval)
    [[ $2 == *reference* ]] && { echo "a velocity that is no number" >&2; exit 1; }
    steps=$(sed -n 's/.*"steps": \([0-9]*\).*/\1/p' "${2%.safetensors}.json")
    [[ $2 == *-2.safetensors ]] && steps=$((steps / 2))
    [[ $2 == *best-6-2-1.safetensors ]] && steps=1
    kl=0.05
    ((steps >= 1000)) || kl=0.5
    echo "{\"kl\": $kl, \"kl_standard_error\": 0.01, \"inside\": 0.9, \"mode_share_min\": 0.8}"
    ;;
esac
END
chmod +x advect

# rows PATTERN: of the table in Markdown, those that match, without its spaces
rows() { study --boards 4^2,6^2 --markdown | tr -d ' ' | grep -E "$1"; }

study --boards 4^2,6^2 --seeds 1 --most-steps 4000 >said 2>errors && status=0 || status=$?
check "a measurement that fails is told by the exit status" test "$status" -eq 1
check "it is told what failed" grep -q "a velocity that is no number" errors
check "boards after it are trained" grep -q '"cells": 6, .*"steps": 4000' "$recipes/results.json"
check "what was not measured is no result" bash -c "! grep -q reference $recipes/results.json"
study --boards 4^2,6^2 --seeds 2 --most-steps 2000 --networks best >said 2>errors

# 4^2: seed 1 is good after 1,000 steps, seed 2 after 2,000, and the row is of the latter.
check "seeds are those of the row's steps, good ones all" \
    test "$(rows '^\|best\|4')" = "|best|4|2|8|2,000|1|0.050|-|0.900|0.80|2of2|1,500|0|6.9e7|"
# 6^2: seed 2 is good after 2,000 steps, seed 1 not after 4,000.
check "a board is not good while a seed is not" \
    test "$(rows '^\|best\|6')" = "|best|6|2|18|4,000|1|0.500|-|0.900|0.80|1of2|>4,000|-|-|"
cp "$recipes/results.json" kept.json
sed -i '/"cells": 6, .*"seed": 2/d' "$recipes/results.json"
sed -i -z 's/},\n\]/}\n]/' "$recipes/results.json"
check "a seed that has had fewer steps counts for nothing" \
    test "$(rows '^\|best\|6')" = "|best|6|2|18|4,000|1|0.500|-|0.900|0.80|0of1|>4,000|-|-|"
check "plain and Markdown tables say the same" \
    diff <(study --boards 4^2,6^2 --summary | grep '^best' | tr -d ' ') <(rows '^\|best' | tr -d '|')

# refused NAME TEXT: the last call failed with one line that has the text
refused() { # NAME TEXT COMMAND...
    "${@:3}" >said 2>errors && status=0 || status=$?
    check "$1: refused" test "$status" -ne 0
    check "$1: no traceback" bash -c '! grep -q Traceback errors'
    check "$1: says what" grep -qF -- "$2" errors
}

results() { printf '%s' "$1" >results.json && study --summary --results results.json; }
refused "a run without members" 'runs[0].network must be a text' results '{"runs":[{}]}'
refused "a run without numbers" 'runs[0].cells must be a number' \
    results '{"runs":[{"network": "best", "recipe": "0"}]}'
refused "no list of runs" 'it has no list named runs' results '{"runs": 3}'
refused "no object" 'it has no list named runs' results '[]'
refused "no JSON" 'results.json is not a file of this study' results '{"runs": ['
sed 's/"network": "best"/"network": "gone"/' kept.json >gone.json
refused "a recipe that is missing" 'results of the network gone, but its recipe' \
    study --summary --results gone.json
refused "no program" 'is no program; build it with make' study --advect ./nothing
printf '{"net": ' >"$recipes/best.json"
refused "a broken recipe" 'best.json is no JSON' study --summary --results kept.json
printf '{"net": {}}' >"$recipes/best.json"
refused "half a recipe" 'best.json has no object named train' study --summary --results kept.json

cd "$root"
check "docs/guide/scaling.md has the table that bench/study.py --markdown prints" \
    diff <(bench/study.py --markdown) <(grep -E '^\| (network|best|reference) \||^\|(---\|){14}$' docs/guide/scaling.md)
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
