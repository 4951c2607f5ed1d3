#!/bin/bash
# Compares answers with those of an older commit, byte for byte: requests to the daemon and commands of
# the tool, those of compare-answers.cases. Prints a line for each that differs, and last one line that
# counts them; a case that is said to differ on purpose may, and is named.
#
# Both are built as releases; those of commits lie in build/compare/COMMIT, once built. Models and inputs
# are this tree's for both. What was answered stays in build/compare/answers, for diff.
#
# It needs curl, git, perl and what the build needs.
#
# usage: scripts/compare-answers.sh OLD_COMMIT [NEW_COMMIT]     NEW_COMMIT: this tree if absent
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
[[ $# -eq 1 || $# -eq 2 ]] || { sed -n '/^# usage/s/^# //p' "$0" >&2; exit 2; }

root=$PWD
answers=$root/build/compare/answers
rm -rf "$answers"
mkdir -p "$answers/old" "$answers/new"
daemons=()
trap 'kill "${daemons[@]}" 2>/dev/null' EXIT

# tree_of [COMMIT]: builds the programs, and prints the folder of their tree.
tree_of() {
    local commit tree=$root
    if [[ -n ${1:-} ]]; then
        commit=$(git rev-parse --short=7 --verify "$1^{commit}") || return
        tree=$root/build/compare/$commit
        mkdir -p "$tree"
        [[ -e $tree/Makefile ]] || git archive "$commit" | tar -x -C "$tree" || return
    fi
    make --no-print-directory -C "$tree" -j"$(nproc)" build/bin/advect build/bin/advectd >&2 || return
    echo "$tree"
}

# start SIDE TREE: starts its daemon on a free port, and sets address[SIDE].
declare -A address bin
start() {
    local log=$answers/$1-daemon
    "$2/build/bin/advectd" --listen 127.0.0.1:0 --models "$root/models" --access-log=off \
        >"$log.out" 2>"$log.err" &
    daemons+=($!)
    for _ in $(seq 600); do
        grep -q '^listening on ' "$log.out" && break
        sleep 0.1
    done
    address[$1]=$(sed -n 's/^listening on //p' "$log.out")
    bin[$1]=$2/build/bin
    [[ -n ${address[$1]} ]] || { cat "$log.err" >&2; return 1; }
}

# ---------------------------------------------------------------- cases

passed=0
failed=0
wanted_difference=

# differs_because WHY: the next case is expected to differ.
differs_because() { wanted_difference=$1; }

# Takes out of the files of a folder what is another with every build, start and moment: addresses,
# versions and seconds, with which the length of a model file's header and its padding change; those of
# a checkpoint also end the rows of its curve.
# shellcheck disable=SC2016 # $1 is perl's
normalise() {
    local seconds='s/(\\?"(?:train_)?seconds\\?": ?)[-+0-9.e]+/$1*/g;'
    local of_build='s/("(?:version|build|commit|uptime_s)": ?)("[^"]*"|[0-9.]+)/$1*/g;'
    local of_request='s/, ?"request_id": ?"[^"]*"//g;'
    local of_rows='s/(\[\d+(?:,[-+0-9.e]+|,null){3}),[-+0-9.e]+\]/$1]/g;'
    find "$1" -name 'text*' \
        -exec perl -pi -e "s!http://127[.]0[.]0[.]1:\d+!http://ADDRESS!g; $seconds $of_build $of_request" {} +
    find "$1" -name '*.curve.csv' -exec sed -Ei 's/,[^,]*$//' {} +
    find "$1" \( -name '*.safetensors' -o -name '*.checkpoint' \) \
        -exec perl -0777 -pi -e "s/^.{8}//s; $seconds $of_rows s/\} +/}/" {} +
}

compare() { # NAME
    local name=$1 outcome why=$wanted_difference
    wanted_difference=
    normalise "$answers/old/$name"
    normalise "$answers/new/$name"
    outcome=$(diff -rq "$answers/old/$name" "$answers/new/$name" 2>&1 | sed "s|$answers/||g" | tr '\n' ';')
    if [[ -n $outcome && -n $why ]]; then
        passed=$((passed + 1))
        echo "$name differs, as expected: $why"
    elif [[ -z $outcome && -n $why ]]; then
        passed=$((passed + 1))
        echo "$name is the same; against older commits it differs: $why"
    elif [[ -n $outcome ]]; then
        failed=$((failed + 1))
        echo "$name: FAILED: ${outcome:0:200}"
    else
        passed=$((passed + 1))
    fi
}

# request NAME PATH CURL-OPTION...: the status, the headers that say what it is, and the body.
request() {
    local side folder
    for side in old new; do
        folder=$answers/$side/$1
        mkdir -p "$folder"
        curl -s -m 120 -D "$folder/head" -o "$folder/body" "${address[$side]}$2" "${@:3}" ||
            echo "curl: $?" >>"$folder/text.curl"
        grep -iE '^(HTTP/|content-type|etag|allow|advect-|retry-after|location)' "$folder/head" |
            sort >"$folder/text.head"
        rm "$folder/head"
        ! grep -qiE '^content-type:.*(json|text|html|javascript)' "$folder/text.head" ||
            mv "$folder/body" "$folder/text.body"
    done
    compare "$1"
}

# post NAME PATH BODY CURL-OPTION...: a request with a JSON body.
post() { request "$1" "$2" -H 'Content-Type: application/json' -d "$3" "${@:4}"; }

# upload NAME PATH TYPE FILE CURL-OPTION...
upload() { request "$1" "$2" -H "Content-Type: $3" --data-binary "@$4" "${@:5}"; }

# run_command NAME ARGUMENT...: advect in a folder of its own, where models and inputs are; what it prints,
# what it writes, and how it ends.
run_command() {
    local side folder name=$1
    for side in old new; do
        folder=$answers/$side/$name
        mkdir -p "$folder"
        ln -sfn "$root/models" "$folder/models"
        ln -sfn "$inputs" "$folder/inputs"
        (cd "$folder" && "${bin[$side]}/advect" "${@:2}" >text.out 2>text.err; echo "exit $?" >text.status)
        rm "$folder/models" "$folder/inputs"
    done
    compare "$name"
}

old_tree=$(tree_of "$1") && new_tree=$(tree_of "${2:-}") || exit 1
start old "$old_tree" && start new "$new_tree" || exit 1
inputs=$answers/inputs
mkdir -p "$inputs"
# shellcheck source=scripts/compare-answers.cases
source scripts/compare-answers.cases
echo
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
