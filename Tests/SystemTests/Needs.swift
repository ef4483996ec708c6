import Glibc
import Linux
import Synchronization

/// What the system tests need: root, Debian's tools, and the three built programs.
enum Needs {
    /// Where the programs are: SWIFTLET_TEST_BINARIES, or beside the test bundle.
    static let binaries: String = {
        if let value = unsafe getenv("SWIFTLET_TEST_BINARIES") { return unsafe String(cString: value) }
        // Unreadable only without /proc, and then nothing here can run.
        let own = (try? Files.linkTarget("/proc/self/exe")) ?? ""
        return own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }()

    static var missing: String? {
        if geteuid() != 0 { return "needs root" }
        for tool in ["/bin/busybox", "/usr/bin/curl", "/usr/bin/tar"] where !Files.exists(tool) {
            return "needs \(tool)"
        }
        for program in ["swiftlet", "containerd-shim-swiftlet-v1"] where !Files.exists(binaries + "/" + program) {
            return "needs \(binaries)/\(program): build it first"
        }
        return nil
    }

    static var areMet: Bool {
        if let missing { print("skipped system tests: \(missing)") }
        return missing == nil
    }

    private static let archive = Mutex<String?>(nil)

    /// An image archive `bb:1` made of Debian's static busybox; the same for all tests of the run.
    static func image() throws -> String {
        try archive.withLock { known in
            if let known { return known }
            let path = "/tmp/swl-sys-image-\(getpid()).tar"
            try Shell.run(script, path)
            atexit { Needs.removeImage() }
            known = path
            return path
        }
    }

    private static func removeImage() { archive.withLock { _ = $0.map { unsafe unlink($0) } } }

    private static let script = """
        set -e
        d=$(mktemp -d); trap 'rm -rf "$d"' EXIT
        mkdir -p "$d/f/bin" "$d/f/etc" "$d/f/tmp" "$d/f/proc" "$d/f/dev" "$d/f/sys" "$d/i"
        chmod 1777 "$d/f/tmp"
        cp /bin/busybox "$d/f/bin/busybox"
        for a in sh sleep echo cat id hostname ls env kill touch head dd tail true false; do ln -s busybox "$d/f/bin/$a"; done
        printf 'root:x:0:0:root:/root:/bin/sh\\nweb:x:1234:1234:web:/:/bin/sh\\n' > "$d/f/etc/passwd"
        printf 'root:x:0:\\nweb:x:1234:\\n' > "$d/f/etc/group"
        tar -C "$d/f" -cf "$d/i/layer.tar" .
        id=$(sha256sum "$d/i/layer.tar" | cut -d' ' -f1)
        case $(uname -m) in x86_64) arch=amd64;; aarch64) arch=arm64;; *) arch=$(uname -m);; esac
        printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$arch" "$id" > "$d/i/config.json"
        printf '[{"Config":"config.json","RepoTags":["bb:1"],"Layers":["layer.tar"]}]' > "$d/i/manifest.json"
        tar -C "$d/i" -cf "$1" manifest.json config.json layer.tar
        """
}

/// Runs scripts.
enum Shell {
    static let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]

    /// Runs a bash script with arguments.
    ///
    /// - Returns: Its standard output.
    /// - Throws: `Failure` if it ends with another code than 0.
    @discardableResult
    static func run(_ script: String, _ arguments: String...) throws -> String {
        let outcome = try Spawn.run(["bash", "-c", script, "bash"] + arguments, environment: environment)
        guard outcome.code == 0 else {
            throw Failure("script ended with \(outcome.code): \(String(decoding: outcome.errors, as: UTF8.self))")
        }
        return String(decoding: outcome.output, as: UTF8.self)
    }
}
