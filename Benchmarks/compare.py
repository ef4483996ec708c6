"""Compares Swiftlet with containerd, runc and crun, and prints a report. Called by run.sh; see there."""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from daemons import Containerd, Swiftlet
from machine import CPUMeter, VersionOneView, cpu_milliseconds, memory, processes, remove_cgroups, sh, unmount_below, wait_until

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=30, help="how often each thing is measured")
parser.add_argument("--pods", type=int, default=100, help="how many pods the agent gets for its memory")
parser.add_argument("--bin", default=".build/release", help="where swiftlet, its shim and swiftlet-oci are")
options = parser.parse_args()

BIN = os.path.realpath(options.bin)
WORK = tempfile.mkdtemp(prefix="swiftlet-bench.", dir="/tmp")
NAME = os.path.basename(WORK)
WARMUP = 2  # rounds that fill the page cache and do not count

median = statistics.median


def say(text=""):
    print(text, flush=True)


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def spread(values):
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 10]:.1f} to {ordered[len(ordered) * 9 // 10]:.1f}"


def in_turns(names, measure):
    """Calls measure(name, turn) for all names in a new order each turn; returns what it gave, by name."""
    results = {name: [] for name in names}
    for turn in range(options.rounds + WARMUP):
        for name in random.sample(list(names), len(names)):
            result = measure(name, turn)
            if turn >= WARMUP:
                results[name].append(result)
    return results


def make_bundle():
    bundle = f"{WORK}/bundle"
    os.makedirs(f"{bundle}/rootfs")
    sh("tar", "-xf", f"{WORK}/bb.tar", "-C", bundle, "layer.tar")
    sh("tar", "-xf", f"{bundle}/layer.tar", "-C", f"{bundle}/rootfs")
    sh("runc", "spec", cwd=bundle)
    with open(f"{bundle}/config.json") as file:
        spec = json.load(file)
    spec["process"]["terminal"] = False
    spec["process"]["args"] = ["/bin/true"]
    spec["linux"]["cgroupsPath"] = f"/{NAME}/container"
    with open(f"{bundle}/config.json", "w") as file:
        json.dump(spec, file)
    return bundle


def compare_runtimes():
    runtimes = {"swiftlet-oci": [f"{BIN}/swiftlet-oci"], "runc": ["runc"], "crun": ["crun"]}
    bundle = make_bundle()
    note, view = "", None
    trial = subprocess.run(["crun", "--root", f"{WORK}/crun", "run", "-b", bundle, "t"], capture_output=True, text=True)
    if "hybrid" in trial.stderr:
        view = VersionOneView()
        note = "All three ran in a mount namespace without the cgroup2 mount: crun refuses this machine's hybrid setup."
    meter = CPUMeter(NAME)

    def prepare():
        meter.enter()
        if view:
            view.enter()

    def once(name, turn):
        before, start = meter.microseconds(), time.monotonic()
        finished = subprocess.run(
            [*runtimes[name], "--root", f"{WORK}/{name}", "run", "-b", bundle, f"c{turn}"],
            preexec_fn=prepare,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        took = time.monotonic() - start
        if finished.returncode != 0:
            raise SystemExit(f"{name} run: exit {finished.returncode}: {finished.stderr}")
        return (meter.microseconds() - before) / 1000, took * 1000

    results = in_turns(runtimes, once)
    if view:
        view.close()
    cpu = {name: [row[0] for row in rows] for name, rows in results.items()}
    wall = {name: [row[1] for row in rows] for name, rows in results.items()}
    say("## One container: `run` of `/bin/true` with the bundle of `runc spec`")
    say()
    say("CPU is user and system time of the whole tree of processes, counted by a cgroup.")
    if note:
        say(note)
    say()
    say("| runtime | CPU, median ms | 10th to 90th | ours / this | time, median ms | ours / this |")
    say("|---|---|---|---|---|---|")
    for name in runtimes:
        say(
            f"| {name} | {median(cpu[name]):.2f} | {spread(cpu[name])} "
            f"| {median(cpu['swiftlet-oci']) / median(cpu[name]):.2f} | {median(wall[name]):.1f} "
            f"| {median(wall['swiftlet-oci']) / median(wall[name]):.2f} |"
        )
    say()


def compare_starts(agent, containerd):
    agent.watch()

    def once(who, turn):
        name = f"start-{turn}"
        if who == "swiftlet":
            path = agent.manifest(name)
            start = time.monotonic()
            agent.post(path)
            agent.wait_running([name])
            took = agent.running[name] - start
            agent.delete([name])
        else:
            start = time.monotonic()
            containerd.run(name)
            took = time.monotonic() - start
            containerd.remove([name])
        return took * 1000

    times = in_turns(["swiftlet", "containerd"], once)
    say("## From the request to a running container")
    say()
    say("Swiftlet: from `curl -X POST` of a pod until a watch says Running. containerd: `ctr run -d` until it returns.")
    say("Both have the image already. A pod is more than a container: it is stored, has its own namespaces and a log.")
    say()
    say("| who | median ms | 10th to 90th | ours / this |")
    say("|---|---|---|---|")
    for who, words in [("swiftlet", "Swiftlet, POST to Running"), ("containerd", "`ctr run -d`")]:
        ratio = median(times["swiftlet"]) / median(times[who])
        say(f"| {words} | {median(times[who]):.1f} | {spread(times[who])} | {ratio:.2f} |")
    say()


def compare_shims(agent, containerd):
    names = [f"idle-{number}" for number in range(5)]
    for name in names:
        agent.post(agent.manifest(name))
        containerd.run(name)
    agent.wait_running(names)
    time.sleep(5)
    rows = {
        "containerd-shim-swiftlet-v1": [memory(pid) for pid in agent.shims()],
        "containerd-shim-runc-v2": [memory(pid) for pid in containerd.shims()],
    }
    agent.delete(names)
    containerd.remove(names)
    counts = " and ".join(str(len(found)) for found in rows.values())
    say("## Memory of an idle shim")
    say()
    say(f"{counts} shims, each with one sleeping container, five seconds after the last start.")
    say()
    say("| shim | private (USS), median KiB | proportional (PSS) | resident (RSS) | ours / this, private |")
    say("|---|---|---|---|---|")
    ours = median([row[0] for row in rows["containerd-shim-swiftlet-v1"]])
    for name, found in rows.items():
        private, proportional, resident = (median([row[n] for row in found]) for n in range(3))
        say(f"| {name} | {private:.0f} | {proportional:.0f} | {resident:.0f} | {ours / private:.2f} |")
    say()


def measure_agent(agent, fresh):
    used = memory(agent.process.pid)
    names = [f"many-{number}" for number in range(options.pods)]
    start = time.monotonic()
    for name in names:
        agent.post(agent.manifest(name))
    agent.wait_running(names, seconds=300)
    took = time.monotonic() - start
    time.sleep(5)
    full = memory(agent.process.pid)
    before = cpu_milliseconds(agent.process.pid)
    time.sleep(10)
    idle_cpu = cpu_milliseconds(agent.process.pid) - before
    private = [memory(pid)[0] for pid in agent.shims()]
    say("## Memory of the agent")
    say()
    say("| agent | RSS, MiB | private (USS), MiB |")
    say("|---|---|---|")
    for words, row in [
        ("idle, just started, one image imported", fresh),
        (f"idle, after {options.rounds + WARMUP + 5} pods that came and went", used),
        (f"with {options.pods} running pods", full),
    ]:
        say(f"| {words} | {row[2] / 1024:.1f} | {row[0] / 1024:.1f} |")
    say()
    say(f"{options.pods} pods, posted one after the other by curl, were all Running after {took:.1f} s.")
    say(f"Their {len(private)} shims together have {sum(private) / 1024:.1f} MiB of private memory.")
    say(f"With these pods running and nothing to do, the agent used {idle_cpu} ms of CPU in 10 s.")
    say()
    agent.delete(names, seconds=300)


def main():
    sh("examples/make-busybox-image.sh", f"{WORK}/bb.tar", "bb:1")
    versions = [sh(name, "--version").splitlines()[0] for name in ("containerd", "runc", "crun")]
    say(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors, Linux {platform.release()}. {'; '.join(versions)}.")
    say(f"{options.rounds} rounds, all in turns.")
    say()
    progress("runtimes")
    compare_runtimes()
    daemons = []
    try:
        progress("starting both daemons")
        daemons.append(agent := Swiftlet(BIN, WORK))
        time.sleep(2)
        fresh = memory(agent.process.pid)
        daemons.append(containerd := Containerd(WORK))
        progress("starts")
        compare_starts(agent, containerd)
        progress("memory of shims")
        compare_shims(agent, containerd)
        progress(f"memory of the agent with {options.pods} pods")
        measure_agent(agent, fresh)
        # A pod that was deleted by force is gone at once; the agent still cleans up after it.
        wait_until("the last shim to end", lambda: not agent.shims(), 60)
    finally:
        for daemon in daemons:
            daemon.stop()
        # Only after a failure is there anything left: what has our directory in its command line is ours.
        for pid in processes(lambda line: any(NAME in word for word in line)):
            os.kill(pid, signal.SIGKILL)
    say(f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.")


succeeded = False
try:
    main()
    succeeded = True
finally:
    remove_cgroups(NAME)
    unmount_below(WORK)
    if succeeded:
        shutil.rmtree(WORK, ignore_errors=True)
    else:
        print(f"the directory is kept: {WORK}", file=sys.stderr)
