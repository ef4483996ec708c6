#!/bin/bash
# The main job, end to end, on this machine: start the agent, import an image, POST a pod, follow it, look at what it
# left in the logs, kill the agent with -9 under a running pod, start it again, delete everything.
#
# Every command is printed before it runs. Everything lives in one temporary directory and one cgroup of its own, beside
# whatever else runs here; at the end nothing of it is left. Run as root; `make demo` builds first.
#
#   deploy/demo.sh [DIRECTORY OF THE EXECUTABLES]       .build/release if not given
set -uo pipefail
cd "$(dirname "$0")/.."

bin=$(realpath "${1:-.build/release}")
for program in swiftlet containerd-shim-swiftlet-v1; do
    [ -x "$bin/$program" ] || { echo "error: no $bin/$program; run make build" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "error: run this as root: containers, mounts and cgroups need it" >&2; exit 1; }
for program in curl jq busybox; do
    command -v $program >/dev/null || { echo "error: $program is missing; run make deps" >&2; exit 1; }
done

work=$(mktemp -d /tmp/swiftlet-demo.XXXXXX)
name=${work##*/}
agent= journald= watch= journal_directory=
summary=() failures=0 namespaces=()

# MARK: Showing and checking

now() { date +%s%3N; }
title() { printf '\n\033[1m== %s\033[0m\n' "$1"; step_start=$(now); }

# Prints a command as one would type it, and runs it.
run() {
    printf '\033[36m$ %s\033[0m\n' "$1"
    eval "$1"
}

# check WORDS COMMAND...: a line of the summary; the command's success is the verdict.
check() {
    local what=$1
    shift
    if "$@"; then
        summary+=("ok    $(printf '%6d' $(($(now) - step_start))) ms  $what")
    else
        summary+=("FAIL  $(printf '%6d' $(($(now) - step_start))) ms  $what")
        printf '\033[31mFAILED: %s\033[0m\n' "$what"
        failures=$((failures + 1))
    fi
}

# until_true SECONDS COMMAND...: tries ten times a second.
until_true() {
    local end=$(($(now) + $1 * 1000))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt $end ] || return 1
        sleep 0.1
    done
}

get() { curl -sS "$api$1"; }
pod() { get "/api/v1/namespaces/default/pods/$1" | jq -r "$2"; }
pod_has() { [ "$(pod "$1" "$2")" = "$3" ]; }
is_code() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$api$1")" = "$2" ]; }

start_agent() {
    printf '\033[36m$ %s\033[0m\n' "$serve &"
    $serve >>"$work/agent.log" 2>&1 &
    agent=$!
    until_true 10 is_code /readyz 200
}

# Ends only what this script started.
cleanup() {
    [ -n "$watch" ] && kill "$watch" 2>/dev/null
    if [ -n "$agent" ] && kill -0 "$agent" 2>/dev/null; then
        kill "$agent"
        wait "$agent" 2>/dev/null
    fi
    [ -n "$journald" ] && kill "$journald" 2>/dev/null && wait "$journald" 2>/dev/null
    agent= journald= watch=
}

abort() {
    printf '\033[31m%s\033[0m\n' "$1"
    tail -20 "$work/agent.log" 2>/dev/null
    cleanup
    echo "what is left of it is in $work"
    exit 1
}
trap 'abort interrupted' INT TERM

# MARK: A place of its own

deploy/leftovers.sh "$name" >"$work/before"
interfaces_before=$(ls /sys/class/net | sort)
for _ in 1 2 3 4 5 6 7 8 9; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
api=http://127.0.0.1:$port

# The machine's journald if it runs; else one of our own, seen by nobody else.
if [ -S /run/systemd/journal/socket ]; then
    journal_socket=/run/systemd/journal/socket
elif [ -x /lib/systemd/systemd-journald ] && command -v journalctl >/dev/null; then
    unshare --mount --propagation private bash -c 'mount -t tmpfs -o size=64m tmpfs /run &&
        mkdir -p /run/systemd/journal /run/log/journal && exec /lib/systemd/systemd-journald' 2>/dev/null &
    journald=$!
    journal_socket=/proc/$journald/root/run/systemd/journal/socket
    journal_directory=/proc/$journald/root/run/log/journal
    until_true 5 test -S "$journal_socket" || journal_socket=
else
    journal_socket=
fi

cat >"$work/config.toml" <<TOML
root = "$work/root"
state = "$work/state"
log_dir = "$work/logs"
[runtime]
cgroup_root = "/$name"
[journal]
socket = "$journal_socket"
TOML

# MARK: The main job

title "1. The agent starts"
run "cat $work/config.toml"
serve="$bin/swiftlet serve --config $work/config.toml --insecure-http 127.0.0.1:$port --node-name demo"
start_agent || abort "the agent did not become ready"
check "the agent starts and is ready" is_code /readyz 200
run "curl -s $api/readyz"
echo
run "curl -s $api/version"
echo
export SWIFTLET_SOCKET=$work/state/swiftlet.sock

title "2. An image from Debian's busybox-static is imported"
run "examples/make-busybox-image.sh $work/bb.tar bb:1" || abort "the image could not be made"
step_start=$(now)
run "SWIFTLET_SOCKET=$SWIFTLET_SOCKET $bin/swiftlet image import $work/bb.tar"
check "swiftlet image import imports a docker-archive" test $? = 0
run "SWIFTLET_SOCKET=$SWIFTLET_SOCKET $bin/swiftlet image ls"
image_is_listed() { get /v1/images | grep -q 'docker.io/library/bb:1'; }
check "GET /v1/images lists docker.io/library/bb:1" image_is_listed

title "3. A pod is posted as YAML and goes Pending -> Running -> Succeeded"
position=$(get /api/v1/namespaces/default/pods | jq -r .metadata.resourceVersion)
printf '\033[36m$ %s\033[0m\n' "curl -sN '$api/api/v1/namespaces/default/pods?watch=1&resourceVersion=$position' > $work/watch.json &"
curl -sN "$api/api/v1/namespaces/default/pods?watch=1&resourceVersion=$position" >"$work/watch.json" &
watch=$!
run "cat examples/hello.yaml"
step_start=$(now)
run "curl -s -w '\nHTTP %{http_code} after %{time_total} s\n' -X POST --data-binary @examples/hello.yaml -H 'content-type: application/yaml' $api/api/v1/namespaces/default/pods > $work/answer"
jq -c '{kind, name: .metadata.name, uid: .metadata.uid, resourceVersion: .metadata.resourceVersion, phase: .status.phase}' \
    <(sed '$d' "$work/answer") || cat "$work/answer"
tail -1 "$work/answer"
check "POST answers 201" grep -q '^HTTP 201' "$work/answer"
hello_started() { pod_has hello .status.phase Running || pod_has hello .status.phase Succeeded; }
check "the pod runs" until_true 5 hello_started
check "the pod ends as Succeeded" until_true 20 pod_has hello .status.phase Succeeded
sleep 0.3
echo "what the watch has seen:"
run "jq -c '[.type, .object.metadata.resourceVersion, .object.status.phase, (.object.status.containerStatuses[0].state | keys? | join(\",\"))]' $work/watch.json"
phases=$(jq -r .object.status.phase "$work/watch.json" | uniq | paste -sd' ')
check "the watch saw $phases" test "$phases" = "Pending Running Succeeded"
run "SWIFTLET_SOCKET=$SWIFTLET_SOCKET $bin/swiftlet get pods"

title "4. Its log"
run "curl -s $api/api/v1/namespaces/default/pods/hello/log | tee $work/hello.log"
check "the log has both lines of the container" grep -q '^done' "$work/hello.log"

title "5. Its events"
run "curl -s '$api/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=hello' | jq -r '.items[] | [.lastTimestamp // .eventTime, .type, .reason, .message] | @tsv' | tee $work/events"
check "the events tell of image, creation and start" grep -q Started "$work/events"
run "SWIFTLET_SOCKET=$SWIFTLET_SOCKET $bin/swiftlet why hello"

title "6. The raw event log: every change and every fact, one JSON object a line"
run "curl -s '$api/v1/log?after=0' > $work/log.json"
run "jq -r '[.seq, .time, .type, .object.kind, .object.name // \"-\", .actor] | @tsv' $work/log.json"
run "jq -c 'select(.type == \"ContainerExited\")' $work/log.json"
started_within() {
    jq -s -e 'def at: (sub("\\.[0-9]+Z$"; "Z") | fromdate) + (capture("(?<f>\\.[0-9]+)Z$").f | "0" + . | tonumber);
        (.[] | select(.type == "ContainerStarted" and .object.name == "hello").time | at) -
        (.[] | select(.type == "PodCreated" and .object.name == "hello").time | at) | . * 1000 | round' "$work/log.json"
}
took=$(started_within)
check "by the log's own times the container started $took ms after the POST" test "${took:-9999}" -lt 5000
dense() { jq -s -e '[.[].seq] | . == [range(.[0]; .[0] + length)]' "$work/log.json" >/dev/null; }
check "the log's numbers are dense" dense
run "$bin/swiftlet db verify --root $work/root"
check "swiftlet db verify: every hash holds" test $? = 0

title "7. The journal"
if [ -n "$journal_socket" ]; then
    journalctl="journalctl --no-pager -q${journal_directory:+ --directory $journal_directory}"
    in_journal() { $journalctl -o cat SWIFTLET_POD=hello 2>/dev/null | grep -q .; }
    until_true 5 in_journal
    run "$journalctl -o short-iso SWIFTLET_POD=hello"
    run "$journalctl -o json SWIFTLET_POD=hello SWIFTLET_EXIT_CODE=0 --output-fields=MESSAGE,SWIFTLET_EVENT,SWIFTLET_EVENT_SEQ,SWIFTLET_EXIT_CODE,SWIFTLET_ACTOR,CONTAINER_NAME"
    check "journald has records of the pod" in_journal
else
    echo "No records: there is no journald on this machine (no /run/systemd/journal/socket, and no systemd-journald to start)."
    echo "The event log keeps them; the agent sends them on when a journald appears."
fi

title "8. The agent is killed with -9 while a pod runs"
run "curl -s -o /dev/null -w 'HTTP %{http_code}\n' -X POST --data-binary @examples/sleeper.yaml -H 'content-type: application/yaml' $api/api/v1/namespaces/default/pods"
until_true 10 pod_has sleeper .status.phase Running
pid=$(get '/v1/log?after=0' | jq -r 'select(.type == "ContainerStarted" and .object.name == "sleeper") | .data.pid')
container=$(pod sleeper '.status.containerStatuses[0].containerID')
started=$(awk '{print $22}' "/proc/$pid/stat")
namespaces+=($(readlink /proc/"$pid"/ns/{mnt,pid,net,ipc,uts}))
echo "sleeper runs as process $pid, container $container"
position=$(get /api/v1/namespaces/default/pods | jq -r .metadata.resourceVersion)
step_start=$(now)
run "kill -9 $agent"
wait "$agent" 2>/dev/null
wait "$watch" 2>/dev/null
watch=
check "the container runs on without an agent" kill -0 "$pid"
sleep 1
step_start=$(now)
start_agent || abort "the agent did not come back"
check "the agent is ready again" is_code /readyz 200
same_process() {
    [ "$(awk '{print $22}' "/proc/$pid/stat")" = "$started" ] && pod_has sleeper .status.phase Running &&
        pod_has sleeper '.status.containerStatuses[0].containerID' "$container" &&
        pod_has sleeper '.status.containerStatuses[0].restartCount' 0
}
run "curl -s $api/api/v1/namespaces/default/pods/sleeper | jq -c '.status | {phase, restarts: .containerStatuses[0].restartCount, containerID: .containerStatuses[0].containerID}'"
check "same process, same container, no restart" same_process
check "the first pod still is Succeeded" pod_has hello .status.phase Succeeded
title "9. Both pods are deleted"
for victim in hello sleeper; do
    run "curl -s -X DELETE $api/api/v1/namespaces/default/pods/$victim | jq -c '{kind, name: .metadata.name, deletionTimestamp: .metadata.deletionTimestamp}'"
done
check "hello is gone" until_true 20 is_code /api/v1/namespaces/default/pods/hello 404
check "sleeper is gone" until_true 20 is_code /api/v1/namespaces/default/pods/sleeper 404
run "curl -s '$api/v1/log?after=0' | jq -r 'select(.object.name == \"sleeper\") | [.seq, .type, .actor, .request // \"-\"] | @tsv'"
echo "A watch from before the crash sees everything since, once and in order:"
run "curl -s '$api/api/v1/namespaces/default/pods?watch=1&resourceVersion=$position&timeoutSeconds=1' > $work/watch2.json"
run "jq -c '[.type, .object.metadata.resourceVersion, .object.metadata.name, .object.status.phase]' $work/watch2.json"
continuous() {
    jq -s -e '([.[].object.metadata.resourceVersion | tonumber] | . == (sort | unique)) and
        ([.[] | select(.type == "DELETED").object.metadata.name] | sort == ["hello", "sleeper"])' "$work/watch2.json" >/dev/null
}
check "the watch crosses the restart without gap or repeat" continuous

title "10. Nothing is left behind"
run "kill $agent"
wait "$agent"
check "the agent ends in good order" test $? = 0
agent=
cleanup
left() {
    deploy/leftovers.sh "$name" | grep -v '^namespace' | comm -13 <(grep -v '^namespace' "$work/before") -
    for namespace in "${namespaces[@]}"; do
        # The pod's own; one that it shares with the host was there before.
        grep -qF "namespace $namespace" "$work/before" && continue
        { readlink /proc/[0-9]*/ns/*; cat /proc/self/mountinfo; } 2>/dev/null | grep -F "$namespace"
    done
    diff <(echo "$interfaces_before") <(ls /sys/class/net | sort) | grep '^>'
}
nothing_left() { left >"$work/left"; [ ! -s "$work/left" ]; }
check "no process, mount, cgroup, namespace or interface is left" until_true 5 nothing_left
cat "$work/left"

printf '\n\033[1m== Summary: what was proved\033[0m\n'
printf '%s\n' "${summary[@]}"
printf '\nTimes are from the start of the step to the check.\n'
if [ $failures -gt 0 ]; then
    printf '\033[31m%d checks failed\033[0m; the agent said:\n' $failures
    tail -20 "$work/agent.log"
    echo "everything is kept in $work"
    exit 1
fi
rm -rf "$work"
echo "all checks passed; $work is removed"
