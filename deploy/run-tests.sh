#!/bin/bash
# Builds and runs every test. Run as root; `make test` calls it, and so does CI.
#
# Two passes: what is pure runs in parallel; what touches the kernel (containers, mounts, cgroups, journald) runs one
# test at a time, so that the tests do not disturb each other. Arguments go to `swift test`, for example --filter.
set -uo pipefail
cd "$(dirname "$0")/.."

scratch=${SWIFTLET_SCRATCH:-.build}
work=$(mktemp -d /tmp/swiftlet-run-tests.XXXXXX)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
failed=()
flaky=()

step() { printf '\n== %s (after %d s)\n' "$1" $((SECONDS - started)); }

build() {
    # Progress lines of a build say nothing once they are past.
    swift build --scratch-path "$scratch" "$@" 2>&1 | grep -vE '^\[[0-9]+/[0-9]+\] |^(Fetch|Comput|Creat|Updat|Working)'
    [ "${PIPESTATUS[0]}" = 0 ] || { echo "error: swift build $* failed" >&2; exit 1; }
}

# swift test of what the arguments choose, with a log and a report of that name.
swift_test() {
    local name=$1
    shift
    # A line for each test that starts says nothing: the one for its end follows.
    timeout --kill-after 30 2400 swift test --skip-build --disable-xctest --scratch-path "$scratch" \
        --xunit-output "$work/$name.xml" "$@" 2>&1 | tee "$work/$name.log" | grep -v '^◇'
    return "${PIPESTATUS[0]}"
}

# The tests that a report calls failed, as --filter wants them: "^SystemTests[./]Agent[./]ImagePullTests/cutPush\(\)".
failures() {
    awk -F'"' '
        /<testcase/ { suite = $2; name = $4; gsub(/\./, "[./]", suite); gsub(/[][().*^$?+|{}\\]/, "\\\\&", name) }
        /<failure/ { print "^" suite "/" name }' "$1" | sort -u
}

# A test that fails among all is a failure, unless it passes three times alone: then it is flaky, which the end of the run
# says. More than three of them are no accident.
pass() {
    local name=$1 flakes=() filters=() round
    shift
    step "swift test: $name"
    swift_test "$name" "$@" && return
    # Without a report the tests crashed or hung.
    [ -s "$work/$name.xml" ] && mapfile -t flakes < <(failures "$work/$name.xml")
    if [ ${#flakes[@]} = 0 ] || [ ${#flakes[@]} -gt 3 ]; then
        failed+=("$name")
        return
    fi
    for test in "${flakes[@]}"; do filters+=(--filter "$test"); done
    for round in 1 2 3; do
        step "swift test: what failed in $name, alone, round $round"
        # A filter that chooses nothing passes, too.
        if ! swift_test "$name-$round" --no-parallel "${filters[@]}" ||
            ! grep -q 'Test run with [1-9]' "$work/$name-$round.log"; then
            failed+=("$name")
            return
        fi
    done
    flaky+=("${flakes[@]}")
}

step "build (debug, with the tests)"
build --build-tests
step "build the static executables (release)"
build -c release --product containerd-shim-swiftlet-v1
build -c release --product swiftlet-oci

deploy/leftovers.sh swiftlet-test containerd-shim-swiftlet | grep -v '^namespace' >"$work/before"
kernel='^(LinuxTests|OCIRuntimeTests|ShimTests|ImagesTests|PodNetworkTests|JournalTests|NodeAgentTests|HTTPAPITests|SystemTests)\.'
if [ $# -gt 0 ]; then
    pass chosen --no-parallel "$@"
else
    pass pure --skip "$kernel"
    pass kernel --no-parallel --filter "$kernel"
fi

# Every parser for a few seconds; `make fuzz` does it for long, and led by coverage.
step "fuzz"
"$scratch/debug/fuzz" mutate Tests/fuzz/seeds "${SWIFTLET_FUZZ_SECONDS:-60}" "$(date +%j)" >"$work/fuzz.log" 2>&1 || {
    grep -E 'Fatal error|crashed|^fuzz:' "$work/fuzz.log" | head -5
    echo "the input is in Tests/fuzz/seeds/last-input"
    failed+=("fuzz")
}
tail -3 "$work/fuzz.log"

# Programs that are not ours on top of swiftlet-oci, and systemd around it. Exit code 77: skipped, with a reason. One that
# hangs costs ten minutes, not the run.
client() {
    local name=$1
    shift
    step "clients: $name"
    timeout --kill-after 30 600 "$@" </dev/null >"$work/$name.log" 2>&1
    case $? in
        0) tail -1 "$work/$name.log" ;;
        77) tail -1 "$work/$name.log" ;;
        *)
            cat "$work/$name.log"
            failed+=("$name")
            ;;
    esac
}
if [ $# = 0 ]; then
    client sanitizers deploy/sanitize.sh
    client podman Tests/clients/podman.sh
    client ctr Tests/clients/ctr.sh
    client kubernetes env "SWIFTLET=$scratch/debug/swiftlet" Tests/clients/kubernetes.sh
    client docker Tests/clients/docker.sh
    client systemd Tests/systemd/run.sh hybrid
    client systemd-podman Tests/systemd/run.sh podman
    # The virtual machine takes minutes: SWIFTLET_VM=1 deploy/run-tests.sh
    if [ -n "${SWIFTLET_VM:-}" ]; then client virtual-machine Tests/systemd/run.sh v2; fi
fi

step "swift format lint"
# A matter of looks does not fail a run of tests: `make lint` does.
swift format lint --strict -r Sources Tests Package.swift 2>&1 | tee "$work/lint" | tail -5
echo "$(wc -l <"$work/lint") findings"

step "what was skipped"
grep -hE '^➜|^skipped' "$work"/*.log | sort -u >"$work/skipped"
if [ -s "$work/skipped" ]; then cat "$work/skipped"; else echo "nothing"; fi
echo "$(wc -l <"$work/skipped") lines"

step "what was left behind"
# A process that was told to end may need a moment to be gone.
for _ in $(seq 30); do
    deploy/leftovers.sh swiftlet-test containerd-shim-swiftlet | grep -v '^namespace' |
        comm -13 "$work/before" - >"$work/left"
    [ -s "$work/left" ] || break
    sleep 1
done
if [ -s "$work/left" ]; then
    cat "$work/left"
    failed+=("leftovers")
else
    echo "nothing"
fi

step "result"
grep -hE '^. Test run with' "$work"/*.log
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    grep -hE '^✘' "$work"/*.log | head -100
    # The last lines are what a reader of a long output sees: what the clients found belongs there too.
    for name in "${failed[@]}"; do
        [ -e "$work/$name.log" ] && grep -HE '^FAILED' "$work/$name.log" | sed "s|^$work/||" | head -20
    done
    exit 1
fi
if [ ${#flaky[@]} -gt 0 ]; then
    echo "FLAKY, failed among all and passed three times alone; mend them:"
    printf '%s\n' "${flaky[@]}"
    grep -hE '^✘' "$work/pure.log" "$work/kernel.log" "$work/chosen.log" 2>/dev/null | head -20
fi
echo "all tests passed in $((SECONDS - started)) s"
