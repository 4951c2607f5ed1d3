#!/bin/bash
# Trains with ranks that mpirun starts: that 2 and 4 leave the bytes of one process, that a training
# that was stopped or lost a rank goes on from its checkpoint with another number of them, and what is
# refused before the first step. Builds build/mpi/bin/advect (make MPI=1); scripts/deps.sh mpi installs
# what that takes, and where it cannot be had this is skipped. Its last line counts the checks.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

skip() {
    echo "skipped: $*"
    exit 0
}
scripts/deps.sh mpi || true
if ! command -v mpirun >/dev/null || ! pkg-config --exists ompi-c; then
    skip "no Open MPI (scripts/deps.sh mpi)"
fi
make --no-print-directory -j"$(nproc)" MPI=1 BIN=build/mpi/bin build/mpi/bin/advect >/dev/null || exit 1
make --no-print-directory -j"$(nproc)" build/bin/advect >/dev/null || exit 1
advect=$PWD/build/mpi/bin/advect alone=$PWD/build/bin/advect

work=$(mktemp -d)
mpirun=
finish() {
    [ -z "$mpirun" ] || kill -KILL "$mpirun" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
passed=0 failed=0
check() { # NAME COMMAND...
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        sed 's/^/    /' said 2>/dev/null | tail -n 12
    fi
}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
flags=(--oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
mpi() { mpirun "${flags[@]}" "$@"; }
says() { grep -qF -- "$1" said; }

# Eight shards; a checkpoint at every step or nearly.
recipe() { # STEPS
    cat <<END
{"name": "board", "net": {"kind": "mlp", "dim": 2, "channels": 64, "layers": 3},
 "data": {"source": {"kind": "density",
                     "density": {"kind": "checkerboard", "dim": 2, "cells": 4}}},
 "train": {"steps": $1, "batch": 256, "shard_rows": 32, "held_out_every": 100000,
           "checkpoint_every_s": 0.02, "seed": 5}}
END
}
recipe 300 >recipe.json
recipe 100000000 >long.json # until it is stopped

# The weights of a model file: what follows the header, which tells the time that the training took.
weights() {
    python3 -c '
import struct, sys
data = open(sys.argv[1], "rb").read()
sys.stdout.buffer.write(data[8 + struct.unpack("<Q", data[:8])[0]:])' "$1"
}
same() { cmp -s <(weights "$1") <(weights "$2") && [ -s "$1" ]; }

"$alone" train recipe.json -q --threads 2 --out one.safetensors || exit 1

trained_by() { # RANKS
    mpi -n "$1" "$advect" train recipe.json -q --threads 1 --out "ranks.safetensors" --restart >said 2>&1 &&
        same one.safetensors ranks.safetensors
}
for n in 1 2 4; do
    check "the bytes of one process by $n ranks" trained_by "$n"
done

distilled_by() { # RANKS
    mpi -n "$1" "$advect" distill one.safetensors "${student[@]}" --threads 1 --out ranks.safetensors \
        --restart >said 2>&1 && same student.safetensors ranks.safetensors
}
student=(-q --steps 30 --paths 256)
"$alone" distill one.safetensors "${student[@]}" --out student.safetensors || exit 1
check "the student of one process by 2 ranks" distilled_by 2

# ---------------------------------------------------------------- stops and losses

step_of() { # CHECKPOINT: its step
    python3 -c '
import json, struct, sys
data = open(sys.argv[1], "rb").read()
head = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
print(json.loads(head["__metadata__"]["advect.state"])["step"])' "$1"
}
goes_on_alike() { # from long.checkpoint with 4 ranks, as one process does
    local steps
    steps=$(($(step_of long.checkpoint) + 20))
    cp long.checkpoint alone.checkpoint
    mpi -n 4 "$advect" train long.json -q --threads 1 --steps $steps --resume --out long.safetensors >said 2>&1 &&
        "$alone" train long.json -q --steps $steps --resume --out alone.safetensors >>said 2>&1 &&
        same alone.safetensors long.safetensors
}
begin_long() { # in the background, as $mpirun, until it has a checkpoint
    local _
    rm -f long.*checkpoint long.safetensors
    mpirun "${flags[@]}" -n 2 "$advect" train long.json -q --threads 1 --out long.safetensors >said 2>&1 &
    mpirun=$!
    for _ in $(seq 200); do
        [ -f long.checkpoint ] && return
        sleep 0.05
    done
    return 1
}
rank_pid() { # RANK: of the training that began
    local pid
    for pid in $(tr ' ' '\n' <"/proc/$mpirun/task/$mpirun/children"); do
        grep -qz "^OMPI_COMM_WORLD_RANK=$1$" "/proc/$pid/environ" && echo "$pid"
    done
}

mpirun_pid() { echo "$mpirun"; }
stops_with_a_checkpoint() { # SIGNAL, and a function that tells who gets it
    begin_long || return 1
    kill "$1" "$("${@:2}")" || return 1
    wait "$mpirun"
    says "long.checkpoint holds the training so far" && goes_on_alike
}
check "one rank's SIGTERM stops all, and 4 ranks go on" stops_with_a_checkpoint -TERM rank_pid 1
check "mpirun's SIGUSR1 stops all" stops_with_a_checkpoint -USR1 mpirun_pid

loses_a_rank() {
    local status
    begin_long || return 1
    kill -KILL "$(rank_pid 1)" || return 1
    wait "$mpirun"
    status=$?
    [ "$status" -ne 0 ] && says "process rank 1" && goes_on_alike
}
check "a rank that dies is named, and the checkpoint is whole" loses_a_rank

# ---------------------------------------------------------------- refusals

refused() { # MESSAGE MPIRUN-ARGUMENTS...: without a model
    rm -f refused.safetensors
    ! mpi "${@:2}" >said 2>&1 && says "$1" && [ ! -e refused.safetensors ] &&
        [ "$(grep -cF "$1" said)" -eq 1 ]
}
run=(train recipe.json -q --threads 1 --out refused.safetensors)

cp "$advect" other-build && strip other-build
check "another build" refused "rank 1 is another build of Advect" \
    -n 1 "$advect" "${run[@]}" : -n 1 ./other-build "${run[@]}"

seq 400 | awk '{print $1 % 37 "," $1 % 41}' >rows.csv
{ cat rows.csv; echo 1,1; } >others.csv
cat >table.json <<'END'
{"name": "rows", "net": {"kind": "mlp", "dim": 2, "channels": 16, "layers": 1},
 "data": {"source": {"kind": "csv", "file": "rows.csv"}},
 "train": {"steps": 20, "batch": 64, "shard_rows": 16}}
END
table=(train table.json -q --threads 1 --out refused.safetensors)
check "other data" refused "rank 1 has other data" \
    -n 1 "$advect" "${table[@]}" --data rows.csv : -n 1 "$advect" "${table[@]}" --data others.csv
check "a rank without data" refused "rank 1: cannot read rows.csv" \
    -n 1 "$advect" "${table[@]}" --data rows.csv : -n 1 "$advect" "${table[@]}" --data none.csv
check "an error of all, once" refused "train.batch" -n 2 "$advect" "${run[@]}" --set train.batch=-1
check "more ranks than shards" refused "there are 5 ranks" \
    -n 5 "$advect" "${table[@]}" --data rows.csv
for command in "train recipe.json" "distill one.safetensors"; do
    check "a build without MPI: $command" \
        bash -c "! mpirun --oversubscribe -n 2 '$alone' $command >said 2>&1 &&
                 grep -q 'build it with .make MPI=1' said"
done
check "one process without mpirun" "$advect" train recipe.json -q --steps 2 --restart --out single.safetensors

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
