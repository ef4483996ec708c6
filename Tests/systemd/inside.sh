#!/bin/bash
# Runs inside a system that systemd has started; run.sh brings it there with the runtime and a static busybox.
#   inside.sh v2|hybrid
# Proves what the machine of the other tests cannot: the systemd cgroup driver, and on v2 the limits of version 2.
set -u
mode=$1
here=$(cd "$(dirname "$0")" && pwd)
oci="$here/swiftlet-oci --root /run/swt-state"
failures=0

check() { # TEXT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: expected [$2], got [$3]"; failures=$((failures + 1)); fi
}
refused() { # TEXT COMMAND...: it must fail
    local text=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "FAILED: $text: it was allowed"; failures=$((failures + 1)); else echo "ok: $text"; fi
}
shows() { systemctl show "$1" -P "$2"; }
# The value of a file of the container's cgroup: v2 name, then v1 controller and name.
value() {
    if [ "$mode" = v2 ]; then cat "/sys/fs/cgroup$cgroup/$1"; else cat "/sys/fs/cgroup/$2$cgroup/$3"; fi
}
there() { if [ "$mode" = v2 ]; then [ -d "/sys/fs/cgroup$cgroup" ]; else [ -d "/sys/fs/cgroup/memory$cgroup" ]; fi; }

bundle() { # DIRECTORY CGROUPSPATH [UNIFIED-JSON]
    mkdir -p "$1/rootfs/bin"
    cp "$here/busybox" "$1/rootfs/bin/"
    for name in sh sleep cat head tail mknod true; do ln -sf busybox "$1/rootfs/bin/$name"; done
    rm -f "$1/config.json"
    $oci spec --bundle "$1"
    python3 - "$1/config.json" "$2" "${3:-}" <<'P'
import json, sys
path, place, unified = sys.argv[1:]
spec = json.load(open(path))
process = spec["process"]
process.update(terminal=False, args=["sleep", "1000"])
for name in ("bounding", "effective", "permitted"):
    process["capabilities"][name].append("CAP_MKNOD")
spec["root"]["readonly"] = False
spec["linux"]["cgroupsPath"] = place
spec["linux"]["resources"].update(
    memory={"limit": 64 << 20, "swap": 64 << 20},
    cpu={"shares": 512, "quota": 25000, "period": 50000},
    pids={"limit": 30},
)
if unified:
    spec["linux"]["resources"]["unified"] = json.loads(unified)
json.dump(spec, open(path, "w"))
P
}

limits() { # what holds for either driver
    check "$1: memory limit" 67108864 "$(value memory.max memory memory.limit_in_bytes)"
    check "$1: pids limit" 30 "$(value pids.max pids pids.max)"
    if [ "$mode" = v2 ]; then
        check "$1: cpu.max" "25000 50000" "$(value cpu.max)"
        check "$1: cpu.weight" 20 "$(value cpu.weight)"
        check "$1: swap limit" 0 "$(value memory.swap.max)"
    else
        check "$1: quota" 25000 "$(value - cpu cpu.cfs_quota_us)"
        check "$1: shares" 512 "$(value - cpu cpu.shares)"
    fi
    $oci exec c sh -c 'head -c 100000000 /dev/zero | tail >/dev/null'
    check "$1: too much memory is killed for" 137 $?
    devices "$1"
}

tasks() { # the last, because nobody in the container reaps what it leaves
    $oci exec c sh -c 'n=0; while [ $n -lt 60 ]; do sleep 3 & n=$((n+1)); done' >/dev/null 2>&1
    refused "$1: more tasks than allowed" test $? = 0
}

devices() { # in the container's own /dev: elsewhere "nodev" could refuse it for another reason
    $oci exec c sh -c '[ -e /dev/blk ] || mknod /dev/blk b 253 0; cat /dev/zero | head -c 1 >/dev/null'
    check "$1: mknod and an allowed device" 0 $?
    check "$1: a device that is not allowed" "cat: can't open '/dev/blk': Operation not permitted" \
        "$($oci exec c cat /dev/blk 2>&1)"
}

freezer() {
    $oci pause c
    check "$1: paused" '"paused"' "$($oci state c | sed -n 's/.*"status": \(".*"\),/\1/p')"
    [ "$mode" = v2 ] && check "$1: cgroup.events" "frozen 1" "$(value cgroup.events | grep frozen)"
    $oci resume c
    check "$1: resumed" '"running"' "$($oci state c | sed -n 's/.*"status": \(".*"\),/\1/p')"
}

updates() {
    $oci update --memory 32m --memory-swap 48m --pids-limit 20 --cpu-quota 10000 c
    check "$1: update" 0 $?
    check "$1: new memory limit" 33554432 "$(value memory.max memory memory.limit_in_bytes)"
    check "$1: new pids limit" 20 "$(value pids.max pids pids.max)"
    if [ "$mode" = v2 ]; then
        check "$1: the quota changes, the period stays" "10000 50000" "$(value cpu.max)"
        check "$1: swap is what is above memory" 16777216 "$(value memory.swap.max)"
    fi
}

driver_systemd() {
    cgroup=/swt.slice/swt-a.slice/swt-c.scope
    bundle /run/swt-b swt-a.slice:swt:c
    $oci --systemd-cgroup run --detach --bundle /run/swt-b c </dev/null >/dev/null
    check "systemd: run" 0 $?
    check "systemd: unit" active "$(shows swt-c.scope ActiveState)"
    check "systemd: slice" swt-a.slice "$(shows swt-c.scope Slice)"
    check "systemd: delegation" yes "$(shows swt-c.scope Delegate)"
    check "systemd: TasksMax" 30 "$(shows swt-c.scope TasksMax)"
    check "systemd: quota" 500ms "$(shows swt-c.scope CPUQuotaPerSecUSec)"
    check "systemd: devices" strict "$(shows swt-c.scope DevicePolicy)"
    if [ "$mode" = v2 ]; then
        check "systemd: MemoryMax" 67108864 "$(shows swt-c.scope MemoryMax)"
    else
        check "systemd: MemoryLimit" 67108864 "$(shows swt-c.scope MemoryLimit)"
    fi
    pid=$($oci state c | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
    check "systemd: the process is in the unit" "$cgroup" "$(sed -n "s/^0:://p" "/proc/$pid/cgroup")"
    limits systemd
    systemctl daemon-reload
    devices "systemd, after a reload"
    check "systemd: a reload changes no limit" 67108864 "$(value memory.max memory memory.limit_in_bytes)"
    freezer systemd
    updates systemd
    check "systemd: TasksMax after the update" 20 "$(shows swt-c.scope TasksMax)"
    systemctl daemon-reload
    check "systemd: the update outlives a reload" 33554432 "$(value memory.max memory memory.limit_in_bytes)"
    [ "$mode" = v2 ] && check "systemd: and so does the quota in its period" "10000 50000" "$(value cpu.max)"
    tasks systemd
    $oci delete --force c
    check "systemd: delete" 0 $?
    check "systemd: the unit is gone" inactive "$(shows swt-c.scope ActiveState)"
    refused "systemd: its cgroup is gone" there
    $oci --systemd-cgroup run --bundle /run/swt-exit c7
    check "systemd: the exit code of run" 7 $?
    check "systemd: nothing stays behind" "" "$(systemctl list-units --all --no-legend --plain 'swt-*.scope')"
    refused "systemd: a path instead of slice:prefix:name" \
        $oci --systemd-cgroup run --bundle /run/swt-path p
    # Without the socket of systemd itself the message bus has to do.
    unshare -m bash -c "mount --bind /dev/null /run/systemd/private && $oci --systemd-cgroup run --bundle /run/swt-exit c8"
    check "systemd: by the message bus" 7 $?
    # A container that cannot start leaves no unit.
    refused "systemd: a program that is not there" $oci --systemd-cgroup run --bundle /run/swt-none n
    check "systemd: and no unit of it" "" "$(systemctl list-units --all --no-legend --plain 'swt-*.scope')"
}

driver_cgroupfs() {
    cgroup=/swt-fs/c
    local unified=''
    [ "$mode" = v2 ] && unified='{"memory.high": "60000000", "cgroup.max.descendants": "5"}'
    bundle /run/swt-b /swt-fs/c "$unified"
    $oci run --detach --bundle /run/swt-b c </dev/null >/dev/null
    check "cgroupfs: run" 0 $?
    if [ "$mode" = v2 ]; then
        check "cgroupfs: unified, a file of a controller" 59998208 "$(value memory.high)"
        check "cgroupfs: unified, a file of the core" 5 "$(value cgroup.max.descendants)"
    fi
    limits cgroupfs
    freezer cgroupfs
    updates cgroupfs
    check "cgroupfs: figures" '"stats"' "$($oci events --stats c | sed 's/.*"type":\("stats"\).*/\1/')"
    tasks cgroupfs
    # What the container made below its own cgroup does not keep it from being removed.
    if [ "$mode" = v2 ]; then
        mkdir -p "/sys/fs/cgroup$cgroup/a/b"
        $oci exec --cgroup a/b -d c sleep 1000
        check "cgroupfs: exec in a cgroup below" 1 "$(wc -l <"/sys/fs/cgroup$cgroup/a/b/cgroup.procs")"
    fi
    $oci delete --force c
    check "cgroupfs: delete" 0 $?
    refused "cgroupfs: its cgroup is gone" there
    if [ "$mode" = v2 ]; then
        bundle /run/swt-bad /swt-fs/bad '{"nothing.max": "1"}'
        refused "cgroupfs: a file that is not there" $oci run --bundle /run/swt-bad bad
        bundle /run/swt-bad /swt-fs/bad
        sed -i 's/"shares": 512/"realtimeRuntime": 5/' /run/swt-bad/config.json
        refused "cgroupfs: realtime limits" $oci run --bundle /run/swt-bad bad
    fi
}

exits() { # DIRECTORY CGROUPSPATH COMMAND...
    bundle "$1" "$2"
    local args=$3
    python3 -c "
import json
spec = json.load(open('$1/config.json'))
spec['process']['args'] = $args
json.dump(spec, open('$1/config.json', 'w'))"
}
exits /run/swt-exit swt-a.slice:swt:exit '["sh", "-c", "exit 7"]'
exits /run/swt-path /not/a/unit '["true"]'
exits /run/swt-none swt-a.slice:swt:none '["/not/there"]'
echo "systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'), kernel $(uname -r), cgroup $mode"
driver_systemd
driver_cgroupfs
echo "$failures failures"
[ $failures = 0 ]
