#!/bin/bash
# Velocity rates of the 2-D mlp with 512 channels and 5 layers, beside ONNX Runtime where it is found:
# rounds of ours and theirs in turn, so that a machine whose speed drifts drifts for both. Also
# prints the machine's measured FMA peak and the share of it that was reached, counting useful
# multiply-adds only.
#
# usage: bench/run.sh [SECONDS_PER_MEASUREMENT] [ROUNDS]
#
# ONNX Runtime is looked for in $ADVECT_ORT/node_modules (npm install --ignore-scripts
# onnxruntime-node in that directory); its model and driver in $ADVECT_SHARED/peers.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-2}
rounds=${2:-3}
advect=build/bin/advect
peers=${ADVECT_SHARED:-../shared}/peers
ort=${ADVECT_ORT:-}
mkdir -p build/bench
model=build/bench/mlp-512x5.safetensors
if [ -f "$peers/mlp-512x5.safetensors" ]; then
    $advect import "$peers/mlp-512x5.safetensors" --config "$peers/mlp-512x5.json" -o "$model" >/dev/null
else
    echo "The reference weights are not here: random ones of the same shape are used."
    $advect train bench/mlp-512x5.json --steps 1 --out "$model" --quiet
fi

has_ort=
if [ -n "$ort" ] && command -v node >/dev/null && [ -d "$ort/node_modules/onnxruntime-node" ] &&
    [ -f "$peers/mlp-512x5.onnx" ]; then
    has_ort=1
else
    echo "ONNX Runtime was not found (see the head of bench/run.sh): our rates alone."
fi

number() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p"; }
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

printf '%-10s %6s %8s %10s %9s %10s %7s %10s %6s\n' work batch threads rows/s GFLOP/s 'FMA peak' share ORT ratio
for threads in 1 2; do
    for batch in 1 32 256 1024 10000; do
        ours=() theirs=() ratios=() gflops=() peak=()
        for _ in $(seq "$rounds"); do
            line=$($advect bench "$model" --work velocity --batch $batch --threads $threads --seconds "$seconds")
            ours+=("$(number rows_per_s <<<"$line")")
            gflops+=("$(number gflops <<<"$line")")
            peak+=("$(number peak_gflops <<<"$line")")
            if [ -n "$has_ort" ]; then
                line=$(NODE_PATH="$ort/node_modules" node "$peers/ort_bench.js" "$peers/mlp-512x5.onnx" \
                    $batch $threads "$seconds")
                theirs+=("$(number rows_per_s <<<"$line")")
                ratios+=("$(awk "BEGIN { print ${ours[-1]} / ${theirs[-1]} }")")
            fi
        done
        g=$(printf '%s\n' "${gflops[@]}" | median)
        p=$(printf '%s\n' "${peak[@]}" | median)
        printf '%-10s %6d %8d %10.0f %9.1f %10.1f %6.0f%%' velocity $batch $threads \
            "$(printf '%s\n' "${ours[@]}" | median)" "$g" "$p" "$(awk "BEGIN { print 100 * $g / $p }")"
        if [ -n "$has_ort" ]; then
            printf ' %10.0f %6.2f' "$(printf '%s\n' "${theirs[@]}" | median)" \
                "$(printf '%s\n' "${ratios[@]}" | median)"
        fi
        echo
    done
done
