#!/bin/bash
# Everyday podman on top of swiftlet-oci: Debian's podman and conmon, unchanged. Run as root.
#   Tests/clients/podman.sh [cgroupfs|systemd]      the cgroup manager (cgroupfs)
# Everything is in a directory of its own; what runs is removed at the end, also after a failure. Exit code 77: skipped.
set -u
cd "$(dirname "$0")/../.."
manager=${1:-cgroupfs}
oci=$(realpath "${SWIFTLET_OCI:-.build/release/swiftlet-oci}")
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$oci" ] || skip "no $oci: swift build -c release --product swiftlet-oci"
for program in podman conmon busybox script; do
    command -v $program >/dev/null || skip "$program is not installed"
done
[ "$manager" = systemd ] && [ ! -S /run/systemd/private ] && skip "systemd does not run here"

work=$(mktemp -d /tmp/swiftlet-test-podman.XXXXXX)
name=swiftlet-test-$$
failures=0
podman() {
    timeout --kill-after 5 60 podman --root "$work/root" --runroot "$work/run" --tmpdir "$work/tmp" --storage-driver vfs \
        --cgroup-manager "$manager" --events-backend file --runtime "$oci" "$@"
}
cleanup() {
    podman rm --all --force --time 0 >/dev/null 2>&1
    podman rmi --all --force >/dev/null 2>&1
    rm -rf "$work"
}
trap cleanup EXIT
check() { # TEXT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: expected [$2], got [$3]"; failures=$((failures + 1)); fi
}
refused() { # TEXT COMMAND...: it must fail
    local text=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "FAILED: $text: it was allowed"; failures=$((failures + 1)); else echo "ok: $text"; fi
}

mkdir -p "$work/image/bin" "$work/image/etc" "$work/image/tmp"
cp /bin/busybox "$work/image/bin/"
for applet in sh sleep cat echo id true ls mkdir touch grep sed nproc tty kill wc; do ln -s busybox "$work/image/bin/$applet"; done
echo 'root:x:0:0::/:/bin/sh' >"$work/image/etc/passwd"
image=localhost/$name
tar -C "$work/image" -c . | podman import - "$image" >/dev/null 2>&1
check "an image" 0 $?
quick() { podman run --network none --rm "$@" 2>&1; }

check "run" hello "$(quick "$image" echo hello)"
quick "$image" sh -c 'exit 42' >/dev/null
check "run passes the exit code on" 42 $?
quick "$image" /no/such/program >/dev/null
check "a program that is not there is 127" 127 $?
quick "$image" /etc/passwd >/dev/null
check "a file that is no program is 126" 126 $?
# The terminal's input stays open: podman loses output, or waits for ever, when it ends before the container starts. And the
# client stays in the foreground: `timeout` alone puts it into a process group that is stopped when it sets the terminal.
check "run -it has a terminal" 1 \
    "$(timeout --kill-after 5 90 script -qec "exec timeout --foreground --kill-after 5 60 podman --root $work/root --runroot $work/run --tmpdir $work/tmp --storage-driver vfs \
        --cgroup-manager $manager --events-backend file --runtime $oci run --network none --rm -it $image \
        sh -c 'tty >/dev/null && echo yes'" /dev/null < <(exec sleep 90) | grep -c yes)"
check "--user" "7 8" "$(quick --user 7:8 "$image" sh -c 'echo $(id -u) $(id -g)')"
check "--cap-drop all" 0000000000000000 "$(quick --cap-drop all "$image" sed -n 's/CapEff:\t//p' /proc/self/status)"
check "--read-only" "touch: /x: Read-only file system" "$(quick --read-only "$image" touch /x)"
check "--env, --workdir, --hostname" "b /tmp h" \
    "$(quick --env A=b --workdir /tmp --hostname h "$image" sh -c 'echo $A $(pwd) $(cat /proc/sys/kernel/hostname)')"
mkdir "$work/shared" && echo content >"$work/shared/file"
check "--volume" content "$(quick --volume "$work/shared:/v:ro" "$image" cat /v/file)"
refused "--volume ro is read-only" quick --volume "$work/shared:/v:ro" "$image" touch /v/other
check "standard input" in "$(echo in | podman run -i --network none --rm "$image" cat 2>&1)"

podman run --network none --detach --name "$name" --memory 64m --cpus 0.5 --pids-limit 30 "$image" sleep 1000 >/dev/null
check "run --detach" 0 $?
check "it runs" running "$(podman inspect --format '{{.State.Status}}' "$name")"
pid=$(podman inspect --format '{{.State.Pid}}' "$name")
scope=libpod-$(podman inspect --format '{{.Id}}' "$name").scope
if [ "$manager" = systemd ]; then
    check "a scope of systemd" "machine.slice active" "$(echo $(systemctl show "$scope" -P Slice -P ActiveState))"
fi
group() { sed -n "s/^[0-9]*:$1:/\/sys\/fs\/cgroup\/$1/p" "/proc/$pid/cgroup"; }
if [ -n "$(group memory)" ]; then
    check "--memory" 67108864 "$(cat "$(group memory)/memory.limit_in_bytes")"
    check "--cpus" "50000 100000" "$(cd "$(group cpu)" && echo $(cat cpu.cfs_quota_us cpu.cfs_period_us))"
    check "--pids-limit" 30 "$(cat "$(group pids)/pids.max")"
else
    unified=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    check "--memory" 67108864 "$(cat "$unified/memory.max")"
    check "--cpus" "50000 100000" "$(cat "$unified/cpu.max")"
    check "--pids-limit" 30 "$(cat "$unified/pids.max")"
fi
check "exec" "x 0" "$(podman exec --env A=x "$name" sh -c 'echo $A $(id -u)')"
podman exec "$name" sh -c 'exit 9'
check "exec passes the exit code on" 9 $?
podman exec "$name" /no/such/program >/dev/null 2>&1
check "exec of a program that is not there is 127" 127 $?
podman exec --detach "$name" sleep 500 >/dev/null
check "exec --detach" 2 "$(podman top "$name" hpid 2>/dev/null | grep -c '[0-9]')"
check "top" "sleep 1000" "$(podman top "$name" args | sed -n '2s, *$,,p')"
check "ps" "$name" "$(podman ps --format '{{.Names}}')"
check "stats" "$name" "$(podman stats --no-stream --format '{{.Name}}' "$name")"
podman pause "$name" >/dev/null
check "pause" paused "$(podman inspect --format '{{.State.Status}}' "$name")"
refused "exec in a paused container" podman exec "$name" true
podman unpause "$name" >/dev/null
check "unpause" running "$(podman inspect --format '{{.State.Status}}' "$name")"
podman kill --signal KILL "$name" >/dev/null
check "kill" 0 $?
podman wait "$name" >/dev/null
check "killed is 137" 137 "$(podman inspect --format '{{.State.ExitCode}}' "$name")"
podman start "$name" >/dev/null
check "start again" running "$(podman inspect --format '{{.State.Status}}' "$name")"
podman stop --time 1 "$name" >/dev/null 2>&1
check "stop" exited "$(podman inspect --format '{{.State.Status}}' "$name")"
podman rm "$name" >/dev/null
check "rm" "" "$(podman ps --all --quiet)"
if [ "$manager" = systemd ]; then
    check "its scope is gone" inactive "$(systemctl show "$scope" -P ActiveState)"
fi
podman run --network none --detach --name "$name" "$image" sh -c 'echo line; sleep 1000' >/dev/null
for _ in $(seq 100); do [ -n "$(podman logs "$name" 2>&1)" ] && break; sleep 0.1; done
check "logs" line "$(podman logs "$name" 2>&1)"
podman rm --force --time 0 "$name" >/dev/null
check "rm --force of a running one" "" "$(podman ps --all --quiet)"
if podman update --help >/dev/null 2>&1 && podman --help | grep -q '^  update '; then
    podman run --network none --detach --name "$name" "$image" sleep 1000 >/dev/null
    podman update --memory 32m "$name" >/dev/null
    check "update" 0 $?
else
    echo "not tried: update (this podman has none)"
fi
check "the runtime holds nothing afterwards" "" "$("$oci" --root /run/swiftlet-oci list -q | grep "$name")"
echo "$failures failures with $(command podman --version), cgroup manager $manager"
[ $failures = 0 ]
