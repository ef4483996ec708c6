#!/usr/bin/env python3
"""Measures how long a pull takes, unpacking included, from one registry on loopback: Swiftlet, containerd and skopeo in
turns, so that whatever else the machine does hits all alike. Prints Markdown. Run as root.

    Benchmarks/images.py [--rounds N] [--megabytes N] [--layers N] [--bin DIRECTORY]
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

from machine import sh, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(process):
    """User and system time of the children that have ended, and of a daemon with those that it has waited for."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    if process:
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


def file_bytes(random_source, size):
    """Compresses to about 45 %, as programs do."""
    block = random_source.randbytes(4096)
    parts = []
    while size > 0:
        fresh = random_source.randbytes(1800)
        parts.append(fresh + block[: 4096 - 1800])
        size -= 4096
    return b"".join(parts)


def layer(number, megabytes):
    source = random.Random(number)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for directory in (f"usr/share/{number}", f"usr/lib/{number}"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        left, index = megabytes << 20, 0
        while left > 0:
            size = min(left, source.choice([3_000, 12_000, 40_000, 150_000, 2_000_000]))
            entry = tarfile.TarInfo(f"usr/lib/{number}/file-{index}")
            entry.size, entry.mode = size, 0o644
            tar.addfile(entry, io.BytesIO(file_bytes(source, size)))
            left, index = left - size, index + 1
    return out.getvalue()


class Registry:
    def __init__(self, work):
        self.host = f"127.0.0.1:{free_port()}"
        config = f"{work}/registry.yml"
        with open(config, "w") as file:
            file.write(
                f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {work}/registry}}}}\n"
                f"http: {{addr: {self.host}}}\n"
            )
        with open(f"{work}/registry.log", "w") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=log)
        wait_until("the registry", self.is_ready)

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://{self.host}/v2/").status == 200
        except OSError:
            return False

    def request(self, method, url, body=None, kind="application/octet-stream"):
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind})
        return urllib.request.urlopen(request)

    def push_blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        place = self.request("POST", f"http://{self.host}/v2/bench/image/blobs/uploads/", b"").headers["Location"]
        self.request("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", data)
        return digest

    def push(self, layers):
        """Pushes an image of uncompressed layers, stored with gzip; returns its compressed size."""
        descriptors, diffs, total = [], [], 0
        for data in layers:
            packed = gzip.compress(data, 6, mtime=0)
            diffs.append("sha256:" + hashlib.sha256(data).hexdigest())
            digest = self.push_blob(packed)
            descriptors.append(
                {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": len(packed)}
            )
            total += len(packed)
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diffs}}
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.push_blob(config),
                "size": len(config),
            },
            "layers": descriptors,
        }
        self.request(
            "PUT",
            f"http://{self.host}/v2/bench/image/manifests/1",
            json.dumps(manifest).encode(),
            manifest["mediaType"],
        )
        return total


class Swiftlet:
    name = "swiftlet image pull"

    def __init__(self, work, binaries, image):
        self.work, self.image, self.program = work, image, f"{binaries}/swiftlet"
        with open(f"{work}/config.toml", "w") as file:
            file.write(
                f'root = "{work}/swl"\nstate = "{work}/run"\nlog_dir = "{work}/logs"\n'
                f'[runtime]\ncgroup_root = "/{os.path.basename(work)}"\n[journal]\nsocket = ""\n'
                f'[registry]\nconfig_path = ""\ndocker_config = ""\n'
            )
        with open(f"{work}/agent.log", "w") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--config", f"{work}/config.toml", "--node-name", "bench"],
                stdout=log,
                stderr=log,
            )
        self.environment = dict(os.environ, SWIFTLET_SOCKET=f"{work}/run/swiftlet.sock")
        wait_until("the agent", lambda: os.path.exists(f"{work}/run/swiftlet.sock"))
        time.sleep(0.5)

    def pull(self):
        sh(self.program, "image", "pull", "-q", self.image, env=self.environment)

    def forget(self):
        sh(self.program, "image", "rm", self.image, env=self.environment)
        left = os.listdir(f"{self.work}/swl/content/blobs/sha256")
        if left:
            sys.exit(f"error: the image was removed and {left} is still there")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Containerd:
    name = "ctr images pull (containerd)"

    def __init__(self, work, image):
        self.image = image
        with open(f"{work}/containerd.toml", "w") as file:
            file.write(
                f'version = 2\nroot = "{work}/ctrd"\nstate = "{work}/ctrd-run"\n'
                'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'[grpc]\naddress = "{work}/c.sock"\n[ttrpc]\naddress = "{work}/c.ttrpc"\n'
            )
        with open(f"{work}/containerd.log", "w") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", f"{work}/containerd.toml"], stdout=log, stderr=log
            )
        self.ctr = ["ctr", "-a", f"{work}/c.sock"]
        wait_until("containerd", lambda: subprocess.run(self.ctr + ["version"], capture_output=True).returncode == 0)

    def pull(self):
        sh(*self.ctr, "images", "pull", "--plain-http", self.image)

    def forget(self):
        sh(*self.ctr, "images", "rm", "--sync", self.image)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Skopeo:
    process = None

    def __init__(self, work, image, unpacks):
        self.work, self.image, self.unpacks = work, image, unpacks
        self.name = "skopeo copy to containers-storage (overlay)" if unpacks else "skopeo copy to oci: (does not unpack)"
        self.target = (
            f"containers-storage:[overlay@{work}/sk-root+{work}/sk-run]bench:1" if unpacks else f"oci:{work}/sk-oci:1"
        )

    def pull(self):
        sh(
            "skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
            f"docker://{self.image}", self.target,
        )

    def forget(self):
        if self.unpacks:
            sh("skopeo", "--insecure-policy", "delete", self.target)
        else:
            shutil.rmtree(f"{self.work}/sk-oci")

    def stop(self):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=600, help="uncompressed; about half of it is transferred")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(__file__), "../.build/release"))
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="swiftlet-bench-images.", dir="/tmp")
    started = []
    try:
        registry = Registry(work)
        started.append(registry.process)
        size = registry.push([layer(n, options.megabytes // options.layers) for n in range(options.layers)])
        image = f"{registry.host}/bench/image:1"
        peers = [
            Swiftlet(work, os.path.abspath(options.bin), image),
            Containerd(work, image),
            Skopeo(work, image, False),
            Skopeo(work, image, True),
        ]
        started += [peer.process for peer in peers if peer.process]
        times = {peer.name: [] for peer in peers}
        cpu = {peer.name: [] for peer in peers}
        for round_number in range(options.rounds + 1):
            for peer in peers:
                os.sync()
                begin, cpu_before = time.monotonic(), cpu_seconds(peer.process)
                peer.pull()
                spent, cpu_spent = time.monotonic() - begin, cpu_seconds(peer.process) - cpu_before
                # The first round warms caches up.
                if round_number:
                    times[peer.name].append(spent)
                    cpu[peer.name].append(cpu_spent)
                peer.forget()
        print(f"Pull of an image of {size / 1e6:.0f} MB in {options.layers} layers (gzip), {options.rounds} rounds:\n")
        print("| | median s | fastest s | CPU, median s |\n|---|---|---|---|")
        for name, values in times.items():
            print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {statistics.median(cpu[name]):.2f} |")
    finally:
        for process in started:
            process.terminate()
            process.wait()
        # skopeo leaves its overlay directory mounted on itself.
        subprocess.run(["umount", "-l", f"{work}/sk-root/overlay"], capture_output=True)
        subprocess.run(["rm", "-rf", work])


if __name__ == "__main__":
    main()
