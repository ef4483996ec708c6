import Linux

/// The claim of one `create` on a container's state directory, for as long as the container is being made (flock(2)).
///
/// The kernel lets go of it when the process ends, however it ends: that tells a container that is being made from one
/// whose making was interrupted. The first process has a copy until it closes the descriptors of the runtime.
struct CreateClaim: ~Copyable {
    private let directory: Descriptor

    /// Makes the directory and claims it.
    ///
    /// - Parameter clear: Is called while an existing directory is claimed: removes it if it is what an interrupted
    ///   create left, and says whether it was.
    /// - Throws: `.exists` if there is a container, or one is being made.
    init(_ path: String, id: String, clear: () throws(RuntimeError) -> Bool) throws(RuntimeError) {
        // Again after each time that somebody else removed it meanwhile, and at last not.
        for _ in 0..<100 {
            let isNew = try Self.make(path)
            guard let directory = try Self.open(path) else { continue }
            // The one who clears a directory that was just made has it for a moment only.
            let has = try doing("claim the state directory") { () throws(SysError) in try directory.lock(waits: isNew) }
            guard has else { throw Self.exists(id) }
            guard Files.isSame(directory.raw, path) else { continue }
            if isNew {
                self.directory = directory
                return
            }
            guard try clear() else { throw Self.exists(id) }
        }
        throw Self.exists(id)
    }

    /// True while a container is being made there.
    static func isHeld(_ path: String) throws(RuntimeError) -> Bool {
        guard let directory = try open(path) else { return false }
        return try doing("look at the state directory") { () throws(SysError) in
            try !directory.lock(shared: true, waits: false)
        }
    }

    /// - Returns: false if it exists.
    private static func make(_ path: String) throws(RuntimeError) -> Bool {
        do {
            try Files.makeDirectory(path, mode: 0o700)
            return true
        } catch  where error.errno == .exists {
            return false
        } catch {
            throw RuntimeError(error, step: "make the state directory")
        }
    }

    private static func open(_ path: String) throws(RuntimeError) -> Descriptor? {
        do {
            return try Descriptor.openDirectory(path)
        } catch  where error.errno == .noEntry {
            return nil
        } catch {
            throw RuntimeError(error, step: "open the state directory")
        }
    }

    private static func exists(_ id: String) -> RuntimeError {
        RuntimeError(
            .exists,
            step: "container",
            subject: "\"\(id)\"",
            cause: "container with given ID already exists"
        )
    }
}
