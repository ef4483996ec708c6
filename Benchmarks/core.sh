#!/bin/bash
# Measures the runtime core against containerd: starts, shims, logs. Prints a report in Markdown. Run as root;
# `make bench-core` builds first.
#
#   Benchmarks/core.sh [--rounds N] [--megabytes N] [--bin DIRECTORY]
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "error: run this as root" >&2; exit 1; }
for program in python3 runc containerd ctr curl busybox; do
    command -v $program >/dev/null || { echo "error: $program is missing; run make deps, and apt-get install python3" >&2; exit 1; }
done
exec python3 -B Benchmarks/core.py "$@"
