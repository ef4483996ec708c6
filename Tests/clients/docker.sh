#!/bin/bash
# Debian's docker and dockerd beside Swiftlet: images go from one to the other and back, by archive and through a registry,
# and come back with the digests they left with; and swiftlet-oci runs docker's containers. Run as root.
# The daemon is private: own root, state and socket, /run and /etc/docker of its own, no bridge and no iptables. Exit code 77: skipped.
set -u
cd "$(dirname "$0")/../.."
bin=$(realpath "${SWIFTLET_TEST_BINARIES:-.build/debug}")
oci=$(realpath "${SWIFTLET_OCI:-.build/release/swiftlet-oci}")
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
for program in "$bin/swiftlet" "$bin/containerd-shim-swiftlet-v1" "$oci"; do
    [ -x "$program" ] || skip "no $program: deploy/run-tests.sh builds it"
done
[ -x /usr/bin/docker ] || skip "docker is not installed (apt install docker.io)"
for program in dockerd docker-registry busybox jq zstd; do
    command -v $program >/dev/null || skip "$program is not installed"
done

work=$(mktemp -d /tmp/swiftlet-test-docker.XXXXXX)
name=${work##*/}
failures=0
docker() { HOME="$work" timeout --kill-after 5 120 /usr/bin/docker --host "unix://$work/docker.sock" "$@"; }
swiftlet() { timeout --kill-after 5 120 "$bin/swiftlet" "$@" --socket "$work/state/swiftlet.sock"; }
check() { # TEXT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: expected [$2], got [$3]"; failures=$((failures + 1)); fi
}
until_true() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; return 1; }

# MARK: What runs meanwhile

daemon= agent= registry=
cleanup() {
    [ -n "$agent" ] && swiftlet delete pods --all --force --grace-period 0
    docker ps --all --quiet | while read -r id; do docker rm --force "$id"; done
    for pid in $daemon $agent $registry; do kill "$pid" && wait "$pid"; done
    for mount in $(awk -v work="$work" 'index($2, work) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
    rm -rf "$work"
    for directory in /sys/fs/cgroup/*/"$name"* /sys/fs/cgroup/"$name"*; do [ -d "$directory" ] && find "$directory" -depth -type d -exec rmdir {} +; done
} >/dev/null 2>&1
trap cleanup EXIT

mkdir -p /etc/docker "$work/registry"
echo '{}' >"$work/daemon.json"
unshare --mount --propagation private bash -c '
    mount -t tmpfs run /run && mount -t tmpfs keys /etc/docker && work=$1 && exec dockerd --config-file "$work/daemon.json" \
    --data-root "$work/docker" --exec-root "$work/docker-state" --pidfile "$work/docker.pid" --host "unix://$work/docker.sock" \
    --storage-driver vfs --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    --cgroup-parent "/$2" --add-runtime "swiftlet=$3"' bash "$work" "$name" "$oci" >"$work/docker.log" 2>&1 &
daemon=$!
port=$((20000 + RANDOM % 12000))
cat >"$work/registry.yml" <<T
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:$port"}
T
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
registry=$!
printf '[journal]\nsocket = ""\n' >"$work/config.toml"
"$bin/swiftlet" serve --config "$work/config.toml" --root "$work/root" --state "$work/state" --log-dir "$work/logs" \
    --cgroup-root "/$name-agent" --node-name n1 >"$work/agent.log" 2>&1 &
agent=$!
until_true docker version || { echo "FAILED: dockerd does not start"; tail -5 "$work/docker.log"; exit 1; }
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" || { echo "FAILED: docker-registry does not start"; tail -5 "$work/registry.log"; exit 1; }
until_true swiftlet image ls || { echo "FAILED: the agent does not start"; tail -5 "$work/agent.log"; exit 1; }

# MARK: Images, as docker and as Swiftlet know them

id() { docker image inspect --format '{{.Id}}' "$1" 2>&1; }
layers() { docker image inspect --format '{{join .RootFS.Layers " "}}' "$1" 2>&1; }
our_id() { swiftlet image inspect "$1" -o json 2>&1 | jq -r .id; }
our_layers() { swiftlet image inspect "$1" -o json 2>&1 | jq -r '[.layers[].diffID] | join(" ")'; }
same() { # TEXT NAME ID LAYERS: Swiftlet knows the image by the name, with these digests
    check "$1: Swiftlet's id" "$3" "$(our_id "$2")"
    check "$1: Swiftlet's layers" "$4" "$(our_layers "$2")"
}
run() { docker run --rm --network none "$@" 2>&1; }

mkdir -p "$work/build/root/bin" "$work/build/root/etc" "$work/build/root/tmp"
cp /bin/busybox "$work/build/root/bin/"
for applet in sh sleep cat echo id true ls touch sed tty kill grep; do ln -s busybox "$work/build/root/bin/$applet"; done
echo 'root:x:0:0::/:/bin/sh' >"$work/build/root/etc/passwd"
tar -C "$work/build/root" -cf "$work/build/root.tar" .
cat >"$work/build/Dockerfile" <<'T'
FROM scratch
ADD root.tar /
ENV A=b
COPY Dockerfile /one
RUN rm /one && mkdir /two && echo three >/two/file
LABEL x=y
CMD ["cat", "/two/file"]
T
DOCKER_BUILDKIT=0 docker build --quiet --network none --tag first:1 "$work/build" >"$work/build.log" 2>&1
check "docker builds an image of three layers" 0 $?
first=$(id first:1) layers=$(layers first:1)
docker tag first:1 first:latest
docker tag first:1 localhost:5000/a/b:2
docker tag first:1 user/c:3
tar -C "$work/build/root" -c . | docker import - second:1 >/dev/null
second=$(id second:1)

# MARK: docker save -> Swiftlet -> docker load

docker save --output "$work/saved.tar" first:1 first:latest localhost:5000/a/b:2 user/c:3 second:1
swiftlet image import --quiet "$work/saved.tar" >"$work/imported"
check "image import of what docker saved" 0 $?
all="docker.io/library/first:1 docker.io/library/first:latest docker.io/library/second:1 docker.io/user/c:3 localhost:5000/a/b:2"
check "all names" "$all" "$(swiftlet image ls -q | sort | xargs)"
for image in first:1 first:latest localhost:5000/a/b:2 user/c:3; do same "$image" "$image" "$first" "$layers"; done
same second:1 second:1 "$second" "$(layers second:1)"

swiftlet image export "$work/exported.tar" $all
docker rmi --force "$first" "$second" >/dev/null
check "docker has none" "" "$(docker images --quiet)"
docker load --quiet --input "$work/exported.tar" >/dev/null
check "docker load of what Swiftlet exported" 0 $?
for image in first:1 first:latest localhost:5000/a/b:2 user/c:3; do
    check "$image: docker's id" "$first" "$(id "$image")"
    check "$image: docker's layers" "$layers" "$(layers "$image")"
done
check "second:1: docker's id" "$second" "$(id second:1)"
check "docker has no other" 5 "$(docker images --quiet | wc -l)"
docker save first:1 first:latest localhost:5000/a/b:2 user/c:3 second:1 >"$work/again.tar"
swiftlet image rm $all >/dev/null
swiftlet image import --quiet - <"$work/again.tar" >/dev/null
check "the names of what docker saved again" "$all" "$(swiftlet image ls -q | sort | xargs)"
same "saved again" first:1 "$first" "$layers"
swiftlet image export "$work/exported-again.tar" $all
check "the second export is as the first, byte for byte" "$(sha256sum <"$work/exported.tar")" "$(sha256sum <"$work/exported-again.tar")"

docker save "$first" | gzip >"$work/nameless.tar.gz"
check "an image without a name is refused" 1 "$(swiftlet image import --quiet "$work/nameless.tar.gz" 2>&1 | grep -c 'tag it before saving it')"

# MARK: Through a registry

registry_name=127.0.0.1:$port
docker tag "$first" "$registry_name/team/first:1"
docker push --quiet "$registry_name/team/first:1" >/dev/null
check "docker push" 0 $?
swiftlet image pull --quiet "$registry_name/team/first:1" >/dev/null
check "image pull of what docker pushed" 0 $?
same "pulled" "$registry_name/team/first:1" "$first" "$layers"
digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$registry_name/team/first:1")
check "and the digest that docker tells" "$digest" "$(swiftlet image inspect "$registry_name/team/first:1" -o json | jq -r '.repoDigests[0]')"
swiftlet image tag "$registry_name/team/first:1" "$registry_name/team/ours:2" >/dev/null
swiftlet image push --quiet "$registry_name/team/ours:2" >/dev/null
check "image push" 0 $?
docker rmi --force "$first" >/dev/null
docker pull --quiet "$registry_name/team/ours:2" >/dev/null
check "docker pull of what Swiftlet pushed" "$first" "$(id "$registry_name/team/ours:2")"
# Layers from a registry are compressed.
swiftlet image export "$work/gzip.tar" "$registry_name/team/ours:2"
docker rmi --force "$first" >/dev/null
docker load --quiet --input "$work/gzip.tar" >/dev/null
check "docker load of layers with gzip" "$first" "$(id "$registry_name/team/ours:2")"

# MARK: The same image runs in both

check "docker runs it" three "$(run "$registry_name/team/ours:2")"
cat >"$work/pod.yaml" <<T
{apiVersion: v1, kind: Pod, metadata: {name: once}, spec: {restartPolicy: Never, containers: [{name: c, image: "$registry_name/team/ours:2"}]}}
T
swiftlet apply -f "$work/pod.yaml" >/dev/null
until_true eval '[ "$(swiftlet get pod once -o jsonpath={.status.phase})" = Succeeded ]'
check "Swiftlet runs it" three "$(swiftlet logs once)"

# MARK: swiftlet-oci in the place of docker's runc

options="--runtime swiftlet --network none"
image=$registry_name/team/ours:2
ours() { docker run --rm $options "$@" 2>&1; }
check "run" "hello" "$(ours "$image" echo hello)"
ours "$image" sh -c 'exit 42' >/dev/null
check "the exit code" 42 $?
ours "$image" /no/such >/dev/null
check "a program that is not there is 127" 127 $?
ours "$image" /etc/passwd >/dev/null
check "a file that is no program is 126" 126 $?
check "standard input" in "$(echo in | docker run -i --rm $options "$image" cat 2>&1)"
check "--user, --env, --workdir, --hostname" "7 c /tmp h" \
    "$(ours --user 7:8 --env A=c --workdir /tmp --hostname h "$image" sh -c 'echo $(id -u) $A $PWD $(cat /proc/sys/kernel/hostname)')"
check "--cap-drop ALL" 0000000000000000 "$(ours --cap-drop ALL "$image" sed -n 's/CapEff:\t//p' /proc/self/status)"
check "--read-only" "touch: /x: Read-only file system" "$(ours --read-only "$image" touch /x)"
check "--volume" "three" "$(mkdir "$work/v" && echo three >"$work/v/f" && ours --volume "$work/v:/v:ro" "$image" cat /v/f)"
check "--init" 1 "$(ours --init "$image" sh -c 'cat /proc/1/cmdline' | tr '\0' '\n' | grep -c docker-init)"
docker run --detach --name box $options --memory 64m --pids-limit 30 "$image" sleep 1000 >/dev/null
check "run --detach" 0 $?
check "it runs" running "$(docker inspect --format '{{.State.Status}}' box)"
pid=$(docker inspect --format '{{.State.Pid}}' box)
group() { sed -n "s/^[0-9]*:$1:/\/sys\/fs\/cgroup\/$1/p" "/proc/$pid/cgroup"; }
memory() { cat "$(group memory)/memory.limit_in_bytes" 2>/dev/null || cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/memory.max"; }
check "--memory" 67108864 "$(memory)"
check "exec" "x 0" "$(docker exec --env A=x box sh -c 'echo $A $(id -u)')"
docker exec box sh -c 'exit 9'
check "exec passes the exit code on" 9 $?
docker exec box /no/such >/dev/null 2>&1
check "exec of a program that is not there is docker's 126, as with runc" 126 $?
check "top" "$pid sleep 1000" "$(docker top box -eo pid,args | tail -1 | xargs)"
check "stats" box "$(docker stats --no-stream --format '{{.Name}}')"
docker update --memory 32m --memory-swap 64m box >/dev/null
check "update" 33554432 "$(memory)"
docker pause box >/dev/null
check "pause" paused "$(docker inspect --format '{{.State.Status}}' box)"
docker unpause box >/dev/null
check "unpause" running "$(docker inspect --format '{{.State.Status}}' box)"
docker restart --time 0 box >/dev/null
check "restart" running "$(docker inspect --format '{{.State.Status}}' box)"
docker kill box >/dev/null
check "killed is 137" "137" "$(docker wait box)"
docker rm box >/dev/null
docker run --detach --name box $options "$image" sh -c 'echo line; sleep 1000' >/dev/null
until_true eval 'docker logs box | grep -q line'
check "logs" line "$(docker logs box 2>&1)"
docker rm --force box >/dev/null
check "nothing is left" "" "$(docker ps --all --quiet)$(ls "$work/docker-state/runtime-swiftlet/moby" 2>/dev/null)"
echo "$failures failures with $(/usr/bin/docker --version), $(docker version --format '{{.Server.Version}}')"
[ $failures = 0 ]
