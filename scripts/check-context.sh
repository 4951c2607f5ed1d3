#!/bin/bash
# Builds the daemon from exactly the files that docker/Dockerfile copies into its build stage out of
# those that .dockerignore lets through, so that a file which the image would lack is missed here,
# without a container. The files that the later stage copies must be let through too.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
context=$work/context
mkdir "$context" "$work/src"

# A pattern of .dockerignore as a regular expression: of the path itself and of all below it.
expression() {
    local text
    text=$(sed -E 's/[].[()+{}^$|\\]/\\&/g; s|\*\*/|\x01|g; s|\*|[^/]*|g; s|\?|[^/]|g; s|\x01|(.*/)?|g' <<<"$1")
    printf '^%s(/.*)?$' "$text"
}

# let_through PATH: whether it is in the context. The last pattern that matches decides.
declare -a patterns=() verdicts=()
while read -r line; do
    [[ -z $line || $line == \#* ]] && continue
    verdicts+=("$([[ $line == !* ]] && echo in || echo out)")
    patterns+=("$(expression "${line#!}")")
done <.dockerignore
let_through() {
    local i verdict=in
    for i in "${!patterns[@]}"; do
        [[ $1 =~ ${patterns[i]} ]] && verdict=${verdicts[i]}
    done
    [[ $verdict == in ]]
}

while IFS= read -r -d '' path; do
    ! let_through "$path" || printf '%s\0' "$path"
done < <(git ls-files -coz --exclude-standard) >"$work/list"
xargs -0 cp --parents -t "$context" <"$work/list"

# COPY lines: sources, relative to the context, and the target; each stage begins with FROM.
stage=0
while read -r word rest; do
    [[ $word == FROM ]] && stage=$((stage + 1))
    [[ $word == COPY && $rest != --from=* ]] || continue
    read -ra words <<<"$rest"
    target=${words[-1]}
    for source in "${words[@]::${#words[@]}-1}"; do
        # shellcheck disable=SC2086 # a pattern
        compgen -G "$context/"$source >/dev/null || {
            echo "docker/Dockerfile copies $source, which .dockerignore does not let through"
            exit 1
        }
        ((stage == 1)) || continue
        if [[ -d $context/$source ]]; then
            mkdir -p "$work/src/$target"
            cp -r "$context/$source/." "$work/src/$target"
        else
            mkdir -p "$work/src/$(dirname "${target}x")"
            cp "$context/$source" "$work/src/$target"
        fi
    done
done <docker/Dockerfile

echo "$(tr -dc '\0' <"$work/list" | wc -c) files in the image's context"
# It is the files that are checked here, so the compiler need not take its time.
make --no-print-directory -s -C "$work/src" -j"$(nproc)" OPT_release=-O0 build/bin/advectd \
    >"$work/log" || { tail -n 20 "$work/log"; exit 1; }
"$work/src/build/bin/advectd" --version

# It serves the models that are let through, and stops once it listens.
"$work/src/build/bin/advectd" --listen 127.0.0.1:0 --models "$context/models" >"$work/url" 2>"$work/log" &
daemon=$!
for _ in $(seq 300); do
    [[ ! -s $work/url ]] || break
    sleep 0.1
done
kill "$daemon"
wait "$daemon"
models=("$context"/models/*.safetensors)
[[ $(grep -c 'msg="model ' "$work/log") -eq ${#models[@]} ]] || { cat "$work/log"; exit 1; }
