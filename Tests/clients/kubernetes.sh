#!/bin/bash
# Kubernetes' clients from PyPI against an agent: what their users do with pods, events, namespaces and ConfigMaps. Run as root.
#   Tests/clients/kubernetes.sh
# Everything is in a directory of its own; what runs is removed at the end, also after a failure. Exit code 77: skipped.
set -u
cd "$(dirname "$0")/../.."
swiftlet=$(realpath "${SWIFTLET:-.build/debug/swiftlet}")
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$swiftlet" ] || skip "no $swiftlet: swift build"
for program in python3 curl busybox; do
    command -v $program >/dev/null || skip "$program is not installed"
done

work=$(mktemp -d /tmp/swiftlet-test-clients.XXXXXX)
group=swiftlet-test-clients-$$
agent=
cleanup() {
    if [ -n "$agent" ]; then
        # The pods first: their shims outlive the agent.
        curl -s -X DELETE "$url/api/v1/namespaces/default/pods?gracePeriodSeconds=0" >/dev/null
        for _ in $(seq 100); do
            curl -s "$url/api/v1/pods" | grep -q '"name"' || break
            sleep 0.1
        done
        kill "$agent" 2>/dev/null
        wait "$agent" 2>/dev/null
    fi
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} \; 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

python3 -m venv "$work/venv" >"$work/pip.log" 2>&1 || skip "python3-venv is not installed"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    kubernetes==37.0.2 kr8s==0.20.15 pykube-ng==23.6.0 kopf==1.45.2 >>"$work/pip.log" 2>&1 ||
    skip "the clients cannot be installed: $(tail -1 "$work/pip.log")"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$swiftlet" serve --root "$work/root" --state "$work/state" --log-dir "$work/logs" --cgroup-root "/$group" \
    --insecure-http "127.0.0.1:$port" --node-name n1 >"$work/agent.log" 2>&1 </dev/null &
agent=$!
for _ in $(seq 600); do
    curl -sf "$url/readyz" >/dev/null && break
    sleep 0.1
done
examples/make-busybox-image.sh "$work/bb.tar" >/dev/null || exit 1
SWIFTLET_SOCKET=$work/state/swiftlet.sock "$swiftlet" image import "$work/bb.tar" >/dev/null 2>&1 || {
    echo "FAILED: the agent does not serve"
    cat "$work/agent.log"
    exit 1
}
cat >"$work/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: node, cluster: {server: "$url"}}]
users: [{name: me, user: {}}]
contexts: [{name: node, context: {cluster: node, user: me, namespace: default}}]
current-context: node
YAML

PYTHONDONTWRITEBYTECODE=1 KUBECONFIG=$work/kubeconfig HOME=$work PATH=$work/venv/bin:$PATH timeout --kill-after 5 400 \
    "$work/venv/bin/python" Tests/clients/kubernetes_clients.py
result=$?
[ $result = 124 ] && echo "FAILED: the clients were not through after 400 s"
if ! kill -0 "$agent" 2>/dev/null || grep -q ' error ' "$work/agent.log"; then
    echo "FAILED: the agent has had errors"
    tail -20 "$work/agent.log"
    result=1
fi
exit $result
