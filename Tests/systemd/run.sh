#!/bin/bash
# Proves the cgroup drivers of swiftlet-oci where systemd runs. Run as root, with a release build of swiftlet-oci.
#   Tests/systemd/run.sh hybrid    in a container that has systemd as its first process (v1 limits; seconds)
#   Tests/systemd/run.sh podman    podman with systemd as its cgroup manager, in such a container that has podman in it
#   Tests/systemd/run.sh v2        in a virtual machine with pure cgroup v2 (minutes: it is emulated in software)
# The beds are beside the checkout (../shared/testbed); without them this skips, with exit code 77.
set -uo pipefail
cd "$(dirname "$0")/../.."
mode=${1:-hybrid}
beds=${TESTBED:-$PWD/../shared/testbed}
oci=${SWIFTLET_OCI:-.build/release/swiftlet-oci}
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$beds/systemd-container.sh" ] || skip "no test bed in $beds"
[ -x "$oci" ] || skip "no $oci: swift build -c release --product swiftlet-oci"
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
[ -r /etc/apt/sources.list.d/debian.sources ] || skip "the beds are made from /etc/apt/sources.list.d/debian.sources, which is not here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strip -o "$work/swiftlet-oci" "$oci" && cp /bin/busybox Tests/systemd/inside.sh "$work/" || exit 1
case $mode in
    hybrid)
        tar -C "$work" -c . | "$beds/systemd-container.sh" hybrid \
            bash -c 'mkdir -p /run/job && tar -C /run/job -x && exec bash /run/job/inside.sh hybrid'
        ;;
    podman)
        # An image of its own: the beds' usual one has no podman.
        image=${TESTBED_DIR:-$HOME/.cache/swiftlet-testbed}/podman
        mkdir -p "$image" && cp Tests/clients/podman.sh "$work/" || exit 1
        if [ ! -s "$image/rootfs.tar" ]; then
            TESTBED_DIR=$image "$beds/mkrootfs.sh" "$image/new.tar" podman,conmon,crun,busybox-static || exit 1
            mv "$image/new.tar" "$image/rootfs.tar"
        fi
        tar -C "$work" -c . | TESTBED_DIR=$image "$beds/systemd-container.sh" hybrid bash -c '
            mkdir -p /run/job/Tests/clients && tar -C /run/job -x && mv /run/job/podman.sh /run/job/Tests/clients/
            SWIFTLET_OCI=/run/job/swiftlet-oci exec bash /run/job/Tests/clients/podman.sh systemd'
        ;;
    v2)
        command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86 is not installed"
        TIMEOUT=${TIMEOUT:-400} FILES="$work/swiftlet-oci $work/busybox $work/inside.sh" \
            "$beds/qemu-systemd.sh" default 'bash /job/inside.sh v2'
        ;;
    *) echo "usage: $0 hybrid|podman|v2" >&2; exit 2 ;;
esac
