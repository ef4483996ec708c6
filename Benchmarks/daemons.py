"""Swiftlet and containerd as the benchmarks use them: each with directories of its own."""

import http.client
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

from machine import processes, sh, wait_until

IMAGE = "docker.io/library/bb:1"


class Swiftlet:
    def __init__(self, binaries, work):
        self.work, self.name = work, os.path.basename(work)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.pods_url = f"{self.url}/api/v1/namespaces/default/pods"
        self.watcher = self.connection = None
        with open(f"{work}/config.toml", "w") as file:
            file.write(
                f'root = "{work}/swl"\nstate = "{work}/run"\nlog_dir = "{work}/logs"\n'
                f'[runtime]\ncgroup_root = "/{self.name}"\nmax_pods = 1000\n[journal]\nsocket = ""\n'
            )
        with open(f"{work}/agent.log", "w") as log:
            self.process = subprocess.Popen(
                [f"{binaries}/swiftlet", "serve", "--config", f"{work}/config.toml"]
                + ["--insecure-http", f"127.0.0.1:{self.port}", "--node-name", "bench"],
                stdout=log,
                stderr=log,
            )
        wait_until("the agent", self.is_ready)
        environment = dict(os.environ, SWIFTLET_SOCKET=f"{work}/run/swiftlet.sock")
        sh(f"{binaries}/swiftlet", "image", "import", f"{work}/bb.tar", env=environment)

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"{self.url}/readyz").status == 200
        except OSError:
            return False

    def manifest(self, name):
        container = {"name": "main", "image": "bb:1", "command": ["sleep", "10000"], "imagePullPolicy": "IfNotPresent"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
        pod["spec"] = {"containers": [container], "terminationGracePeriodSeconds": 0}
        path = f"{self.work}/{name}.json"
        with open(path, "w") as file:
            json.dump(pod, file)
        return path

    def watch(self):
        """Follows all pods with curl; running[name] is when a pod was first seen Running."""
        self.running = {}
        version = json.load(urllib.request.urlopen(self.pods_url))["metadata"]["resourceVersion"]
        self.watcher = subprocess.Popen(
            ["curl", "-sN", f"{self.pods_url}?watch=1&resourceVersion={version}"], stdout=subprocess.PIPE
        )

        def read():
            for line in self.watcher.stdout:
                when = time.monotonic()
                pod = json.loads(line)["object"]
                if pod.get("status", {}).get("phase") == "Running":
                    self.running.setdefault(pod["metadata"]["name"], when)

        threading.Thread(target=read, daemon=True).start()
        time.sleep(0.2)

    def post(self, path):
        sh(
            *["curl", "-sS", "--fail-with-body", "-o", "/dev/null", "-X", "POST", "--data-binary", f"@{path}"],
            *["-H", "content-type: application/json", self.pods_url],
        )

    def post_on_open_connection(self, path):
        """As a client does that stays: without the start of a program and of a connection."""
        address, pods_path = self.pods_url.removeprefix("http://").split("/", 1)
        if not self.connection:
            self.connection = http.client.HTTPConnection(address)
        with open(path, "rb") as file:
            body = file.read()
        self.connection.request("POST", "/" + pods_path, body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text

    def wait_running(self, names, seconds=30):
        wait_until(f"{len(names)} pods to run", lambda: all(name in self.running for name in names), seconds)

    def delete(self, names, seconds=30):
        for name in names:
            sh("curl", "-sS", "-o", "/dev/null", "-X", "DELETE", f"{self.pods_url}/{name}?gracePeriodSeconds=0")
        wait_until("all pods to go", lambda: self.count() == 0, seconds)

    def count(self):
        return len(json.load(urllib.request.urlopen(self.pods_url))["items"])

    def shims(self):
        return processes(lambda line: "containerd-shim-swiftlet-v1" in line[0] and any(self.name in w for w in line))

    def stop(self):
        if self.watcher:
            self.watcher.kill()
            self.watcher.wait()
        self.process.terminate()
        self.process.wait()


class Containerd:
    def __init__(self, work):
        self.name = os.path.basename(work)
        self.address = f"{work}/containerd.sock"
        with open(f"{work}/containerd.toml", "w") as file:
            file.write(
                f'version = 2\nroot = "{work}/ctd"\nstate = "{work}/ctdrun"\n'
                'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
                f'[grpc]\naddress = "{self.address}"\n'
            )
        with open(f"{work}/containerd.log", "w") as log:
            self.process = subprocess.Popen(["containerd", "-c", f"{work}/containerd.toml"], stdout=log, stderr=log)
        wait_until("containerd", lambda: subprocess.run(self.ctr("version"), capture_output=True).returncode == 0)
        sh(*self.ctr("images", "import", f"{work}/bb.tar"))

    def ctr(self, *words):
        return ["ctr", "-a", self.address, *words]

    def run(self, name):
        sh(*self.ctr("run", "-d", IMAGE, f"{self.name}-{name}", "sleep", "10000"))

    def remove(self, names):
        for name in names:
            sh(*self.ctr("task", "rm", "-f", f"{self.name}-{name}"))
            sh(*self.ctr("container", "rm", f"{self.name}-{name}"))

    def shims(self):
        return processes(lambda line: "containerd-shim-runc-v2" in line[0] and any(self.name in w for w in line))

    def stop(self):
        self.process.terminate()
        self.process.wait()
