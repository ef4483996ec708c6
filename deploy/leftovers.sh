#!/bin/bash
# Prints what Swiftlet could leave on a machine, one thing a line, sorted. Taken before and after, two lists tell what
# a run left behind:  deploy/leftovers.sh WORD... > before; …; deploy/leftovers.sh WORD... | comm -13 before -
# Only processes, mounts, cgroups and sockets that contain one of the words count; network namespaces and veth
# interfaces have no such names and count all.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: deploy/leftovers.sh WORD..." >&2; exit 2; }
words=("$@")

matching() {
    local patterns=()
    for word in "${words[@]}"; do patterns+=(-e "$word"); done
    grep -F "${patterns[@]}" || true
}

{
    # Processes whose command line has the word; not this script, and nothing above it.
    ours=" $$ $BASHPID "
    parent=$PPID
    while [ "$parent" -gt 1 ]; do
        ours+="$parent "
        parent=$(awk '{print $4}' "/proc/$parent/stat" 2>/dev/null || echo 0)
    done
    for directory in /proc/[0-9]*; do
        pid=${directory#/proc/}
        case $ours in *" $pid "*) continue ;; esac
        line=$({ tr '\0' ' ' <"$directory/cmdline"; } 2>/dev/null) || continue
        [ -z "$line" ] || printf 'process %s %s\n' "$pid" "${line:0:200}"
    done | grep -v leftovers.sh | matching
    awk '{print "mount " $5}' /proc/self/mountinfo | matching
    # A cgroup may go while it is looked at; that must not end the list.
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
        { find "$hierarchy" -xdev -type d 2>/dev/null || true; } | sed 's/^/cgroup /' | matching
    done
    awk '$8 ~ /^\// {print "socket " $8}' /proc/net/unix | matching
    # lsns lists a namespace by one of its processes; the number is enough.
    for type in net mnt pid ipc uts; do
        { readlink /proc/[0-9]*/ns/$type 2>/dev/null || true; } | sort -u | sed 's/^/namespace /'
    done
    { find /run/netns -mindepth 1 2>/dev/null || true; } | sed 's/^/netns /'
    ls /sys/class/net | grep -E '^veth' | sed 's/^/interface /' || true
} | sort -u
