"""containerd with its CRI plugin, as a kubelet has it write the logs of containers: time stamps, streams and lines.

Field numbers are those of k8s.io/cri-api, runtime/v1/api.proto. curl speaks gRPC's frames over HTTP/2 for us.
"""

import hashlib
import io
import json
import os
import struct
import subprocess
import tarfile
import time

from machine import sh, wait_until

NODE, EXITED = 2, 2


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(fields):
    """A protobuf message: text and nested messages by length, numbers as varints; lists are repeated fields."""
    out = b""
    for number, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(number << 3) + varint(item)
            else:
                data = message(item) if isinstance(item, dict) else item.encode()
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def parsed(data):
    """The fields of a message: numbers, and bytes for everything that has a length."""

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    fields, at = {}, 0
    while at < len(data):
        key = number()
        value = number()
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        fields[key >> 3] = value
    return fields


def with_command(archive, name, command):
    """A docker-archive of the same image with another name and command, as bytes."""
    out = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=out, mode="w") as new:
        manifest = json.load(old.extractfile("manifest.json"))[0]
        config = json.load(old.extractfile(manifest["Config"]))
        config["config"]["Cmd"] = command
        text = json.dumps(config).encode()
        manifest.update(Config=hashlib.sha256(text).hexdigest() + ".json", RepoTags=[name])
        for path, data in (
            (manifest["Config"], text),
            ("layer.tar", old.extractfile("layer.tar").read()),
            ("manifest.json", json.dumps([manifest]).encode()),
        ):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return out.getvalue()


class ContainerdCRI:
    def __init__(self, work, archive):
        self.work, self.address = work, f"{work}/containerd.sock"
        self.cgroup = "/" + os.path.basename(os.path.dirname(work))
        os.makedirs(f"{work}/pods")
        with open(f"{work}/containerd.toml", "w") as file:
            file.write(
                f'version = 2\nroot = "{work}/root"\nstate = "{work}/run"\n[grpc]\naddress = "{self.address}"\n'
                '[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "docker.io/library/pause:1"\nrestrict_oom_score_adj = true\n'
                f'[plugins."io.containerd.internal.v1.opt"]\npath = "{work}/opt"\n'
            )
        with open(f"{work}/containerd.log", "w") as log:
            self.process = subprocess.Popen(["containerd", "-c", f"{work}/containerd.toml"], stdout=log, stderr=log)
        ctr = ["ctr", "-a", self.address, "-n", "k8s.io"]
        wait_until("containerd", lambda: subprocess.run(ctr + ["version"], capture_output=True).returncode == 0)
        sh(*ctr, "images", "import", archive)
        with open(f"{work}/pause.tar", "wb") as file:
            file.write(with_command(archive, "pause:1", ["sleep", "100000"]))
        sh(*ctr, "images", "import", f"{work}/pause.tar")
        wait_until("the images", lambda: self.has("docker.io/library/pause:1") and self.has("docker.io/library/bb:1"))

    def call(self, service, method, fields):
        body = message(fields)
        answer = subprocess.run(
            ["curl", "-sS", "--fail", "--http2-prior-knowledge", "--unix-socket", self.address]
            + ["-H", "content-type: application/grpc", "-H", "te: trailers", "-D", "/dev/stderr"]
            + ["--data-binary", "@-", f"http://cri/runtime.v1.{service}/{method}"],
            input=struct.pack(">BI", 0, len(body)) + body,
            capture_output=True,
        )
        if b"grpc-status: 0" not in answer.stderr:
            raise RuntimeError(f"{method}: {answer.stderr.decode()}")
        return parsed(answer.stdout[5:])

    def has(self, image):
        return 1 in self.call("ImageService", "ImageStatus", {1: {1: image}})

    def runtime(self, method, fields):
        return self.call("RuntimeService", method, fields)

    def run_to_end(self, command):
        """One container in a pod of the host's network, until it has ended.

        Returns the path of its log, and what removes it all.
        """
        sandbox = {
            1: {1: "prints", 2: "uid-prints", 3: "default"},
            3: f"{self.work}/pods",
            8: {1: self.cgroup, 2: {1: {1: NODE}}},
        }
        pod = self.runtime("RunPodSandbox", {1: sandbox})[1].decode()
        container = {1: {1: "c"}, 2: {1: "docker.io/library/bb:1"}, 3: command, 11: "c.log", 15: {2: {3: {1: NODE}}}}
        identity = self.runtime("CreateContainer", {1: pod, 2: container, 3: sandbox})[1].decode()
        self.runtime("StartContainer", {1: identity})
        # Asked seldom: the question costs the CPU that is measured.
        while parsed(self.runtime("ContainerStatus", {1: identity})[1]).get(3) != EXITED:
            time.sleep(0.05)

        def remove():
            self.runtime("RemoveContainer", {1: identity})
            self.runtime("StopPodSandbox", {1: pod})
            self.runtime("RemovePodSandbox", {1: pod})

        return f"{self.work}/pods/c.log", remove

    def stop(self):
        self.process.terminate()
        self.process.wait()
