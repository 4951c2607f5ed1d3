#!/usr/bin/env bash
# Checks that dependencies go one way: which headers each layer may include, its
# own aside. C itself would not mind a kernel that includes the trainer; nor would Python.
set -u
cd "$(dirname "$0")/.." || exit 1

# Layer -> the layers (or single public headers) that it may use.
declare -A uses
uses[base]=''
uses[settings]='base'
uses[io]='settings base'
uses[table]='io settings base'
uses[data]='settings base'
uses[plot]='base png' # plots are drawn into io's images
uses[kernels]='base'
uses[ops]="kernels ${uses[kernels]}"
uses[graph]="ops ${uses[ops]}"
uses[nets]="graph settings ${uses[graph]}"
uses[flow]="nets ${uses[nets]}"
uses[model]="flow io data ${uses[flow]}"
uses[query]="model ${uses[model]}"
uses[dataset]="flow table io data ${uses[flow]}"
uses[train]="dataset query ${uses[dataset]} ${uses[query]}"
uses[request]="query table ${uses[query]}"
uses[render]="request plot ${uses[request]}"

# Rooms of the programs -> the rooms that they may use; main.c, which wires them, may use all.
uses[server/os]=''
uses[server/service]='os'
uses[server/reply]='os'
uses[server/http]="reply ${uses[server/reply]}"
uses[server/files]="http ${uses[server/http]}"
uses[server/models]='os'
uses[server/clients]='os'
uses[server/jobs]='clients reply os'
uses[server/schedule]='jobs models clients reply service os'
uses[server/net]="schedule files http ${uses[server/schedule]}"
uses[server/api]="net ${uses[server/net]}"
uses[trainer/cli]=''
uses[trainer/query]='cli'
uses[trainer/training]='cli'
uses[trainer/bench]='cli'
uses[trainer/rows]='cli'
uses[trainer/measure]='rows cli'
uses[trainer/report]='measure cli'
uses[trainer/fit]='report measure training cli'
uses[trainer/model]='cli'
uses[trainer/serve]='cli'
uses[trainer/figure]='model cli'
uses[trainer/samples]='measure rows cli'
uses[trainer/calibration]='measure figure rows cli'
uses[trainer/weights]='measure rows cli'
uses[trainer/eval]='calibration samples report measure figure rows cli'

# Folders of the page -> those that they may import from; app.js may from all.
uses[web/lib]=''
uses[web/plane]='lib'
uses[web/images]='lib'
uses[web/space]='lib'
uses[web/views]='plane space images lib'

uses[web/make]='plane lib' # of the playground, whose page is laid over web/
uses[web/views]="make ${uses[web/views]}"

# Modules of the Python package: each may import those before it.
python_modules=(_version errors _structs _library _arguments _tables _run _query verbs model fitting estimator
    _http remote posterior plot __init__)

# Public header -> the layer that implements it.
declare -A owner=(
    [api]=base [version]=base [label]=base [dtype]=base [status]=base [digest]=base [rng]=base [tails]=base [pool]=base [open_pool]=base [memory]=base [bytes]=base [words]=base [pace]=base
    [json]=settings [fields]=settings [command_line]=settings
    [array_file]=io [safetensors]=io [png]=io
    [table]=table
    [density]=data [simulator]=data [transform]=data [levels]=data [gaussian_mixture]=data
    [plot]=plot
    [net]=nets
    [path]=flow [load_options]=flow [solver]=flow [integrator]=flow [evaluator]=flow [gradient]=flow [profile]=flow
    [model]=model [model_parts]=model
    [query]=query [run_shards]=query
    [request]=request
    [render]=render
    [recipe]=dataset [source]=dataset [dataset]=dataset [held_out]=dataset
    [optimiser]=train [shards]=train [snapshot]=train [train]=train [propose]=train [ranks]=train
)

faults=0
fault() {
    echo "$1: $2"
    faults=$((faults + 1))
}

# includes FILE: what it includes of ours, one a line: core/ops/op.h or advect/extra/net.h
includes() {
    sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]+("([^"]+)"|<(advect\/[^>]+)>).*/\2\3/p' "$1"
}

# may_use LAYER NAME
may_use() {
    [[ $1 == "$2" || " ${uses[$1]} " == *" $2 "* ]]
}

# check_core FILE LAYER
check_core() {
    local file=$1 layer=$2 header name
    [[ -v uses[$layer] ]] || { fault "$file" "layer $layer is not in $0"; return; }
    for header in $(includes "$file"); do
        name=$(basename "$header" .h)
        case $header in
        advect/*)
            [[ -v owner[$name] ]] || { fault "$file" "<$header> is not in $0"; continue; }
            may_use "$layer" "${owner[$name]}" || may_use "$layer" "$name" ||
                fault "$file" "$layer must not use <$header> of ${owner[$name]}"
            ;;
        core/*/*)
            name=${header#core/}
            may_use "$layer" "${name%%/*}" || fault "$file" "$layer must not use \"$header\""
            ;;
        *) fault "$file" "\"$header\": name core headers by their whole path" ;;
        esac
    done
}

# check_program FILE PROGRAM: public headers and its own, of the rooms below the file's
check_program() {
    local header room=${1%/*} other
    [[ $room == "$2" || -v uses[$room] ]] || { fault "$1" "room $room is not in $0"; return; }
    for header in $(includes "$1"); do
        other=${header%/*}
        case $header in
        advect/*) ;;
        "$2"/*)
            [[ $room == "$2" || $room == "$other" || " ${uses[$room]} " == *" ${other##*/} "* ]] ||
                fault "$1" "$room must not use \"$header\""
            ;;
        *) fault "$1" "$2 must not use \"$header\", only <advect/...> and its own headers" ;;
        esac
    done
}

# check_module FILE: ES modules of the folders below its own
check_module() {
    local file=${1/#playground\/page/web} room target other
    room=${file%/*}
    [[ $room != web ]] || return
    [[ -v uses[$room] ]] || { fault "$1" "folder $room is not in $0"; return; }
    while read -r target; do
        case $target in
        ./*) ;;
        ../../clients/js/advect.js) # how the page talks to the daemon, of its lowest room
            [[ $room == web/lib ]] || fault "$1" "$room must not import $target, but lib/api.js"
            ;;
        ../*/*)
            other=${target#../}
            [[ " ${uses[$room]} " == *" ${other%%/*} "* ]] || fault "$1" "$room must not import $target"
            ;;
        *) fault "$1" "$room must not import $target" ;;
        esac
    done < <(sed -nE 's/^.*(from |import |import\()"(\.[^"]+)".*/\2/p' "$1")
}

# check_playground FILE: public headers, its own, those of the core that it implements, and those of
# the daemon that know nothing of connections
check_playground() {
    local header
    for header in $(includes "$1"); do
        case $header in
        advect/* | playground/module/*) ;;
        server/http/target.h | server/http/media.h | server/http/negotiate.h) ;;
        server/api/model_json.h | server/reply/problems.h) ;;
        core/base/mem.h | core/kernels/blas.h | core/kernels/table.h | core/io/gzip.h) ;;
        *) fault "$1" "the playground must not use \"$header\"" ;;
        esac
    done
}

# check_python FILE: modules of the package before its own
check_python() {
    local module=${1##*/} target before
    module=${module%.py}
    before=" ${python_modules[*]} "
    [[ $before == *" $module "* ]] || { fault "$1" "module $module is not in $0"; return; }
    before="${before%% "$module" *} "
    while read -r target; do
        [[ $before == *" $target "* ]] || fault "$1" "$module must not import $target"
    done < <(sed -nE -e 's/^ *from \.([a-z_]+) import .*/\1/p' \
        -e '/^ *from \. import/{s/^ *from \. import //; s/ as [a-z]+//g; s/, */\n/g; p}' "$1")
}

n=0
while read -r file; do
    n=$((n + 1))
    layer=${file#core/}
    case $file in
    include/advect/advect.h | include/advect/extra/all.h) ;; # the header of all headers
    include/*)
        name=$(basename "$file" .h)
        # The stable tier promises what it includes.
        [[ $file == include/advect/extra/* ]] || ! grep -qE '#include <(advect/extra/|jansson)' "$file" ||
            fault "$file" "a stable header must not include one of the extra tier, or jansson"
        [[ -v owner[$name] ]] || { fault "$file" "no layer in $0 implements it"; continue; }
        check_core "$file" "${owner[$name]}"
        ;;
    core/*) check_core "$file" "${layer%%/*}" ;;
    clients/python/*) check_python "$file" ;;
    web/* | playground/page/*) check_module "$file" ;;
    playground/*) check_playground "$file" ;;
    *) check_program "$file" "${file%%/*}" ;;
    esac
done < <(find core include trainer server web playground clients -name '*.[ch]' -o -path 'web/*.js' -o \
    -path 'playground/page/*.js' -o \
    -path 'clients/python/advect/*.py' 2>/dev/null | sort)

echo "$n files, $faults includes against the layers"
[[ $n -gt 0 && $faults -eq 0 ]]
