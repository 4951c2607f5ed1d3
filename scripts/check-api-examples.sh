#!/bin/bash
# Holds api.md against the daemon: its settings are those of --help, with the
# same defaults, and every command in it runs and succeeds against the shipped
# models (skipped, with a word, where they are not there).
#
# usage: scripts/check-api-examples.sh BIN/advectd [MODELS]
set -euo pipefail
cd "$(dirname "$0")/.."

daemon=$(realpath "$1")
models=$(realpath "${2:-models}")
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

# "--max-rows 100000" for every setting, from the help, whose long texts go on below their flag, and
# from the table.
"$daemon" --help | sed -E ':more; N; $!b more; s/\n {10,}/ /g' |
    sed -nE 's/^  (--[a-z-]+) .*\(default ([^ )]+).*/\1 \2/p; t
    s/^  (--[a-z-]+).*/\1/p' | sort >"$work/help"
# shellcheck disable=SC2016 # the backquotes are for sed
sed -nE '/^### Settings/,$ s/^\| `(--[a-z-]+)`(, `(--[a-z-]+)`)? \| ([^ |]*) ?\|.*/\1 \4\n\3/p' api.md |
    sed -E 's/ +$//; /^$/d' | sort >"$work/table"
diff "$work/help" "$work/table" || { echo "api.md and --help differ in settings"; exit 1; }
echo "$(wc -l <"$work/help") settings agree"

for model in checkerboard-4x4 checkerboard-5x5 checkerboard-8x8 mnist-mlp; do
    if [[ ! -e $models/$model.safetensors ]]; then
        echo "no $models/$model.safetensors: the commands are not run"
        exit 0
    fi
done

"$daemon" --listen 127.0.0.1:0 --models "$models" --access-log=off >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 300); do
    grep -q '^listening on ' "$work/out" && break
    sleep 0.1
done
address=$(sed -n 's|^listening on http://||p' "$work/out")
[[ -n $address ]] || { cat "$work/err"; exit 1; }

# Each fenced block of sh is a script of its own; curl fails where the server refuses.
mkdir "$work/bin" "$work/files"
printf '#!/bin/sh\nexec %s --fail-with-body "$@"\n' "$(command -v curl)" >"$work/bin/curl"
chmod +x "$work/bin/curl"
awk -v dir="$work" '/^```sh$/ { n++; on = 1; next } /^```/ { on = 0 }
    on { print > (dir "/block-" sprintf("%03d", n) ".sh") }' api.md
n=0
for block in "$work"/block-*.sh; do
    sed -i "s|localhost:8080|$address|g" "$block"
    if ! (cd "$work/files" && PATH="$work/bin:$PATH" bash -euo pipefail "$block" >"$work/reply" 2>&1); then
        echo "this block of api.md fails:"
        cat "$block"
        tail -c 2000 "$work/reply"
        exit 1
    fi
    n=$((n + 1))
done
for file in "$work"/files/*.png; do
    [[ $(head -c 4 "$file" | tail -c 3) == PNG ]] || { echo "$file is no picture"; exit 1; }
done
echo "$n blocks of commands run"
