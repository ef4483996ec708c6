"""What the benchmarks ask the machine: CPU time by cgroup, memory and processes by /proc."""

import ctypes
import os
import signal
import subprocess
import time


def sh(*command, **keywords):
    """Runs a program that must succeed, and returns what it printed."""
    finished = subprocess.run(command, capture_output=True, text=True, **keywords)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {finished.returncode}: {finished.stderr or finished.stdout}")
    return finished.stdout


def wait_until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for: {what}")
        time.sleep(0.002)


class CPUMeter:
    """A cgroup that counts the CPU time of everything below it, also of what is gone."""

    def __init__(self, name):
        version1, version2 = [], []
        with open("/proc/self/mountinfo") as mounts:
            for line in mounts:
                left, right = line.split(" - ")
                kind, _, options = right.split()[:3]
                if kind == "cgroup" and "cpuacct" in options.split(","):
                    version1.append(left.split()[4])
                elif kind == "cgroup2":
                    version2.append(left.split()[4])
        self.version2 = not version1
        self.directory = f"{(version1 or version2)[0]}/{name}"
        self.caller = f"{self.directory}/caller"
        os.makedirs(self.caller)

    def microseconds(self):
        if self.version2:
            with open(f"{self.directory}/cpu.stat") as file:
                return int(file.readline().split()[1])
        with open(f"{self.directory}/cpuacct.usage") as file:
            return int(file.read()) / 1000

    def enter(self):
        """To be called between fork and exec."""
        with open(f"{self.caller}/cgroup.procs", "w") as file:
            file.write("0")


class VersionOneView:
    """A mount namespace in which only the cgroup v1 hierarchies are mounted; the machine itself stays as it is."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
            + ["umount $(awk '$9 == \"cgroup2\" || $8 == \"cgroup2\" {print $5}' /proc/self/mountinfo) && echo && exec sleep 1d"],
            stdout=subprocess.PIPE,
        )
        self.holder.stdout.readline()
        self.namespace = os.open(f"/proc/{self.holder.pid}/ns/mnt", os.O_RDONLY)
        self.library = ctypes.CDLL(None, use_errno=True)

    def enter(self):
        """To be called between fork and exec."""
        directory = os.getcwd()
        if self.library.setns(self.namespace, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.chdir(directory)

    def close(self):
        self.holder.kill()
        self.holder.wait()
        os.close(self.namespace)


def remove_cgroups(name):
    """Removes the cgroups of this name in every hierarchy; what still runs in them, after a failure, is ended first."""
    for base, names, _ in os.walk("/sys/fs/cgroup"):
        if name not in names:
            continue
        names.remove(name)
        for inner, _, _ in os.walk(f"{base}/{name}", topdown=False):
            for _ in range(20):
                try:
                    with open(f"{inner}/cgroup.procs") as file:
                        for pid in file.read().split():
                            os.kill(int(pid), signal.SIGKILL)
                    os.rmdir(inner)
                    break
                except OSError:
                    time.sleep(0.05)


def unmount_below(directory):
    """What is mounted there after a failure, the innermost first."""
    with open("/proc/self/mounts") as file:
        places = [line.split()[1] for line in file]
    for place in reversed(places):
        if place.startswith(directory + "/"):
            subprocess.run(["umount", "-l", place], check=False)


def processes(matches):
    """The pids of all processes whose command line, as a list of words, matches."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if matches(line):
            found.append(int(pid))
    return found


def memory(pid):
    """Private memory (USS), proportional share (PSS) and resident memory (RSS) of a process, in KiB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        fields = {line.split(":")[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
    return fields["Private_Clean"] + fields["Private_Dirty"], fields["Pss"], fields["Rss"]


def cpu_milliseconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        ticks = sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks * 1000 // os.sysconf("SC_CLK_TCK")
