"""What users of Kubernetes' Python clients do, against the agent that KUBECONFIG names. kubernetes.sh runs it."""

import importlib.metadata
import json
import os
import subprocess
import sys
import time
import traceback

import kr8s
import pykube
from kr8s.objects import Pod as Kr8sPod
from kubernetes import client, config, dynamic, stream, utils, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "default"
LOOP = "trap 'exit 0' TERM; echo one; echo two; while :; do sleep 1 & wait $!; done"
failures = 0


def check(text, expected, act):
    """Compares what `act` returns, or the status of the error that it raises."""
    global failures
    try:
        actual = act()
    except ApiException as error:
        actual = error.status
    except Exception:
        actual = traceback.format_exc(limit=-3)
    if actual == expected:
        print(f"ok: {text}")
    else:
        print(f"FAILED: {text}: expected {expected!r}, got {actual!r}")
        failures += 1


def manifest(name, script=LOOP, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": name}, **metadata},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "main", "image": "bb:1", "command": ["sh", "-c", script]}],
        },
    }


def eventually(act, wanted=True):
    for _ in range(600):
        try:
            last = act()
        except ApiException as error:
            last = error.status
        if last == wanted:
            return last
        time.sleep(0.1)
    return last


config.load_kube_config()
core = client.CoreV1Api()


def official():
    def until_running():
        follower = watch.Watch()
        selector = "metadata.name=web"
        for event in follower.stream(core.list_namespaced_pod, NAMESPACE, field_selector=selector, timeout_seconds=60):
            if event["object"].status.phase == "Running":
                follower.stop()
                return True

    check("create", "web", lambda: core.create_namespaced_pod(NAMESPACE, manifest("web")).metadata.name)
    check("create twice", 409, lambda: core.create_namespaced_pod(NAMESPACE, manifest("web")))
    check("create with nothing in it", 422, lambda: core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": "x"}}))
    check("watch until it runs", True, until_running)

    patch = core.patch_namespaced_pod
    label = lambda pod: pod.metadata.labels.get("x")
    operations = [{"op": "add", "path": "/metadata/labels/x", "value": "1"}]
    check("JSON patch", "1", lambda: label(patch("web", NAMESPACE, operations)))
    for kind, value in (("merge", "2"), ("strategic-merge", "3")):
        body = {"metadata": {"labels": {"x": value}}}
        media = f"application/{kind}-patch+json"
        check(f"{kind} patch", value, lambda: label(patch("web", NAMESPACE, body, _content_type=media)))
    check("patch of what is immutable", 422, lambda: patch("web", NAMESPACE, {"spec": {"nodeName": "n2"}}))

    def replace(version=None):
        pod = core.read_namespaced_pod("web", NAMESPACE)
        pod.metadata.labels["x"] = "4"
        pod.metadata.resource_version = version or pod.metadata.resource_version
        return label(core.replace_namespaced_pod("web", NAMESPACE, pod))

    check("replace", "4", replace)
    check("replace of an old version", 409, lambda: replace("1"))

    log = core.read_namespaced_pod_log
    check("log", "two\n", lambda: eventually(lambda: log("web", NAMESPACE, tail_lines=1), "two\n"))
    check("log with times", 2, lambda: len(log("web", NAMESPACE, tail_lines=1, timestamps=True).split()))
    check("log of no such container", 400, lambda: log("web", NAMESPACE, container="other"))
    core.create_namespaced_pod(NAMESPACE, manifest("short", "for i in 1 2 3; do echo $i; sleep 0.1; done"))
    phase = lambda: core.read_namespaced_pod("short", NAMESPACE).status.phase
    check("the end of a pod", "Succeeded", lambda: eventually(phase, "Succeeded"))
    check("follow to the end", ["1", "2", "3"], lambda: list(watch.Watch().stream(log, "short", NAMESPACE)))

    def execute(script, **options):
        return stream.stream(
            core.connect_get_namespaced_pod_exec, "web", NAMESPACE, command=["sh", "-c", script], stdout=True, **options
        )

    def dialog():
        shell = execute("read line; echo got $line; exit 5", stdin=True, _preload_content=False)
        shell.write_stdin("hello\n")
        shell.run_forever(timeout=20)
        return shell.returncode, shell.read_stdout()

    check("exec", "out\n", lambda: execute("echo out"))
    check("exec with input and an exit code", (5, "got hello\n"), dialog)

    for number in range(5):
        core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": f"m{number}", "labels": {"m": "m"}}})

    def in_parts():
        sizes, token = [], None
        while True:
            part = core.list_namespaced_config_map(NAMESPACE, limit=2, _continue=token)
            sizes.append(len(part.items))
            token = part.metadata._continue
            if not token:
                return sizes

    check("a list in parts", [2, 2, 1], in_parts)
    names = lambda **options: [pod.metadata.name for pod in core.list_namespaced_pod(NAMESPACE, **options).items]
    check("labels and fields", ["web"], lambda: names(label_selector="app in (web, a)", field_selector="status.phase=Running"))
    check("an unknown field", 400, lambda: names(field_selector="spec.other=1"))
    check("a version of the future", 504, lambda: names(resource_version="999999999"))
    reasons = lambda: {event.reason for event in core.list_namespaced_event(NAMESPACE).items}
    check("events", True, lambda: {"Scheduled", "Pulled", "Created", "Started"} <= reasons())

    def initial_events():
        answer = core.list_namespaced_config_map(
            NAMESPACE,
            watch=True,
            send_initial_events=True,
            resource_version_match="NotOlderThan",
            allow_watch_bookmarks=True,
            timeout_seconds=1,
            _preload_content=False,
        )
        return [json.loads(line)["type"] for line in answer.data.decode().splitlines()][:6]

    check("watch with the objects first", ["ADDED"] * 5 + ["BOOKMARK"], initial_events)

    delete_map = core.delete_namespaced_config_map
    # Of some versions a model, of some a dictionary.
    outcome = lambda answer: answer["status"] if isinstance(answer, dict) else answer.status
    check("delete on trial", "Success", lambda: outcome(delete_map("m0", NAMESPACE, dry_run="All")))
    check("delete", "Success", lambda: outcome(delete_map("m0", NAMESPACE)))
    check("delete in a way that is not known", 422, lambda: delete_map("m1", NAMESPACE, propagation_policy="Foo"))
    condition = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other"))
    check("delete of another one", 409, lambda: delete_map("m1", NAMESPACE, body=condition))
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="m=m")
    check("delete of many", 0, lambda: len(core.list_namespaced_config_map(NAMESPACE).items))

    core.create_namespace({"metadata": {"name": "shop"}})
    marked = {"metadata": {"labels": {"a": "b"}}}
    check("a namespace's label", "b", lambda: core.patch_namespace("shop", marked).metadata.labels["a"])
    check("a node's label", "b", lambda: core.patch_node("n1", marked).metadata.labels["a"])
    check("a node that is to be cordoned", 422, lambda: core.patch_node("n1", {"spec": {"unschedulable": True}}))
    core.delete_namespace("shop", dry_run="All")
    check("a namespace stays on trial", "Active", lambda: core.read_namespace("shop").status.phase)
    core.delete_namespace("shop")
    check("a namespace goes", 404, lambda: eventually(lambda: core.read_namespace("shop"), 404))

    check("create from YAML", "y", lambda: utils.create_from_dict(client.ApiClient(), manifest("y", "true"))[0].metadata.name)
    resources = dynamic.DynamicClient(client.ApiClient(), cache_file=os.path.join(os.environ["HOME"], "discovery")).resources
    pods = resources.get(api_version="v1", kind="Pod")
    check("dynamic list", True, lambda: "web" in [pod.metadata.name for pod in pods.get(namespace=NAMESPACE).items])
    check("dynamic delete", "Pod", lambda: pods.delete(name="y", namespace=NAMESPACE).kind)


def with_kept_connections():
    """kr8s (httpx) and pykube (requests) use a connection again, also after streams and for WebSocket."""
    api = kr8s.api()
    pod = Kr8sPod.get("web", namespace=NAMESPACE, api=api)
    check("kr8s: log", ["one", "two"], lambda: list(pod.logs()))
    check("kr8s: exec", b"2\n", lambda: pod.exec(["sh", "-c", "echo $((1 + 1))"]).stdout)
    check("kr8s: exec again", 3, lambda: pod.exec(["sh", "-c", "exit 3"], check=False).returncode)
    check("kr8s: label", "y", lambda: (pod.label({"k": "y"}), pod.labels["k"])[1])

    session = pykube.HTTPClient(pykube.KubeConfig.from_env())
    web = pykube.Pod.objects(session).get(name="web")
    check("pykube: log", "two\n", lambda: web.logs(tail_lines=1))
    check("pykube: change after a log", "z", lambda: (web.labels.update(k="z"), web.update(), web.labels["k"])[2])
    follower = pykube.ConfigMap.objects(session).watch(params={"timeoutSeconds": "1"})
    check("pykube: watch to the end", [], lambda: [event.type for event in follower])
    check("pykube: after the watch", True, lambda: pykube.Pod.objects(session).get(name="web").ready)


def operator():
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubernetes_operator.py")
    with open(os.path.join(os.environ["HOME"], "kopf.log"), "wb") as log:
        run = subprocess.Popen(
            ["kopf", "run", "--all-namespaces", "--standalone", program],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    try:
        core.create_namespaced_pod(NAMESPACE, manifest("kept", labels={"operator": "yes"}))
        metadata = lambda: core.read_namespaced_pod("kept", NAMESPACE).metadata
        mark = lambda name: (metadata().annotations or {}).get(f"example.com/{name}")
        check("kopf: a handler of creation patches", "yes", lambda: eventually(lambda: mark("created"), "yes"))
        check("kopf: its finalizer is there", True, lambda: eventually(lambda: bool(metadata().finalizers)))
        core.patch_namespaced_pod("kept", NAMESPACE, {"metadata": {"labels": {"new": "yes"}}})
        check("kopf: a handler of changes patches", "yes", lambda: eventually(lambda: mark("updated"), "yes"))
        core.delete_namespaced_pod("kept", NAMESPACE, grace_period_seconds=1)
        check("kopf: the pod goes once its finalizer is gone", 404, lambda: eventually(metadata, 404))
    finally:
        run.terminate()
        run.wait(timeout=30)


official()
with_kept_connections()
operator()
versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("kubernetes", "kr8s", "pykube-ng", "kopf"))
print(f"{failures} failures with {versions}")
sys.exit(1 if failures else 0)
