#!/bin/bash
# Fuzzes the parsers that are written by hand with libFuzzer, for SECONDS in all (default 600), two targets at a time.
#
# Usage: deploy/fuzz.sh [SECONDS [TARGET...]]. Crashes stay in .build/fuzz/crashes; a crash becomes a regression test
# and its input a seed in Tests/fuzz/seeds. What the fuzzer learned stays in .build/fuzz/corpus.
set -uo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-600}
shift || true
base=${SWIFTLET_SCRATCH:-.build}
scratch=$base/fuzz
mkdir -p "$scratch/crashes" "$scratch/corpus"
# The sources of dependencies are shared with the ordinary build; the objects are not, for they are instrumented.
for name in checkouts repositories artifacts; do
    if [ -d "$base/$name" ] && [ ! -e "$scratch/$name" ]; then ln -s "$(realpath "$base/$name")" "$scratch/$name"; fi
done
if [ ! -e "$scratch/workspace-state.json" ]; then cp "$base/workspace-state.json" "$scratch/" 2>/dev/null; fi

if ! swift build --product fuzz --sanitize=fuzzer -Xswiftc -DSWIFTLET_LIBFUZZER --scratch-path "$scratch" \
    >"$scratch/build.log" 2>&1; then
    grep -E 'error|warning' "$scratch/build.log" | head -20
    echo "error: the fuzzer could not be built; see $scratch/build.log" >&2
    exit 1
fi
fuzz=$scratch/debug/fuzz
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(ls Tests/fuzz/seeds); fi
jobs=2
share=$((seconds * jobs / ${#targets[@]}))
[ "$share" -ge 1 ] || share=1

one() {
    local target=$1 log
    log=$scratch/$target.log
    mkdir -p "$scratch/corpus/$target"
    if SWIFTLET_FUZZ=$target "$fuzz" -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -verbosity=1 \
        -artifact_prefix="$scratch/crashes/$target-" "$scratch/corpus/$target" "Tests/fuzz/seeds/$target" >"$log" 2>&1
    then
        printf '%-16s %s\n' "$target" "$(grep -oE '^(Done|stat::number).*' "$log" | tail -1)"
    else
        printf '%-16s FAILED, see %s\n' "$target" "$log"
        grep -E 'Fatal error|ERROR|SUMMARY|Test unit written' "$log" | head -5
        return 1
    fi
}
export -f one
# The runtime's own report of a crash would keep the fuzzer from writing the input down.
export SWIFT_BACKTRACE=enable=no
export scratch fuzz share
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'one {}' || exit 1
