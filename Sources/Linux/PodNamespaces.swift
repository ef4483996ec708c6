import CLinux
import Glibc

/// The namespaces that the containers of one pod share, kept alive by open descriptors instead of a pause process.
package struct PodNamespaces: ~Copyable, Sendable {
    /// What to make; what is false is not made, and the containers use another one.
    package struct Plan: Hashable, Sendable {
        package var network = false
        package var ipc = false
        package var uts = false
        /// Needs a process of its own to be process 1: the only namespace that does.
        package var pid = false
        /// Set in the new UTS namespace.
        package var hostname = ""
        /// Where to set the sysctls of the network if none is made: a path of nsfs, or empty for none.
        package var networkPath = ""
        /// By dotted name, such as "net.ipv4.ip_unprivileged_port_start". The caller has checked that they are namespaced.
        package var sysctls: [String: String] = [:]

        package init() {}
    }

    package let network: Descriptor?
    package let ipc: Descriptor?
    package let uts: Descriptor?
    package let pid: Descriptor?
    /// Process 1 of the pid namespace, a child of the caller, who kills it with SIGKILL and reaps it; 0 if there is none.
    package let initProcess: Int32

    /// Makes the namespaces in short-lived children; the caller's own are untouched. Loopback of a new network is up.
    ///
    /// - Important: It forks without exec: the calling process must have one thread only.
    /// - Throws: `SysError`; nothing is left behind then.
    package init(_ plan: Plan) throws(SysError) {
        var joined: Int32 = -1
        if !plan.networkPath.isEmpty {
            let path = plan.networkPath
            joined = try Descriptor.open(path, O_RDONLY).release()
        }
        defer { if joined >= 0 { _ = Glibc.close(joined) } }

        let sysctls = plan.sysctls.sorted { $0.key < $1.key }
        let strings = sysctls.flatMap { [Self.path(of: $0.key), $0.value] }
        let hostname = plan.hostname
        let result = unsafe withCStrings(strings) { pointers -> Result<Made, SysError> in
            unsafe hostname.withCString { name in
                var request = unsafe swl_sandbox()
                unsafe request.want_net = plan.network ? 1 : 0
                unsafe request.want_ipc = plan.ipc ? 1 : 0
                unsafe request.want_uts = plan.uts ? 1 : 0
                unsafe request.want_pid = plan.pid ? 1 : 0
                unsafe request.join_net = joined
                unsafe request.hostname = hostname.isEmpty ? nil : name
                unsafe request.sysctls = unsafe UnsafeRawPointer(pointers)
                    .assumingMemoryBound(to: UnsafePointer<CChar>.self)
                unsafe request.sysctl_count = sysctls.count
                let code = unsafe swl_sandbox_create(&request)
                guard code < 0 else {
                    return .success(
                        unsafe Made(request.net, request.ipc, request.uts, request.pid, request.init_pid)
                    )
                }
                let call = unsafe request.failed_call.map { unsafe String(cString: $0) } ?? "pipe2"
                let index = unsafe request.failed_sysctl
                let subject = call.hasSuffix("(/proc/sys)") && index < sysctls.count ? sysctls[index].key : "sandbox"
                return .failure(SysError(call: call, subject: subject, errno: Errno(-code)))
            }
        }
        let made = try result.get()
        network = Self.own(made.network)
        ipc = Self.own(made.ipc)
        uts = Self.own(made.uts)
        pid = Self.own(made.pid)
        initProcess = made.initProcess
    }

    /// The open descriptors by the names of the runtime-spec, "network", "ipc", "uts", "pid"; valid while this value lives.
    package var numbers: [(name: String, number: Int32)] {
        var numbers: [(name: String, number: Int32)] = []
        switch network {
        case .some(let descriptor): numbers.append(("network", descriptor.raw))
        case .none: break
        }
        switch ipc {
        case .some(let descriptor): numbers.append(("ipc", descriptor.raw))
        case .none: break
        }
        switch uts {
        case .some(let descriptor): numbers.append(("uts", descriptor.raw))
        case .none: break
        }
        switch pid {
        case .some(let descriptor): numbers.append(("pid", descriptor.raw))
        case .none: break
        }
        return numbers
    }

    /// The file of a sysctl: dots separate, unless the name already has slashes ("net/ipv4/conf/eth0.100/rp_filter").
    package static func path(of sysctl: String) -> String {
        let name =
            PathText.hasSlash(sysctl)
            ? sysctl : String(decoding: sysctl.utf8.map { $0 == 0x2E ? 0x2F : $0 }, as: UTF8.self)
        return "/proc/sys/" + name
    }

    private struct Made {
        let network, ipc, uts, pid, initProcess: Int32
        init(_ network: Int32, _ ipc: Int32, _ uts: Int32, _ pid: Int32, _ initProcess: Int32) {
            (self.network, self.ipc, self.uts, self.pid, self.initProcess) = (network, ipc, uts, pid, initProcess)
        }
    }

    private static func own(_ number: Int32) -> Descriptor? { number < 0 ? nil : Descriptor(owning: number) }
}
