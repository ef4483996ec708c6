#!/bin/bash
# Measures swiftlet-oci against crun, runc and a floor in C, in turns in one run. Run as root; `make bench-oci` builds.
#   Benchmarks/oci/run.sh [--rounds N] [--bin DIRECTORY] [--crun PROGRAM] [--runc PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "error: run this as root" >&2; exit 1; }
for program in python3 runc crun busybox; do
    command -v $program >/dev/null || { echo "error: $program is missing; run make deps" >&2; exit 1; }
done
exec python3 -B Benchmarks/oci/compare.py "$@"
