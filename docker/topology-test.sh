#!/bin/bash
# Runs the topology of docker/compose.yaml without containers: three daemons behind nginx with the
# configuration of docker/nginx/, watched by Prometheus with that of docker/prometheus.yaml; only
# names and ports differ. Under load one daemon is killed, one is drained, and all are restarted one
# by one with one more model: no request may fail but for streams that the killed one had begun, and
# every answer has to have the same bytes. Then what goes wrong around it: nginx gone, all replicas
# gone, a certificate that is missing.
#
# nginx and prometheus are Debian's; scripts/deps.sh takes the programs out of their packages, and
# where they cannot be had this is skipped. Takes about a minute and a half. Its last line counts
# the checks.
#
# usage: docker/topology-test.sh [BIN/advectd]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
daemon=${1:-build/bin/advectd}
PATH=$root/build/tools:$PATH:/usr/sbin

skip() {
    echo "skipped: $*"
    exit 0
}
[ -x "$daemon" ] || make --no-print-directory -j"$(nproc)" "$daemon" >/dev/null || exit 1
daemon=$(realpath "$daemon")
scripts/deps.sh topology || true
for tool in nginx prometheus promtool openssl curl python3; do
    command -v "$tool" >/dev/null || skip "no $tool (scripts/deps.sh topology)"
done

work=$(mktemp -d)
declare -A pids=()
passed=0 failed=0
finish() {
    local pid
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
    [ ! -f "$work/nginx/nginx.pid" ] || kill -TERM "$(cat "$work/nginx/nginx.pid")" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
say() { printf '== %s\n' "$*"; }
# check NAME COMMAND...: counts it
check() {
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
    fi
}

read -ra port <<<"$(python3 -c '
import socket
sockets = [socket.socket() for _ in range(9)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')"
replica_ports=("${port[@]:0:3}")
management_ports=("${port[@]:3:3}")
front=http://127.0.0.1:${port[6]}
tls=https://localhost:${port[7]}
prometheus=http://127.0.0.1:${port[8]}

# ---------------------------------------------------------------- the parts

start_replica() { # NUMBER: 0 to 2; returns when it is ready
    local i=$1
    "$daemon" --listen "127.0.0.1:${replica_ports[i]}" --models "$work/models" \
        --management-listen "127.0.0.1:${management_ports[i]}" --workers 1 \
        --trusted-proxies 127.0.0.1 >"$work/advect-$i.out" 2>>"$work/advect-$i.log" &
    pids[$i]=$!
    await "http://127.0.0.1:${management_ports[i]}/health/ready" || {
        tail -n 5 "$work/advect-$i.log"
        return 1
    }
}
await() { # URL
    local _
    for _ in $(seq 200); do
        curl -fs -o /dev/null "$1" && return
        sleep 0.05
    done
    return 1
}
stop_replica() { # NUMBER: by SIGTERM, which has to end well
    local status
    kill -TERM "${pids[$1]}"
    wait "${pids[$1]}"
    status=$?
    [ "$status" -eq 0 ] || echo "advect-$1 ended with status $status"
    return "$status"
}

# The shipped files, with the addresses of this run.
configure_nginx() {
    local i
    local edits=(-e "s|listen 8080;|listen 127.0.0.1:${port[6]};|"
        -e "s|listen 8443 |listen 127.0.0.1:${port[7]} |" -e "s|/dev/stdout|access.log|")
    for i in 0 1 2; do
        edits+=(-e "s|advect-$((i + 1)):8080|127.0.0.1:${replica_ports[i]}|")
    done
    mkdir -p "$work/nginx/servers"
    for i in nginx.conf routes.conf; do
        sed "${edits[@]}" "docker/nginx/$i" >"$work/nginx/$i"
    done
    sed "${edits[@]}" docker/nginx/tls.conf >"$work/tls.conf"
    # Its files belong to whoever runs the test; nginx drops root's rights otherwise.
    [ "$(id -u)" -ne 0 ] || sed -i '1i user root;' "$work/nginx/nginx.conf"
}
nginx_() { nginx -p "$work/nginx/" -c "$work/nginx/nginx.conf" "$@" 2>>"$work/nginx.log"; }
reload_nginx() { kill -HUP "$(cat "$work/nginx/nginx.pid")"; }

start_prometheus() {
    local i edits=(-e 's|15s|1s|')
    for i in 0 1 2; do
        edits+=(-e "s|advect-$((i + 1)):9090|127.0.0.1:${management_ports[i]}|")
    done
    cp deploy/advect-alerts.yml "$work"
    sed "${edits[@]}" docker/prometheus.yaml >"$work/prometheus.yaml"
    prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" \
        --web.listen-address="${prometheus#http://}" >"$work/prometheus.log" 2>&1 &
    pids[prometheus]=$!
    await "$prometheus/-/ready"
}

# ---------------------------------------------------------------- checks

nginx_pids() { # its worker processes, one a line
    tr ' ' '\n' <"/proc/$(cat "$work/nginx/nginx.pid")/task/$(cat "$work/nginx/nginx.pid")/children" | grep .
}
beside_nginx() {
    docker/topology_load.py ratio "$front" "$(nginx_pids | paste -sd,)" \
        "${pids[0]},${pids[1]},${pids[2]}" "${urls[@]}"
}

load() { # SECONDS
    docker/topology_load.py load "$front" "$1" "$work/digests" "$work/kill"
}

# compose.yaml, nginx and Prometheus name the same replicas.
one_list_of_replicas() {
    local file names expected
    expected=$(printf 'advect-%s ' 1 2 3)
    for file in compose.yaml nginx/nginx.conf prometheus.yaml; do
        names=$(grep -oE '\badvect-[0-9]+\b' "docker/$file" | sort -u | tr '\n' ' ')
        [ "$names" = "$expected" ] || { echo "docker/$file names $names"; return 1; }
    done
}

# What an operator does, or what befalls them, while load is on.
events() {
    sleep 2
    echo "   SIGKILL to advect-1"
    touch "$work/kill"
    kill -KILL "${pids[0]}"
    wait "${pids[0]}" 2>/dev/null
    sleep 2
    start_replica 0 || return 1
    echo "   advect-1 is back; SIGTERM to advect-2"
    stop_replica 1 || return 1
    sleep 1
    start_replica 1 || return 1
    echo "   advect-2 is back; one more model, and a rolling restart"
    cp models/four-modes.safetensors "$work/models/new.part"
    mv "$work/models/new.part" "$work/models/four-modes.safetensors"
    local i
    for i in 0 1 2; do
        stop_replica "$i" && start_replica "$i" || return 1
    done
    echo "   all restarted"
}

retried() { # that nginx asked another replica, so the test did test it
    local n
    n=$(grep -cE 'upstream="[^"]*, ' "$work/nginx/access.log")
    echo "$n requests were answered by another replica than the first asked"
    [ "$n" -gt 0 ]
}

new_model_everywhere() {
    local i
    for i in "${replica_ports[@]}"; do
        curl -fsS -o /dev/null "http://127.0.0.1:$i/v1/models/four-modes" || return 1
    done
    curl -fsS -o /dev/null "$front/v1/models/four-modes"
}

all_up() {
    local up
    up=$(promtool query instant "$prometheus" 'sum(up{job="advectd"})')
    echo "Prometheus: $up"
    [[ $up == *"=> 3 "* ]]
}

a_job_is_found_again() {
    local id i
    id=$(curl -fsS "$front/v1/jobs" -H 'Content-Type: application/json' -d '{"model":
        "checkerboard-4x4", "query": "samples", "request": {"n": 5, "seed": 1}}' |
        sed -E 's/.*"id":"([^"]*)".*/\1/')
    for i in 1 2 3 4 5 6; do
        curl -fsS -o /dev/null "$front/v1/jobs/$id" || return 1
    done
}

# A job by Prefer is its client's replica's too. While that one is gone the job is refused: another
# one would take it, and would not be asked for it later.
a_query_as_a_job_stays_there() {
    local i status id refused=0
    ask_as_job() {
        curl -s -D "$work/head" -o "$work/body" -w '%{http_code}' -H 'Prefer: respond-async' \
            -H 'Content-Type: application/json' -d '{"n": 5, "seed": 1}' \
            "$front/v1/models/checkerboard-4x4/$1"
    }
    for i in samples trajectories; do
        [ "$(ask_as_job "$i")" = 202 ] || return 1
        id=$(sed -nE 's/.*"id":"([^"]*)".*/\1/p' "$work/body")
        curl -fsS -o /dev/null "$front/v1/jobs/$id" || return 1
    done
    for i in 0 1 2; do
        stop_replica "$i" || return 1
        status=$(ask_as_job samples)
        if [ "$status" = 503 ] && grep -qi '^Retry-After: 1' "$work/head"; then
            refused=$((refused + 1))
        elif [ "$status" != 202 ]; then
            echo "status $status"
        fi
        start_replica "$i" || return 1
    done
    echo "with one replica gone, one after the other: refused $refused times of 3"
    [ "$refused" -eq 1 ]
}

tls_serves() {
    mkdir -p "$work/nginx/tls"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext \
        subjectAltName=DNS:localhost -keyout "$work/nginx/tls/tls.key" -out "$work/nginx/tls/tls.crt" 2>/dev/null
    cp "$work/tls.conf" "$work/nginx/servers/"
    nginx_ -t && reload_nginx || return 1
    sleep 0.5
    curl -fsS --cacert "$work/nginx/tls/tls.crt" "$tls/v1/models" -o /dev/null
}

# Named, and nginx goes on with what it has.
a_missing_certificate_is_named() {
    rm "$work/nginx/tls/tls.crt"
    : >"$work/nginx.log"
    ! nginx_ -t || return 1
    grep -o 'cannot load certificate "[^"]*"' "$work/nginx.log" | sed "s|$work/nginx/||" | head -n 1
    grep -q 'cannot load certificate .*tls.crt' "$work/nginx.log" || return 1
    reload_nginx
    sleep 0.3
    curl -fsS "$front/v1/models" -o /dev/null
    status=$?
    rm "$work/nginx/servers/tls.conf"
    return "$status"
}

# Clients are refused at once, the replicas go on, and so does nginx when it is back.
nginx_may_go() {
    local workers
    mapfile -t workers < <(nginx_pids)
    kill -KILL "$(cat "$work/nginx/nginx.pid")" "${workers[@]}"
    sleep 0.3
    ! curl -fs -m 2 -o /dev/null "$front/v1/models" || return 1
    curl -fsS -o /dev/null "http://127.0.0.1:${replica_ports[0]}/v1/models" || return 1
    nginx_ && await "$front/v1/models"
}

without_replicas_it_says_so() {
    local i reply
    for i in 0 1 2; do stop_replica "$i" || return 1; done
    reply=$(curl -s -i "$front/v1/models")
    grep -q '^HTTP/1.1 503' <<<"$reply" && grep -qi '^Retry-After: 1' <<<"$reply" &&
        grep -qi '^Content-Type: application/problem+json' <<<"$reply" &&
        curl -fsS -o /dev/null "$front/health/live"
}

# ---------------------------------------------------------------- the test

mkdir "$work/models" "$work/nginx"
cp models/checkerboard-4x4.safetensors models/mnist-mlp.safetensors "$work/models" ||
    skip "no models in models/"
say "three replicas, nginx, Prometheus"
for i in 0 1 2; do start_replica "$i" || exit 1; done
configure_nginx
nginx_ || { cat "$work/nginx.log"; exit 1; }
start_prometheus || { tail -n 5 "$work/prometheus.log"; exit 1; }
urls=()
for i in 0 1 2; do urls+=("http://127.0.0.1:${replica_ports[i]}"); done

check "one list of replicas" one_list_of_replicas
check "the same bytes" docker/topology_load.py reference "$work/digests" "${urls[@]}"
say "nginx beside the replicas themselves"
check "three quarters of direct throughput" beside_nginx
say "a job"
check "a job is found again" a_job_is_found_again
check "a query as a job" a_query_as_a_job_stays_there
say "load"
load 20 &
load_pid=$!
check "the events" events
check "no request fails" wait "$load_pid"
check "queries are tried again" retried
check "the new model is everywhere" new_model_everywhere
say "Prometheus"
check "three targets" all_up
check "the dashboard's queries" docker/topology_load.py queries promtool "$prometheus"
say "TLS"
check "TLS" tls_serves
say "what goes wrong"
check "a missing certificate" a_missing_certificate_is_named
check "nginx gone" nginx_may_go
check "no replicas" without_replicas_it_says_so
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
