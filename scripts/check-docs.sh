#!/bin/bash
# Checks the documents, which are all *.md: lines have at most 100 columns, but for tables, code blocks
# and the targets of links; relative links lead to files and headings that exist; and so do the documents
# under docs/ that any file names. Tells FILE:LINE of what does not hold, and ends in one line that counts
# single checks: a document's lines, a link, a name.
#
# usage: check-docs.sh [DIR]
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
export LC_ALL=C.UTF-8 # columns, not bytes

readonly WIDTH=100
passed=0
failed=0
declare -A anchors=() # FILE#HEADING

# check FILE:LINE MESSAGE COMMAND...: counts the command's outcome, and tells a failure.
check() {
    if "${@:3}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1: $2"
    fi
}

# slug TEXT: the anchor that GitHub gives a heading, in $slug.
slug() {
    slug=${1,,}
    [[ $slug =~ ^(.*)\]\([^\)]*\)(.*)$ ]] && slug=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
    slug=${slug//[^[:alnum:] _-]/}
    slug=${slug// /-}
}

# normal PATH: without "." and "..", in $normal.
normal() {
    local part parts kept=()
    IFS=/ read -ra parts <<<"$1"
    for part in "${parts[@]}"; do
        case $part in
        '' | .) ;;
        ..) if ((${#kept[@]})); then unset 'kept[-1]'; else kept=(outside); fi ;;
        *) kept+=("$part") ;;
        esac
    done
    local IFS=/
    normal=${kept[*]:-.}
}

# read_document FILE: its lines in $lines, and in $kinds what each is: text, heading, table or code.
read_document() {
    local line fenced=0 before=
    lines=()
    kinds=()
    while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line =~ ^\ *\`\`\` ]]; then
            fenced=$((1 - fenced))
            kinds+=(code)
        elif ((fenced)) || [[ $line == '    '* && ($before == '' || $before == '    '*) ]]; then
            kinds+=(code)
        elif [[ $line =~ ^#+\  ]]; then
            kinds+=(heading)
        elif [[ $line =~ ^\ *\| ]]; then
            kinds+=(table)
        else
            kinds+=(text)
        fi
        lines+=("$line")
        before=$line
    done <"$1"
}

collect_anchors() {
    local file i n anchor
    for file in "${documents[@]}"; do
        read_document "$file"
        for i in "${!lines[@]}"; do
            [[ ${kinds[i]} == heading ]] || continue
            slug "${lines[i]##+(\#) }"
            anchor=$file#$slug
            for ((n = 1; n < 100 && ${anchors[$anchor]:-0}; n++)); do anchor=$file#$slug-$n; done
            anchors[$anchor]=1
        done
    done
}

# leads_somewhere FILE TARGET: whether what FILE links to is there.
leads_somewhere() {
    local path=${2%%#*} heading=
    [[ $2 == *'#'* ]] && heading=${2#*#}
    if [[ -n $path ]]; then normal "$(dirname "$1")/$path"; else normal=$1; fi
    [[ -e $normal && (-z $heading || $normal != *.md || -n ${anchors[$normal#$heading]:-}) ]]
}

check_links() { # FILE LINE TEXT, without code
    local rest=$3 target
    while [[ $rest =~ \]\(([^\ \)]+)[^\)]*\)(.*) || $rest =~ ^\[[^]]+\]:\ +([^ ]+)(.*) ]]; do
        target=${BASH_REMATCH[1]}
        rest=${BASH_REMATCH[2]}
        [[ $target =~ ^[a-z]+: ]] ||
            check "$1:$2" "the link to $target leads nowhere" leads_somewhere "$1" "$target"
    done
}

check_document() {
    local i line long=0
    read_document "$1"
    for i in "${!lines[@]}"; do
        [[ ${kinds[i]} == code ]] && continue
        line=${lines[i]}
        while [[ $line =~ ^([^\`]*)\`[^\`]*\`(.*)$ ]]; do line=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
        check_links "$1" $((i + 1)) "$line"
        line=${lines[i]}
        while [[ $line =~ ^(.*\])\([^\)]+\)(.*)$ ]]; do line=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
        if [[ ${kinds[i]} != table ]] && ((${#line} > WIDTH)); then
            long=1
            echo "$1:$((i + 1)): ${#line} columns; $WIDTH is the limit"
        fi
    done
    if ((long)); then failed=$((failed + 1)); else passed=$((passed + 1)); fi
}

# Documents that comments, help texts and other documents name by their path.
check_names() {
    local file line name
    while IFS=: read -r file line name; do
        check "$file:$line" "there is no $name" test -e "$name"
    done < <(git grep -noIE '\bdocs/[A-Za-z0-9_./-]+\.md\b' || true)
}

shopt -s extglob
mapfile -t documents < <(git ls-files -co --exclude-standard -- '*.md')
collect_anchors
for document in "${documents[@]}"; do check_document "$document"; done
check_names
echo "$passed passed, $failed failed"
((failed == 0))
