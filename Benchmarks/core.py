"""Measures the runtime core against containerd, and prints a report. Called by core.sh; see there."""

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from cri import ContainerdCRI
from daemons import IMAGE, Containerd, Swiftlet
from machine import memory, processes, remove_cgroups, sh, unmount_below, wait_until

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=20, help="how often each start is measured")
parser.add_argument("--megabytes", type=int, default=200, help="how much the container that prints prints")
parser.add_argument("--log-rounds", type=int, default=5, help="how often that is measured")
parser.add_argument("--bin", default=".build/release", help="where swiftlet and its shim are")
options = parser.parse_args()

BIN = os.path.realpath(options.bin)
WORK = tempfile.mkdtemp(prefix="swiftlet-bench.", dir="/tmp")
NAME = os.path.basename(WORK)
WARMUP = 2
median = statistics.median


def table(*rows):
    print(*("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), "", sep="\n", flush=True)


def spread(values):
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 10]:.1f} to {ordered[len(ordered) * 9 // 10]:.1f}"


def starts(agent, containerd):
    """From the request to a running container, in turns."""
    agent.watch()
    times = {"swiftlet": [], "curl": [], "ctr": [], "ctr, our shim": []}
    posts = {"swiftlet": agent.post_on_open_connection, "curl": agent.post}
    for turn in range(options.rounds + WARMUP):
        for who in random.sample(list(times), len(times)):
            name = f"{who[0]}{turn}"
            if post := posts.get(who):
                path = agent.manifest(name)
                start = time.monotonic()
                post(path)
                agent.wait_running([name])
                took = agent.running[name] - start
                agent.delete([name])
            else:
                runtime = [] if who == "ctr" else ["--runtime", "io.containerd.swiftlet.v1"]
                identity = f"{NAME}-{name}-{len(runtime)}"
                start = time.monotonic()
                sh(*containerd.ctr("run", "-d", *runtime, "docker.io/library/bb:1", identity, "sleep", "10000"))
                took = time.monotonic() - start
                sh(*containerd.ctr("task", "rm", "-f", identity))
                sh(*containerd.ctr("container", "rm", identity))
            if turn >= WARMUP:
                times[who].append(took * 1000)
    print("## From the request to a running container\n")
    base = median(times["ctr"])
    words = {
        "swiftlet": "Swiftlet, POST of a pod until a watch says Running",
        "curl": "the same with the start of the curl that posts",
        "ctr": "`ctr run -d`, runc's shim",
        "ctr, our shim": "`ctr run -d --runtime io.containerd.swiftlet.v1`",
    }
    rows = [(words[w], f"{median(t):.1f}", spread(t), f"{median(t) / base:.2f}") for w, t in times.items()]
    table(("who", "median ms", "10th to 90th", "this / ctr with runc"), ("---",) * 4, *rows)
    return base


def steps(agent, base):
    """How long the steps of the pods above took, from the events in the log."""
    spans = {}
    began = {}
    for line in urllib.request.urlopen(f"{agent.url}/v1/log?after=0"):
        event = json.loads(line)
        if event.get("object", {}).get("kind") not in (None, "Pod") and event["type"] != "ReconcileStepPlanned":
            continue
        pod, kind, when = event.get("object", {}).get("name"), event["type"], event["time"]
        when = stamp(when)
        if kind == "PodCreated":
            began[pod] = when
        elif kind == "SandboxCreated" and pod in began:
            spans.setdefault("POST to sandbox", []).append(when - began[pod])
            began[pod, "sandbox"] = when
        elif kind == "ContainerStarted" and (pod, "sandbox") in began:
            spans.setdefault("container alone: sandbox to started", []).append(when - began[pod, "sandbox"])
    print("## Steps, from the times in the event log\n")
    rows = [(k, f"{median(v):.2f}", spread(v), f"{median(v) / base:.2f}") for k, v in spans.items()]
    table(("step", "median ms", "10th to 90th", "this / `ctr run -d`"), ("---",) * 4, *rows)


def stamp(text):
    """Milliseconds, from RFC 3339 with a fraction."""
    whole, fraction = re.match(r"(.*?)(\.\d+)?Z$", text).groups()
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + float(fraction or 0) * 1000


def shims(agent, containerd):
    names = [f"idle-{number}" for number in range(5)]
    for name in names:
        agent.post(agent.manifest(name))
        containerd.run(name)
    agent.wait_running(names)
    time.sleep(5)
    ours, theirs = agent.shims(), containerd.shims()
    threads = [max(len(os.listdir(f"/proc/{pid}/task")) for pid in pids) for pids in (ours, theirs)]
    private = [median([memory(pid)[0] for pid in pids]) for pids in (ours, theirs)]
    agent.delete(names)
    containerd.remove(names)
    print("## An idle shim with one container\n")
    rows = [
        ("containerd-shim-swiftlet-v1", f"{private[0]:.0f}", f"{private[0] / private[1]:.2f}", threads[0]),
        ("containerd-shim-runc-v2", f"{private[1]:.0f}", "1.00", threads[1]),
    ]
    table(("shim", "private KiB (USS)", "this / runc's", "threads"), ("---",) * 4, *rows)


def logs(agent, containerd, cri):
    """A container that prints as fast as it can, in turns: until it has ended and everything is in the log file."""
    size = options.megabytes << 20
    command = f"yes 0123456789012345678901234567890123456789012345678901234567890 | head -c {size}"

    def swiftlet():
        path = agent.manifest("prints")
        pod = json.load(open(path))
        pod["spec"]["restartPolicy"] = "Never"
        pod["spec"]["containers"][0]["command"] = ["sh", "-c", command]
        json.dump(pod, open(path, "w"))
        start = time.monotonic()
        agent.post(path)
        url = f"{agent.pods_url}/prints"
        while json.load(urllib.request.urlopen(url))["status"].get("phase") not in ("Succeeded", "Failed"):
            time.sleep(0.05)
        took = time.monotonic() - start
        agent.delete(["prints"])
        return took

    def with_cri():
        start = time.monotonic()
        log, remove = cri.run_to_end(["sh", "-c", command])
        took = time.monotonic() - start
        if os.path.getsize(log) < size * 1.5:
            raise SystemExit(f"{log} has {os.path.getsize(log)} bytes only")
        remove()
        os.remove(log)
        return took

    def raw():
        identity, path = f"{NAME}-prints", f"{WORK}/raw.log"
        start = time.monotonic()
        sh(*containerd.ctr("run", "-d", "--log-uri", f"file://{path}", IMAGE, identity, "sh", "-c", command))
        wait_until("the file", lambda: os.path.getsize(path) >= size, 120)
        took = time.monotonic() - start
        sh(*containerd.ctr("task", "rm", "-f", identity))
        sh(*containerd.ctr("container", "rm", identity))
        os.remove(path)
        return took

    ways = {
        "Swiftlet: CRI lines, with rotation": swiftlet,
        "containerd with its CRI plugin: CRI lines": with_cri,
        "containerd: raw bytes to a file, 0.6 as many": raw,
    }
    times = {name: [] for name in ways}
    for _ in range(options.log_rounds):
        for name in random.sample(list(ways), len(ways)):
            os.sync()
            times[name].append(ways[name]())
    rates = {name: options.megabytes / median(took) for name, took in times.items()}
    base = rates["containerd with its CRI plugin: CRI lines"]
    print(f"## {options.megabytes} MB of lines of 62 bytes, {options.log_rounds} rounds in turns\n")
    rows = [(name, f"{rate:.0f}", f"{rate / base:.2f}") for name, rate in rates.items()]
    table(("who", "MB/s, start and end included, median", "of containerd with CRI"), ("---",) * 3, *rows)


def main():
    sh("examples/make-busybox-image.sh", f"{WORK}/bb.tar", "bb:1")
    os.environ["PATH"] = f"{BIN}:{os.environ['PATH']}"
    daemons = []
    try:
        daemons.append(agent := Swiftlet(BIN, WORK))
        daemons.append(containerd := Containerd(WORK))
        base = starts(agent, containerd)
        steps(agent, base)
        shims(agent, containerd)
        daemons.append(cri := ContainerdCRI(f"{WORK}/cri", f"{WORK}/bb.tar"))
        logs(agent, containerd, cri)
        # A pod that was deleted by force is gone at once; the agent still cleans up after it.
        wait_until("the last shim to end", lambda: not agent.shims())
    finally:
        for daemon in daemons:
            daemon.stop()
        # Only after a failure is there anything left: what has our directory in its command line is ours.
        for pid in processes(lambda line: any(NAME in word for word in line)):
            os.kill(pid, signal.SIGKILL)
    print(f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.")


try:
    main()
    shutil.rmtree(WORK, ignore_errors=True)
except BaseException:
    print(f"the directory is kept: {WORK}", file=sys.stderr)
    raise
finally:
    remove_cgroups(NAME)
    unmount_below(WORK)
