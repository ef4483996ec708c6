"""Measures swiftlet-oci, crun, runc and a floor in C in one run, in turns. Prints Markdown. See run.sh."""

import argparse
import json
import os
import random
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from machine import CPUMeter, VersionOneView, remove_cgroups, sh  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=40, help="how often each thing is measured")
parser.add_argument("--bin", default=".build/release", help="where swiftlet-oci is")
parser.add_argument("--crun", default="crun")
parser.add_argument("--runc", default="runc")
options = parser.parse_args()

WORK = tempfile.mkdtemp(prefix="swiftlet-bench.", dir="/tmp")
NAME = os.path.basename(WORK)
# The state of all runtimes is on a tmpfs, as /run is on every usual machine.
STATE = tempfile.mkdtemp(prefix="swiftlet-bench.", dir="/dev/shm")
WARMUP = 3  # rounds that fill the page cache and the caches of compiled filters
# Installed, as the others are: a linker leaves its output in the page cache in single pages, each with a fault of its own.
RUNTIMES = {"swiftlet-oci": shutil.copy(f"{options.bin}/swiftlet-oci", WORK), "crun": options.crun, "runc": options.runc}
median = statistics.median


def default_seccomp(capabilities):
    """The profile that podman and CRI-O use, from containers-common, for amd64 and these capabilities."""
    for path in ("/usr/share/containers/seccomp.json", "/etc/containers/seccomp.json"):
        if os.path.exists(path):
            with open(path) as file:
                source = json.load(file)
            break
    else:
        raise SystemExit("error: no seccomp.json of containers-common: apt-get install golang-github-containers-common")
    rules = []
    for rule in source["syscalls"]:
        wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
        if any(cap not in capabilities for cap in wanted.get("caps", [])) or "amd64" not in wanted.get("arches", ["amd64"]):
            continue
        if any(cap in capabilities for cap in unwanted.get("caps", [])) or "amd64" in unwanted.get("arches", []):
            continue
        kept = {"names": rule["names"], "action": rule["action"]}
        if rule.get("args"):
            kept["args"] = rule["args"]
        if rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        rules.append(kept)
    profile = {"defaultAction": source["defaultAction"], "syscalls": rules}
    profile["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    if source.get("defaultErrnoRet") is not None:
        profile["defaultErrnoRet"] = source["defaultErrnoRet"]
    return profile


def make_bundles():
    rootfs = f"{WORK}/rootfs"
    os.makedirs(f"{rootfs}/bin")
    for directory in ("proc", "dev", "sys"):
        os.mkdir(f"{rootfs}/{directory}")
    shutil.copy("/bin/busybox", f"{rootfs}/bin/true")
    bundles = {}
    for kind in ("plain", "seccomp"):
        bundle = bundles[kind] = f"{WORK}/{kind}"
        os.mkdir(bundle)
        sh(options.runc, "spec", cwd=bundle)
        with open(f"{bundle}/config.json") as file:
            spec = json.load(file)
        spec["process"].update(terminal=False, args=["/bin/true"])
        spec["root"]["path"] = rootfs
        spec["linux"]["cgroupsPath"] = f"/{NAME}/container"
        if kind == "seccomp":
            spec["linux"]["seccomp"] = default_seccomp(spec["process"]["capabilities"]["bounding"])
        with open(f"{bundle}/config.json", "w") as file:
            json.dump(spec, file)
    return bundles


class Machine:
    """Runs programs in the cgroup that counts, and where crun needs it without the cgroup2 mount."""

    def __init__(self, bundles):
        compiler = shutil.which("cc") or shutil.which("clang")
        sh(compiler, "-O2", "-static", "-o", f"{WORK}/floor", os.path.join(os.path.dirname(__file__), "floor.c"))
        self.meter = CPUMeter(NAME)
        self.view = None
        trial = subprocess.run(
            [RUNTIMES["crun"], "--root", f"{WORK}/crun-trial", "run", "-b", bundles["plain"], "t"], capture_output=True, text=True
        )
        if "hybrid" in trial.stderr:
            self.view = VersionOneView()
        elif trial.returncode:
            raise SystemExit(f"crun: {trial.stderr}")
        place = f"/proc/{self.view.holder.pid}/ns/mnt" if self.view else "-"
        self.prefix = [f"{WORK}/floor", "enter", f"{self.meter.caller}/cgroup.procs", place]

    def run(self, *command):
        with open(f"{WORK}/errors", "w") as errors:
            code = subprocess.Popen(
                [*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, close_fds=False
            ).wait()
        if code:
            with open(f"{WORK}/errors") as errors:
                raise SystemExit(f"{' '.join(command)}: exit {code}: {errors.read()}")

    def measured(self, body):
        before, start = self.meter.microseconds(), time.monotonic()
        body()
        took = time.monotonic() - start
        return (self.meter.microseconds() - before) / 1000, took * 1000

    def close(self):
        if self.view:
            self.view.close()


def lifecycle(machine, program, name, bundle, identifier):
    root = f"{STATE}/{name}"
    machine.run(program, "--root", root, "create", "-b", bundle, "--pid-file", f"{WORK}/pid", identifier)
    with open(f"{WORK}/pid") as file:
        process = os.pidfd_open(int(file.read()))
    machine.run(program, "--root", root, "start", identifier)
    select.select([process], [], [])  # its end, without polling and without the CPU time of any runtime
    os.close(process)
    machine.run(program, "--root", root, "delete", identifier)


def measure(machine, bundles):
    cases = {("floor", "run", "plain"): lambda turn: machine.run(f"{WORK}/floor", f"{WORK}/rootfs", f"/{NAME}/container", "/bin/true")}
    for name, program in RUNTIMES.items():
        for kind, bundle in bundles.items():
            cases[name, "run", kind] = lambda turn, name=name, program=program, bundle=bundle: machine.run(
                program, "--root", f"{STATE}/{name}", "run", "-b", bundle, f"c{turn}"
            )
            cases[name, "create+start+delete", kind] = lambda turn, name=name, program=program, bundle=bundle: lifecycle(
                machine, program, name, bundle, f"c{turn}"
            )
    results = {case: [] for case in cases}
    for turn in range(options.rounds + WARMUP):
        for case in random.sample(list(cases), len(cases)):
            result = machine.measured(lambda: cases[case](turn))
            if turn >= WARMUP:
                results[case].append(result)
    return results


def spread(values):
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 10]:.1f} to {ordered[len(ordered) * 9 // 10]:.1f}"


def report(results, machine):
    print(f"{options.rounds} rounds, all cases in a new order each round. CPU is user and system time of the whole tree")
    print("of processes, counted by a cgroup; state is on a tmpfs; time is from the call to the answer. Medians in milliseconds.")
    if machine.view:
        print("All ran in a mount namespace without the cgroup2 mount, because crun refuses this machine's hybrid setup.")
    floor = median(row[0] for row in results["floor", "run", "plain"])
    for what in ("run", "create+start+delete"):
        print(f"\n### {what}\n")
        base = [median(row[index] for row in results["crun", what, "plain"]) for index in (0, 1)]
        print("| runtime | seccomp | CPU | 10th to 90th | of crun without | of the floor | time | of crun without |")
        print("|---|---|---|---|---|---|---|---|")
        for (name, case, kind), rows in results.items():
            if case != what:
                continue
            cpu, wall = [row[0] for row in rows], [row[1] for row in rows]
            print(
                f"| {name} | {'default' if kind == 'seccomp' else 'none'} | {median(cpu):.2f} | {spread(cpu)} "
                f"| {median(cpu) / base[0]:.2f} | {median(cpu) / floor:.1f} | {median(wall):.1f} | {median(wall) / base[1]:.2f} |"
            )
    print()
    for what, goal in (("run", 0.75), ("create+start+delete", 0.7)):
        ours = median(row[0] for row in results["swiftlet-oci", what, "seccomp"])
        ratio = ours / median(row[0] for row in results["crun", what, "plain"])
        print(f"Goal: {what} with seccomp at most {goal} of crun's without: {ratio:.2f}, {'met' if ratio <= goal else 'MISSED'}.")


def main():
    bundles = make_bundles()
    machine = Machine(bundles)
    try:
        report(measure(machine, bundles), machine)
    finally:
        machine.close()
        remove_cgroups(NAME)
        shutil.rmtree(WORK, ignore_errors=True)
        shutil.rmtree(STATE, ignore_errors=True)


main()
