#!/bin/sh
# Turns the commands that make would run into compile_commands.json, which editors and clang's tools
# read: one entry for each source file. It needs nothing but awk.
#
# usage: make -nB V=1 OBJECT... | scripts/compile-commands.sh > compile_commands.json
set -eu

awk -v directory="$PWD" '
function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}
/ -c [^ ]+\.c -o [^ ]+$/ {
    file = $(NF - 2)
    if (seen[file]++)
        next
    printf "%s  {\"directory\": %s, \"file\": %s,\n   \"command\": %s}", n++ ? ",\n" : "[\n",
           quoted(directory), quoted(file), quoted($0)
}
END {
    if (n == 0) {
        print "no commands that compile were read" > "/dev/stderr"
        exit 1
    }
    print "\n]"
}'
