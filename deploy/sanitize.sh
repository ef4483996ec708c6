#!/bin/bash
# Compiles the C part with AddressSanitizer and UBSan, and runs containers and helpers with it (Tests/sanitizer).
#
# Usage: deploy/sanitize.sh. Needs root, clang and busybox; exit code 77: skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
for program in clang busybox; do command -v $program >/dev/null || skip "$program is not installed"; done
work=$(mktemp -d /tmp/swiftlet-test-sanitize.XXXXXX)
trap 'rm -rf "$work"' EXIT

# Without what this program does not have: the main of a sealed executable.
sources=$(ls Sources/CLinux/*.c)
# shellcheck disable=SC2086
if ! clang -std=gnu17 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra \
    -D_GNU_SOURCE -I Sources/CLinux/include -I Sources/CLinux $sources Tests/sanitizer/stage.c -o "$work/stage" \
    >"$work/build.log" 2>&1; then
    cat "$work/build.log"
    exit 1
fi
mkdir -p "$work/rootfs"/{bin,etc,proc,dev,sys}
cp "$(command -v busybox)" "$work/rootfs/bin/busybox"
echo text >"$work/rootfs/etc/file"
# A child that a sanitizer ends may look like one that failed as it should: what it wrote tells.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
timeout 240 "$work/stage" "$work/rootfs" 2>"$work/errors"
code=$?
if [ -s "$work/errors" ]; then
    cat "$work/errors"
    exit 1
fi
exit $code
