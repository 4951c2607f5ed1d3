# The cross compiler for 64-bit Arm, qemu, and Debian's libraries for it in $sysroot; to be sourced by
# scripts in the repository's root, which have set sysroot, jobs and work (a folder for scratch) and
# have a function skip, which says why and ends the script.
#
#   need_tools         installs compiler and qemu if root may
#   unpack_libraries   fills $sysroot
# shellcheck shell=bash disable=SC2154

have_tools() {
    local tool
    for tool in aarch64-linux-gnu-gcc qemu-aarch64-static; do
        command -v "$tool" >/dev/null || return 1
    done
}

need_tools() {
    [[ $(uname -m) != aarch64 ]] || skip "this is 64-bit Arm; make test says more"
    command -v apt-get >/dev/null || skip "the libraries for arm64 come from Debian's apt-get"
    have_tools && return
    [[ $(id -u) -eq 0 ]] || skip "aarch64-linux-gnu-gcc and qemu-aarch64-static are missing"
    scripts/deps.sh arm64
    have_tools || skip "the cross compiler cannot be installed"
}

# An apt of its own, for arm64, that believes nothing is installed; its mirrors are the system's.
private_apt() {
    mkdir -p "$work"/state/lists/partial "$work"/cache/archives/partial
    : >"$work/state/status"
    cat >"$work/apt.conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
END
    export APT_CONFIG=$work/apt.conf
    # shellcheck disable=SC2086 # a list of packages
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends --download-only $1
    local status=$?
    unset APT_CONFIG
    return $status
}

# Links within the sysroot may be absolute, and those of OpenBLAS are made by its installation.
mend_links() { # ROOT
    local link libraries=$1/usr/lib/aarch64-linux-gnu
    find "$1" -type l -lname '/*' | while read -r link; do
        ln -sf "$sysroot$(readlink "$link")" "$link"
    done
    ln -s openblas-pthread/libopenblas.so.0 "$libraries"
    ln -s ../openblas-pthread/pkgconfig/openblas.pc "$libraries/pkgconfig"
}

unpack_libraries() {
    local packages
    packages=$(scripts/deps.sh libraries)
    [[ ! -f $sysroot/packages || $(<"$sysroot/packages") != "$packages" ]] || return 0
    echo "== arm64 libraries"
    private_apt "$packages" || skip "apt-get has no packages for arm64"
    rm -rf "$sysroot"
    mkdir -p "$sysroot"
    find "$work/cache/archives" -name '*.deb' -print0 |
        xargs -0 -P "$jobs" -I{} dpkg-deb -x {} "$sysroot" || skip "the packages cannot be unpacked"
    mend_links "$sysroot"
    echo "$packages" >"$sysroot/packages"
}
