#!/bin/bash
# swiftlet-oci in the place of runc under Debian's containerd, with its own runc shim and ctr, all unchanged. Run as root.
# containerd is private: own root, state, socket and namespace, without its CRI plugin. Exit code 77: skipped.
set -u
cd "$(dirname "$0")/../.."
oci=$(realpath "${SWIFTLET_OCI:-.build/release/swiftlet-oci}")
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$oci" ] || skip "no $oci: swift build -c release --product swiftlet-oci"
for program in containerd ctr containerd-shim-runc-v2 busybox script python3; do
    command -v $program >/dev/null || skip "$program is not installed"
done

work=$(mktemp -d /tmp/swiftlet-test-ctr.XXXXXX)
name=swiftlet-test-$$
failures=0
ctr() { timeout --kill-after 5 60 ctr --address "$work/socket" --namespace "$name" "$@"; }
cat >"$work/config.toml" <<T
version = 2
root = "$work/root"
state = "$work/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "$work/socket"
[ttrpc]
  address = "$work/socket.ttrpc"
T
containerd --config "$work/config.toml" >"$work/log" 2>&1 &
daemon=$!
cleanup() {
    for task in $(ctr task list --quiet 2>/dev/null); do ctr task kill --signal KILL "$task"; sleep 0.3; ctr task delete --force "$task"; done >/dev/null 2>&1
    for container in $(ctr container list --quiet 2>/dev/null); do ctr container delete "$container"; done >/dev/null 2>&1
    kill $daemon
    wait $daemon
    for mount in $(awk -v work="$work" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
    rm -rf "$work"
    for directory in /sys/fs/cgroup/*/"$name" /sys/fs/cgroup/"$name"; do [ -d "$directory" ] && rmdir "$directory"; done
} 2>/dev/null
trap cleanup EXIT
for _ in $(seq 600); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
ctr version >/dev/null 2>&1 || { echo "FAILED: containerd does not start"; tail -5 "$work/log"; exit 1; }

check() { # TEXT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: expected [$2], got [$3]"; failures=$((failures + 1)); fi
}
python3 - "$work" <<'P'
# An image in Docker's form: a layer with a static busybox, a configuration, a manifest.
import hashlib, io, json, sys, tarfile
work = sys.argv[1]
layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as tar:
    tar.add("/bin/busybox", "bin/busybox")
    for applet in "sh sleep cat echo id true tty grep sed kill".split():
        link = tarfile.TarInfo("bin/" + applet)
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
layer = layer.getvalue()
config = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
}).encode()
manifest = json.dumps([{"Config": "config.json", "RepoTags": ["docker.io/library/swt:1"], "Layers": ["layer.tar"]}]).encode()
with tarfile.open(work + "/image.tar", "w") as tar:
    for path, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
        info = tarfile.TarInfo(path)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
P
image=docker.io/library/swt:1
ctr image import --snapshotter native "$work/image.tar" >/dev/null 2>"$work/errors"
check "an image" 0 $?
options="--runtime io.containerd.runc.v2 --runc-binary $oci --snapshotter native"
run() { ctr run $options "$@"; }

check "run --rm" hello "$(run --rm $image a echo hello 2>&1)"
run --rm $image b sh -c 'exit 42'
check "the exit code" 42 $?
check "run -t has a terminal" 1 \
    "$(timeout --kill-after 5 90 script -qec "exec timeout --foreground --kill-after 5 60 ctr --address $work/socket --namespace $name run $options --rm -t $image t sh -c 'tty >/dev/null && echo yes'" \
        /dev/null < <(exec sleep 90) | grep -c yes)"
check "a program that is not there" 1 "$(run --rm $image n /no/such 2>&1 | grep -c 'no such file or directory')"
check "--privileged" 1 "$(run --rm --privileged $image p sed -n 's/CapEff:\t//p' /proc/self/status | grep -c '[1-9a-f]')"
check "--env, --cwd" "b /bin" "$(run --rm --env A=b --cwd /bin $image e sh -c 'echo $A $PWD')"
check "--read-only" 1 "$(run --rm --read-only $image r sh -c 'echo >/x' 2>&1 | grep -c 'Read-only file system')"

run --detach --memory-limit 67108864 --cpus 0.5 --pid-file "$work/pid" $image c sleep 1000
check "run --detach" 0 $?
check "--pid-file" "$(ctr task list | sed -n 's/^c  *\([0-9]*\) .*/\1/p')" "$(cat "$work/pid")"
pid=$(cat "$work/pid")
group() { sed -n "s/^[0-9]*:$1:/\/sys\/fs\/cgroup\/$1/p" "/proc/$pid/cgroup"; }
if [ -n "$(group memory)" ]; then
    check "--memory-limit" 67108864 "$(cat "$(group memory)/memory.limit_in_bytes")"
    check "--cpus" "50000 100000" "$(cd "$(group cpu)" && echo $(cat cpu.cfs_quota_us cpu.cfs_period_us))"
else
    unified=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    check "--memory-limit" 67108864 "$(cat "$unified/memory.max")"
    check "--cpus" "50000 100000" "$(cat "$unified/cpu.max")"
fi
check "task exec" "in 9" "$(ctr task exec --exec-id x c sh -c 'echo in; exit 9' 2>&1 | tr '\n' ' ')$(ctr task exec --exec-id y c sh -c 'exit 9'; echo $?)"
check "task ps" "$pid" "$(ctr task ps c | sed -n '2s/ .*//p')"
ctr task pause c
check "task pause" PAUSED "$(ctr task list | awk '$1 == "c" {print $3}')"
ctr task resume c
check "task resume" RUNNING "$(ctr task list | awk '$1 == "c" {print $3}')"
check "task metrics" 1 "$(ctr task metrics c | grep -cE '^memory.usage_in_bytes|^memory.usage ')"
ctr task kill --signal KILL c
check "task kill" 0 $?
for _ in $(seq 300); do [ "$(ctr task list | awk '$1 == "c" {print $3}')" = STOPPED ] && break; sleep 0.1; done
check "killed is 137" 1 "$(ctr task delete c 2>&1 | grep -c 'exit code 137')"
ctr container delete c
check "nothing is left" "" "$(ctr container list --quiet)$(ls "$work/state/io.containerd.runtime.v2.task/$name" 2>/dev/null)"
check "no cgroup either" "" "$(ls -d /sys/fs/cgroup/*/"$name"/* 2>/dev/null | grep -E '/(a|b|c|t|n|p|e|r)$')"
echo "$failures failures with $(containerd --version | cut -d' ' -f1,3)"
[ $failures = 0 ]
