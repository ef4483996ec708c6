#!/bin/bash
# Measures Swiftlet against containerd, runc and crun, all in one run and in turns, so that whatever else the machine
# does hits all of them alike. Prints a report in Markdown. Run as root; `make bench` builds first.
#
#   Benchmarks/run.sh [--rounds N] [--pods N] [--bin DIRECTORY]
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "error: run this as root" >&2; exit 1; }
for program in python3 runc crun containerd ctr curl busybox; do
    command -v $program >/dev/null || { echo "error: $program is missing; run make deps, and apt-get install python3" >&2; exit 1; }
done
exec python3 -B Benchmarks/compare.py "$@"
