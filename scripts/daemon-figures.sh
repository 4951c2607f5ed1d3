#!/bin/bash
# Draws the figures that show answers of the daemon (docs/guide/figures.md, "From the daemon"), with
# few colours where pngquant is here. Needs curl. The density takes a minute: only an adaptive solver
# is right far outside the data.
#
# usage: scripts/daemon-figures.sh BIN/advectd FOLDER [MODELS]
set -euo pipefail

daemon=$(realpath "$1")
folder=$(realpath "$2")
models=$(realpath "${3:-$(dirname "$0")/../models}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

"$daemon" --listen 127.0.0.1:0 --models "$models" --access-log=off --request-timeout-ms 600000 \
    >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 300); do
    grep -q '^listening on ' "$work/out" && break
    sleep 0.1
done
address=$(sed -n 's/^listening on //p' "$work/out")
[[ -n $address ]] || { cat "$work/err"; exit 1; }

# draw NAME MODEL/PICTURE?QUERY
draw() {
    curl -sf -o "$work/$1.png" "$address/v1/models/$2" || { echo "$1: $2 is refused"; exit 1; }
    if command -v pngquant >/dev/null; then
        pngquant --force --strip --nofs --speed 1 --output "$work/$1.png" 256 "$work/$1.png"
    fi
    mv "$work/$1.png" "$folder/$1.png"
    echo "$folder/$1.png: $2"
}

draw cloud 'checkerboard-3d/samples.png?view=cloud&n=8000&seed=1&width=520&height=520'
draw marginals 'checkerboard-3d/density.png?seed=1&width=520'
draw velocity 'checkerboard-8x8/velocity.png?t=0.5&width=440&height=440'
draw density 'checkerboard-8x8/density.png?width=440&height=440&solver=dopri5&rtol=1e-4&atol=1e-4'
