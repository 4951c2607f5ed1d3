#!/bin/bash
# Runs the tests of the daemon and of what reads and writes numbers as a user might: not as root, in an
# environment that holds nothing but PATH, HOME and a locale with a decimal comma. The tests must have
# been built. The locale is made in build/locale; where it cannot be made, that is said, and the tests
# run in C.
set -euo pipefail
cd "$(dirname "$0")/.."

names="sandbox server_service server_sandbox cli fields import io_csv io_npy io_number io_png model plot_axes render request server
 server_errors server_http server_images"
locale=de_DE.UTF-8

variables=(HOME=/tmp "PATH=$PATH" CK_TIMEOUT_MULTIPLIER=4)
mkdir -p build/locale
if [[ -d build/locale/$locale ]] || localedef -i de_DE -f UTF-8 "build/locale/$locale" 2>/dev/null; then
    variables+=("LOCPATH=$PWD/build/locale" "LC_ALL=$locale")
else
    echo "locale $locale cannot be made (Debian's package locales is missing?): the tests run in C"
fi

as_user=(env -i "${variables[@]}")
if [[ $(id -u) -eq 0 ]]; then
    drop=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    if "${drop[@]}" test -r "$PWD/build/bin/advectd"; then
        as_user=("${drop[@]}" "${as_user[@]}")
    else
        echo "nobody but root can read $PWD: the tests run as root"
    fi
fi
# shellcheck disable=SC2046,SC2086 # a list
exec "${as_user[@]}" scripts/run-tests.sh $(printf 'build/tests/test_%s ' $names)
