import CLinux
import Linux

/// A child that runs a stage, seen from its parent.
struct StagedChild: ~Copyable {
    let pid: Int32
    let process: ProcessDescriptor
    let socket: Descriptor

    /// What the child says.
    enum Report: ~Copyable {
        /// It waits at a rendezvous until `proceed`.
        case waits(Step.Rendezvous)
        /// The master of its terminal.
        case console(Descriptor)
        /// It loaded a filter that notifies, by a descriptor of this number of its own.
        case listener(Int32)
        /// Everything before the start is done.
        case ready
        /// A step failed; the child is ending.
        case failed(step: Int, errno: Errno, note: String)
        /// It executed the program, or died without a word.
        case closed
    }

    borrowing func nextReport() throws(SysError) -> Report {
        var report = swl_report()
        var received: Int32 = -1
        let raw = socket.raw
        let more = try swl("recvmsg", "the container's init") {
            unsafe swl_report_receive(raw, &report, &received)
        }
        if more == 0 { return .closed }
        switch report.kind {
        case UInt32(SWL_REPORT_SYNC.rawValue):
            guard let point = Step.Rendezvous(rawValue: report.token) else { break }
            return .waits(point)
        case UInt32(SWL_REPORT_CONSOLE.rawValue):
            if received >= 0 { return .console(Descriptor(owning: received)) }
        case UInt32(SWL_REPORT_READY.rawValue): return .ready
        case UInt32(SWL_REPORT_LISTENER.rawValue): return .listener(Int32(bitPattern: report.token))
        case UInt32(SWL_REPORT_ERROR.rawValue):
            return .failed(step: Int(report.step), errno: Errno(report.error), note: Self.note(report))
        default: break
        }
        throw SysError(call: "recvmsg", subject: "the container's init", errno: Errno(71))  // EPROTO
    }

    /// Lets the child go on after a rendezvous, or start when it waits on the socket.
    borrowing func proceed() throws(SysError) {
        try Descriptor.send(socket.raw, [1], subject: "the container's init")
    }

    /// Keeps the process and closes the socket.
    consuming func intoProcess() -> ProcessDescriptor { process }

    /// A second handle to the same child.
    borrowing func second() throws(SysError) -> StagedChild {
        StagedChild(
            pid: pid,
            process: ProcessDescriptor(owning: try process.descriptor.duplicate()),
            socket: try socket.duplicate()
        )
    }

    /// Kills the child and reaps it.
    borrowing func abandon() {
        // Gone already is as good.
        try? process.signal(9)
        // The zombie is the only thing left; without the right to wait there is nothing to do about it.
        _ = try? Child.wait(pid)
    }

    /// The error of a report.
    static func error(_ steps: [Step], step: Int, errno: Errno, note: String) -> RuntimeError {
        let title = steps.indices.contains(step) ? steps[step].title : ("start the container", "")
        var hint: String?
        var subject = title.1
        var cause = "\(errno)"
        let failed = steps.indices.contains(step) ? steps[step] : .ready
        switch failed {
        case .execute: subject = note
        case .findExecutable(_, let name) where errno == .noEntry && !name.contains("/"):
            cause = "executable file not found in $PATH"
        default: if !note.isEmpty { cause += ": " + note }
        }
        // A note says the reason already.
        if note.isEmpty, errno == .notPermitted || errno == .accessDenied {
            hint = Self.permissionHint(
                failed,
                userNamespace: steps.contains { step in
                    if case .rootIDs = step { return true }
                    return false
                }
            )
        }
        if errno == .tooManyLinks { hint = Self.linkHint(failed) }
        return RuntimeError(
            errno == .notPermitted ? .refused : .system,
            step: title.0,
            subject: subject,
            cause: cause,
            errno: errno,
            hint: hint
        )
    }

    private static func permissionHint(_ step: Step, userNamespace: Bool) -> String? {
        switch step {
        case .resourceLimit: return "raising a limit needs CAP_SYS_RESOURCE"
        case .findExecutable, .execute: return nil
        case .mount, .bind, .pivot, .root, .device, .symlink, .readOnlyPath, .mask, .console:
            return userNamespace
                ? "the rootfs must belong to ids that the user namespace maps, and its root must be able to reach it"
                : "mounting needs CAP_SYS_ADMIN"
        default: return nil
        }
    }

    private static func linkHint(_ step: Step) -> String? {
        switch step {
        case .mount, .bind, .device, .symlink, .mask, .readOnlyPath:
            "a symbolic link in the image is not followed on the way there"
        default: nil
        }
    }

    /// Reads a record that the child wrote to a result descriptor.
    static func failure(inRecord bytes: [UInt8]) -> (step: Int, errno: Errno, note: String)? {
        guard bytes.count == MemoryLayout<swl_report>.size else { return nil }
        var report = swl_report()
        unsafe withUnsafeMutableBytes(of: &report) { unsafe $0.copyBytes(from: bytes) }
        return (Int(report.step), Errno(report.error), note(report))
    }

    private static func note(_ report: swl_report) -> String {
        unsafe withUnsafeBytes(of: report.text) { text in
            unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
