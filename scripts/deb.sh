#!/bin/bash
# Makes Debian packages of what is built, into build/deb/ARCH: advect, advectd, libadvect and its -dev,
# and advect-models, by debhelper from deploy/debian. arm64 on another architecture is a cross build,
# with the libraries that scripts/check-arm64.sh unpacks, and has the dependencies of the packages of
# this architecture, which must be there. Needs debhelper; root gets it installed.
#
# usage: scripts/deb.sh [ARCH]     ARCH: that of this system, or arm64
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/deps.sh deb
native=$(dpkg --print-architecture)
arch=${1:-$native}
out=$PWD/build/deb/$arch
tree=$out/tree

version_of() { sed -n "s/^#define ADV_VERSION_$1 //p" include/advect/version.h; }
major=$(version_of MAJOR) minor=$(version_of MINOR)
version=$major.$minor.$(version_of PATCH)
soversion=$major
[[ $major != 0 ]] || soversion=0.$minor

case $arch in
"$native") config=release what=binary ;;
arm64) config=arm64 what=binary-arch ;;
*)
    echo "ARCH is '$arch'; it must be $native or arm64" >&2
    exit 2
    ;;
esac

if [[ $what == binary-arch && ! -e build/deb/$native/tree/debian/advectd.substvars ]]; then
    echo "the packages of $native come first (make deb): those of $arch have their dependencies" >&2
    exit 1
fi

# The time of the last change, so that the same sources make the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%at 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

rm -rf "$out"
mkdir -p "$tree"
cp -r deploy/debian "$tree/debian"
cp deploy/systemd/advectd.service deploy/systemd/advectd.socket "$tree/debian"
cd "$tree/debian"
sed -i "s/@SOVERSION@/$soversion/" control
mv libadvect.install "libadvect$soversion.install"
cp "$OLDPWD/LICENSE" copyright
cat >changelog <<END
advect ($version) unstable; urgency=medium

  * What is new stands in CHANGELOG.md of the sources.

 -- The Advect authors <advect@users.noreply.github.com>  $(date -R -d "@$SOURCE_DATE_EPOCH")
END
cd ..
log=$out/log
dpkg-architecture -a "$arch" -c debian/rules "$what" SOURCE="$PWD/../../../.." CONFIG="$config" OUT="$out" \
    SUBSTVARS="$PWD/../../$native/tree/debian" >"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
ls -l "$out"/*.deb
