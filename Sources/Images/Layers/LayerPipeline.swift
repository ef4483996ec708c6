import Glibc
import Linux
import OCI
import Synchronization

/// Unpacks the layers of one image side by side, each as soon as its content is in the store.
///
/// Layers depend on those below them in three ways only: for the look of a directory that they do not describe, for what
/// a whiteout hides, and for the target of a hard link. A layer that needs one of these waits until all below it are
/// unpacked; the others do not. The lowest layer that is there is always begun first, and who waits makes room for
/// another, so that nobody waits for a layer that cannot begin.
///
/// Nothing is visible before `finish`. Each layer has a thread while it is unpacked.
package final class LayerPipeline: Sendable {
    private enum Phase {
        case missing, available, running
        case done(Snapshotter.StagedLayer, describesRoot: Bool)
        case failed
    }

    private struct State {
        var phases: [Phase]
        var running = 0
        var failure: (index: Int, error: ImageError)?
        var isOver = false
    }

    /// The layers to unpack; those below are unpacked already.
    private let layers: ArraySlice<UnpackedImage.Layer>
    /// The directories of what is unpacked already, the top one first.
    private let below: [String]
    private let parent: Digest?
    private let store: ContentStore
    private let snapshots: Snapshotter
    private let limits: UnpackLimits
    private let parallel: Int
    private let progress: @Sendable (UnpackProgress) -> Void
    private let state: Mutex<State>
    /// Open when the layer has ended, well or not.
    private let gates: [Gate]

    /// - Parameters:
    ///   - layers: Of the whole image, the lowest first.
    ///   - progress: Called on the threads that unpack.
    init(
        _ layers: [UnpackedImage.Layer],
        store: ContentStore,
        snapshots: Snapshotter,
        limits: UnpackLimits,
        progress: @escaping @Sendable (UnpackProgress) -> Void
    ) throws(ImageError) {
        let present = layers.prefix { snapshots.committed($0.chainID) }
        for layer in present { progress(.present(layer.digest)) }
        self.layers = layers[present.endIndex...]
        parent = present.last?.chainID
        below = try parent.map { (chain) throws(ImageError) in try snapshots.layers(chain) } ?? []
        self.store = store
        self.snapshots = snapshots
        self.limits = limits
        self.progress = progress
        parallel = max(2, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let count = self.layers.count
        state = Mutex(State(phases: Array(repeating: .missing, count: count)))
        gates = (0..<count).map { _ in Gate() }
    }

    deinit { abandon() }

    // MARK: From outside

    /// The content of a layer is in the store.
    func available(_ digest: Digest) {
        state.withLock { state in
            for (index, layer) in layers.enumerated() where layer.digest == digest {
                if case .missing = state.phases[index] { state.phases[index] = .available }
            }
        }
        schedule()
    }

    func allAvailable() { for layer in layers { available(layer.digest) } }

    /// Waits until all layers are unpacked and makes them visible, the lowest first.
    ///
    /// - Throws: Why the lowest layer that failed did; then nothing of them stays.
    func finish() throws(ImageError) {
        for gate in gates { gate.wait() }
        if let failure = state.withLock({ $0.failure }) {
            drop()
            throw failure.error
        }
        var staged: [Snapshotter.StagedLayer] = []
        var lower = below.first
        for phase in state.withLock({ $0.phases }) {
            guard case .done(let layer, let describesRoot) = phase else {
                throw .cancelled(what: "unpacking the image")
            }
            if !describesRoot, let lower { try snapshots.dress(layer, like: lower) }
            lower = layer.path
            staged.append(layer)
        }
        guard let top = staged.last else { return }
        try doing("writing the unpacked layers to the disk") { () throws(SysError) in
            let file = try Descriptor.open(top.path, O_RDONLY | O_DIRECTORY)
            try syncFileSystem(file.raw, subject: top.path)
        }
        var parent = parent
        for (layer, directory) in zip(layers, staged) {
            try snapshots.commit(directory, as: layer.chainID, parent: parent)
            parent = layer.chainID
        }
    }

    /// Stops what is unpacked and waits until it has stopped.
    func abandon() {
        let waitsForNobody = state.withLock { state in
            state.isOver = true
            return close(&state)
        }
        for index in waitsForNobody { gates[index].open() }
        for gate in gates { gate.wait() }
        drop()
    }

    /// Lets go of what is unpacked, which removes it. A thread that is about to end must not keep it.
    private func drop() {
        let unpacked = state.withLock { state in
            let phases = state.phases
            state.phases = phases.map { _ in .failed }
            return phases
        }
        withExtendedLifetime(unpacked) {}
    }

    // MARK: Threads

    /// Marks what was not begun as failed; its gates are to be opened.
    private func close(_ state: inout State) -> [Int] {
        var closed: [Int] = []
        for index in state.phases.indices {
            switch state.phases[index] {
            case .missing, .available:
                state.phases[index] = .failed
                closed.append(index)
            case .running, .done, .failed: break
            }
        }
        return closed
    }

    private func schedule() {
        while true {
            let next: Int? = state.withLock { state in
                guard !state.isOver, state.running < parallel else { return nil }
                let index = state.phases.firstIndex { if case .available = $0 { true } else { false } }
                guard let index else { return nil }
                state.phases[index] = .running
                state.running += 1
                return index
            }
            guard let next else { return }
            PosixThread.start(name: "swl-unpack") { [self] in run(next) }
        }
    }

    private func run(_ index: Int) {
        for other in settle(index) { gates[other].open() }
        gates[index].open()
        schedule()
    }

    /// Unpacks a layer and notes how it ended. Nothing of it is held any more when this returns: who waits for the gate may
    /// want to see it gone.
    ///
    /// - Returns: Layers that will not be begun any more.
    private func settle(_ index: Int) -> [Int] {
        let result: Result<Phase, ImageError>
        do throws(ImageError) {
            result = .success(try unpack(index))
        } catch {
            result = .failure(error)
        }
        return state.withLock { state in
            state.running -= 1
            switch result {
            case .success(let phase):
                state.phases[index] = phase
                return []
            case .failure(let error):
                state.phases[index] = .failed
                // What stopped because another failed says nothing.
                let isFirst = !state.isOver
                if isFirst || (state.failure.map { index < $0.index && !error.isCancelled } ?? false) {
                    state.failure = (index, error)
                }
                state.isOver = true
                return close(&state)
            }
        }
    }

    private func unpack(_ index: Int) throws(ImageError) -> Phase {
        let layer = layers[layers.startIndex + index]
        let label = "the layer \(layer.digest)"
        let directory = try snapshots.stage(above: nil)
        let stream = try ByteStream(
            try store.open(layer.digest),
            label: label,
            limit: limits.archiveBytesPerLayer,
            hashing: .sha256
        )
        let parents = ParentLayers(exist: index > 0 || !below.isEmpty) { [self] () throws(SysError) in
            try directories(below: index)
        }
        let extractor = try LayerExtractor(into: directory.path, parents: parents, limits: limits, label: label)
        var reported: Int64 = 0
        try extractor.extract(TarReader(stream)) { bytes throws(ImageError) in
            if state.withLock({ $0.isOver }) { throw .cancelled(what: label) }
            guard bytes - reported >= 4 << 20 else { return }
            reported = bytes
            progress(.unpacking(layer.digest, bytes: bytes))
        }
        // What follows the end of the tar belongs to the hash.
        try stream.drain()
        if let actual = stream.digest, actual != layer.diffID {
            throw .digestMismatch(what: "\(label), uncompressed,", expected: layer.diffID, actual: actual)
        }
        progress(.unpacked(layer.digest, entries: extractor.entries, bytes: extractor.bytes))
        return .done(directory, describesRoot: extractor.describesRoot)
    }

    /// Waits until the layers below are unpacked; another may begin meanwhile.
    private func directories(below index: Int) throws(SysError) -> [String] {
        state.withLock { $0.running -= 1 }
        schedule()
        for gate in gates[..<index] { gate.wait() }
        let phases = state.withLock { state in
            state.running += 1
            return state.phases
        }
        var paths = below
        for phase in phases[..<index] {
            guard case .done(let layer, _) = phase else {
                throw SysError(call: "unpack", subject: "a lower layer", errno: Errno(ECANCELED))
            }
            paths.insert(layer.path, at: 0)
        }
        return paths
    }
}

/// Lets threads through once it is open, for ever.
private final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: Int)>((false, 0))
    private let semaphore = Semaphore()

    func wait() {
        let mustWait = state.withLock { state in
            if !state.isOpen { state.waiting += 1 }
            return !state.isOpen
        }
        if mustWait { semaphore.wait() }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = 0 }
            return state.waiting
        }
        for _ in 0..<waiting { semaphore.signal() }
    }
}
