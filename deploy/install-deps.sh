#!/bin/bash
# Installs what building, testing and trying Swiftlet needs on Debian 12. Run as root; does nothing where all is there.
set -euo pipefail

if ! command -v swift >/dev/null; then
    cat >&2 <<'TEXT'
error: no swift on the PATH. Swiftlet needs a Swift 6.3 toolchain:
  1. download the Debian 12 toolchain from https://www.swift.org/install/linux/
  2. unpack it to /opt/swift
  3. export PATH=/opt/swift/usr/bin:$PATH
TEXT
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "error: run this as root: containers, mounts and cgroups need it (sudo make ...)" >&2
    exit 1
fi

packages=(
    libncurses6 libedit2 libxml2 libstdc++-12-dev zlib1g-dev tzdata ca-certificates        # the toolchain itself
    pkg-config make git
    libsqlite3-dev libsystemd-dev libcurl4-openssl-dev libseccomp-dev libarchive-dev # linked
    busybox-static curl jq zstd iproute2 procps                                      # demo and tests
    systemd                                                                          # journald for the tests
    docker-registry openssl nginx-light                                              # a real registry for the tests
    binutils python3 python3-venv                                                    # sizes of executables; benchmarks; clients
    containerd runc crun skopeo                                                      # peers in tests and benchmarks
    podman conmon netavark golang-github-containers-common bsdutils gcc libc6-dev    # callers of the runtime; benchmarks
    mmdebstrap qemu-system-x86 qemu-utils cpio kmod xz-utils e2fsprogs bc            # systemd and cgroup v2 for the tests
)
# Images both ways, and a caller of the runtime. Docker's own packages conflict with Debian's: who has them keeps them.
command -v dockerd >/dev/null || packages+=(docker.io)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} != 0 ]; then
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The tests start what they need, privately. A dockerd that its package starts would set iptables rules, a bridge and
    # forwarding here: invoke-rc.d and deb-systemd-invoke ask this file first. Nor shall it come with the next boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    if [[ " ${missing[*]} " == *" docker.io "* ]]; then systemctl --quiet disable docker.service docker.socket; fi
fi

# Only now: a toolchain does not start without the libraries above.
if ! version=$(swift --version 2>&1); then
    echo "error: swift does not start: $version" >&2
    exit 1
fi
version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$version" | head -1)
case $version in
    6.[3-9] | 6.[1-9][0-9] | [7-9].* | [1-9][0-9].*) ;;
    *)
        echo "error: Swift $version is too old: Swiftlet needs 6.3 or newer (https://www.swift.org/install/linux/)" >&2
        exit 1
        ;;
esac
