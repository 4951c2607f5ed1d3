#!/bin/bash
# Tests the library as others get it: installs it below a folder of its own, compiles every header alone
# as C and as C++ with gcc and with clang, compares the exported symbols with tests/exports.txt, and
# builds docs/examples by pkg-config and runs them. Ends in one line that counts single checks.
#
# usage: check-library.sh [--update]     --update writes tests/exports.txt anew
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/usr
passed=0
failed=0

count() { # STATUS NAME
    if [[ $1 -eq 0 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

make --no-print-directory install DESTDIR="$work" PREFIX=/usr >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log"; exit 1; }

exports() { nm -D --defined-only "$prefix/lib/libadvect.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort; }
[[ ${1:-} != --update ]] || exports >tests/exports.txt
diff <(exports) tests/exports.txt
count $? "exported symbols (< built, > tests/exports.txt); scripts/check-library.sh --update takes them over"
soname=$(objdump -p "$prefix/lib/libadvect.so" | awk '$1 == "SONAME" { print $2 }')
[[ $soname == libadvect.so.* && -e $prefix/lib/$soname ]]
count $? "SONAME is '$soname'"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work LD_LIBRARY_PATH=$prefix/lib
# The files that the prefix names lie in $work; those of other libraries do not.
flags=$(pkg-config --cflags --libs --define-prefix advect)
warnings="-Wall -Wextra -Wpedantic -Werror"
cd "$work" || exit 1
for header in "$prefix"/include/advect/*.h "$prefix"/include/advect/extra/*.h; do
    name=${header#"$prefix"/include/advect/}
    for compiler in "gcc -std=c17 -x c" "clang -std=c17 -x c" "g++ -std=c++17 -x c++" "clang++ -std=c++17 -x c++"; do
        # shellcheck disable=SC2086 # flags
        printf "#include <advect/%s>\nint here;\n" "$name" | $compiler $warnings -I"$prefix/include" -fsyntax-only -
        count $? "<advect/$name> alone with ${compiler%% -*}"
    done
done

cat >version.cc <<'END'
#include <advect/advect.h>
#include <cstring>
int main()
{
    adv_error error = ADV_ERROR_INIT;
    adv_load_options options = {};
    options.size = sizeof options;
    if (adv_load_options_check(&options, &error) != ADV_OK)
        return 2;
    adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    return std::strcmp(adv_version(), ADV_VERSION) != 0 || query.size != sizeof query;
}
END
# shellcheck disable=SC2086 # flags
g++ -std=c++17 $warnings version.cc $flags -o version && ./version
count $? "a C++ program, and the version of library and headers"

# The lines of C in the README, in a function.
{
    printf '#include <advect/advect.h>\n#include <stdio.h>\nstatic void use(const float *x) { printf("%%g\\n", (double)x[0]); }\n'
    printf 'int main(void)\n{\n'
    # shellcheck disable=SC2016 # a backquote of the text
    sed -n '/^## Use it from C/,/^`make install`/{s/^    //p}' "$root/README.md" | grep -v '#include'
    printf 'return 0;\n}\n'
} >readme.c
# shellcheck disable=SC2086 # flags
gcc -std=c17 $warnings readme.c $flags -o readme && [[ $(cd "$root" && "$work/readme") =~ ^-?[0-9.]+$ ]]
count $? "the C of the README compiles and runs"

models=$root/models
for example in "$root"/docs/examples/*.c; do
    name=$(basename "$example" .c)
    # shellcheck disable=SC2086 # flags
    gcc -std=c17 $warnings "$example" $flags -o "$name"
    count $? "$name.c compiles"
done
[[ $(./sample "$models/checkerboard-8x8.safetensors" 5 | grep -cE '^(-?[0-9.e-]+,){2}-?[0-9.]+$') -eq 5 ]]
count $? "sample prints five samples with their densities"
[[ $(./trajectory "$models/checkerboard-8x8.safetensors" 4 | cut -d, -f1 | tr '\n' ' ') == "0.000 0.333 0.667 1.000 " ]]
count $? "trajectory prints four frames"
[[ $(./sample missing.safetensors 1 2>&1) == *missing.safetensors* ]]
count $? "sample says what is missing"
./trajectory "$models/four-modes.safetensors" 1 >/dev/null 2>&1
[[ $? -eq 2 ]]
count $? "trajectory refuses one frame"

# A training that is interrupted and goes on gives the model of one that is not.
mkdir whole halves
(cd whole && ../train model.safetensors 2000) 2>/dev/null
count $? "train trains"
cd halves || exit 1
../train model.safetensors 2000 2>progress &
until grep -q "step 500 " progress 2>/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
kill -INT $!
wait $!
[[ $? -ne 0 && ! -e model.safetensors ]] && ../train model.safetensors 2000 2>progress && ! grep -q 'step 500 ' progress
count $? "train stops and goes on"
cd ..
cmp <(./sample whole/model.safetensors 5) <(./sample halves/model.safetensors 5)
count $? "an interrupted training gives the same model"

# Manual pages, as man would show them, and completions, in their shells.
share=$prefix/share
for page in man1/advect.1 man8/advectd.8 man3/libadvect.3; do
    rendered=$(groff -man -ww -Tutf8 "$share/man/$page" 2>&1 >page.txt)
    [[ -z $rendered && $(wc -l <page.txt) -gt 100 ]]
    count $? "manual page $page: $rendered"
done
grep -q 'adv_model_load' page.txt
count $? "libadvect.3 has the functions"
# shellcheck source=/dev/null
offers() { # CURSOR_WORD WORDS...: what bash offers there
    (source "$share/bash-completion/completions/$2" && COMP_WORDS=("${@:2}") && COMP_CWORD=$1 &&
        "_$2" && echo "${COMPREPLY[*]}")
}
[[ $(offers 1 advect tr) == "train trajectory" && $(offers 2 advect train --dt) == --dtype ]] &&
    [[ $(offers 3 advect train --dtype "") == "f32 f16" && $(offers 1 advectd --max-fr) == --max-frames ]]
count $? "completion in bash"
zsh -f -c "fpath=($share/zsh/site-functions \$fpath); autoload -U compinit && compinit -u -D &&
    [[ \$_comps[advect] == _advect && \$_comps[advectd] == _advectd ]] && autoload +X _advect && autoload +X _advectd"
count $? "completion in zsh"
[[ $(HOME=$work fish -c "source $share/fish/vendor_completions.d/advect.fish; complete -C 'advect train --dtype '" |
    cut -f1 | tr '\n' ' ') == "f16 f32 " ]]
count $? "completion in fish"

make --no-print-directory -C "$root" uninstall DESTDIR="$work" PREFIX=/usr >"$work/log" 2>&1
[[ -z $(find "$prefix" -type f -o -type l) ]]
count $? "uninstall leaves $(find "$prefix" -type f -o -type l | head -3 | tr '\n' ' ')"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
