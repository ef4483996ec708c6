import Glibc
import JSON
import Linux
import OCI
import TestSupport
import Testing

@testable import Images

private let roleVariable = "SWIFTLET_TEST_COLLECTOR"

private func role() -> String? { unsafe getenv(roleVariable).map { unsafe String(cString: $0) } }

@Suite("Garbage")
struct GarbageCollectorTests {
    @Test("what can be reached is what a slow search finds, whatever the graph", arguments: 0..<200 as Range<UInt64>)
    func reachable(seed: UInt64) {
        var dice = SeededGenerator(seed)
        let nodes = (0..<UInt8.random(in: 1...30, using: &dice)).map { StoreNode.content(ContentHash.digest(of: [$0])) }
        var edges: [StoreNode: [StoreNode]] = [:]
        for node in nodes {
            edges[node] = (0..<Int.random(in: 0...3, using: &dice)).compactMap { _ in nodes.randomElement(using: &dice)
            }
        }
        let roots = nodes.filter { _ in Int.random(in: 0..<6, using: &dice) == 0 }
        var expected = Set(roots)
        while true {
            let next = expected.union(expected.flatMap { edges[$0] ?? [] })
            if next == expected { break }
            expected = next
        }
        #expect(ReferenceGraph.reachable(from: roots) { edges[$0] ?? [] } == expected)
    }

    @Test("labels keep and lead as containerd's do")
    func labels() throws {
        let digest = ContentHash.digest(of: [1])
        #expect(CollectionLabels.isRoot(["containerd.io/gc.root": "2026-01-01T00:00:00Z"]))
        #expect(!CollectionLabels.isRoot(["containerd.io/gc.root": ""]))
        for name in [
            "containerd.io/gc.ref.content", "containerd.io/gc.ref.content.l.0", "containerd.io/gc.ref.content/x",
        ] {
            #expect(CollectionLabels.references([name: "\(digest)"]) == [.content(digest)])
        }
        #expect(
            CollectionLabels.references(["containerd.io/gc.ref.snapshot.overlayfs": "\(digest)"]) == [.layers(digest)]
        )
        #expect(CollectionLabels.references(["containerd.io/gc.ref.contents": "\(digest)"]) == [])
        #expect(CollectionLabels.references(["containerd.io/gc.ref.content": "web"]) == [])
    }

    @Test(
        "collections that break off anywhere remove nothing that is reachable, and in the end all the rest",
        arguments: 0..<12 as Range<UInt64>
    )
    func interrupted(seed: UInt64) throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-garbage")
        var dice = SeededGenerator(seed)
        let world = try GarbageWorld(root: directory.path, images: 6, dice: &dice)
        for _ in 0..<5 {
            // As after a kill: what the collector knows is what it finds.
            let (content, snapshots) = try world.open()
            let collector = GarbageCollector(content: content, snapshots: snapshots)
            var garbage = try collector.mark(keeping: world.roots)
            garbage.contents = garbage.contents.filter { _ in Bool.random(using: &dice) }
            garbage.layers = garbage.layers.filter { _ in Bool.random(using: &dice) }
            _ = try collector.sweep(garbage)
            try world.checkNothingMissing()
        }
        try world.collectAll()
        try world.checkNothingMissing()
        try world.checkNothingLeft()
    }

    @Test("a document that only resembles an index neither leads nor stops a collection")
    func pretender() throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-garbage")
        let content = try ContentStore(root: directory.path)
        let snapshots = try Snapshotter(root: directory.path)
        let pretender = try GarbageWorld.store(Array(#"{"manifests":[1]}"#.utf8), in: content)
        let other = try GarbageWorld.store([7], in: content)
        let collector = GarbageCollector(content: content, snapshots: snapshots)
        let garbage = try collector.mark(keeping: GarbageCollector.Roots(nodes: [.content(pretender)]))
        #expect(garbage.contents.map(\.digest) == [other])
    }

    @Test("what is leased, labelled or under a container stays; what a flat lease leads to does not")
    func kept() throws {
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-garbage")
        var dice = SeededGenerator(1)
        let world = try GarbageWorld(root: directory.path, images: 1, dice: &dice)
        let (content, snapshots) = try world.open()
        let collector = GarbageCollector(content: content, snapshots: snapshots)
        let manifest = try #require(world.manifests.first)
        let chains = try snapshots.list().compactMap { try? Digest($0.name) }  // keys of containers are none
        let flat = try collector.mark(keeping: GarbageCollector.Roots(flat: [.content(manifest)]))
        #expect(!flat.contents.map(\.digest).contains(manifest) && !flat.contents.isEmpty)
        let whole = try collector.mark(keeping: GarbageCollector.Roots(nodes: [.content(manifest)]))
        #expect(whole.layers.isEmpty && whole.contents.count < flat.contents.count)
        let loose = try #require(whole.contents.first?.digest)
        let labelled = try collector.mark(
            keeping: GarbageCollector.Roots(
                nodes: [.content(manifest)],
                labelled: [.content(manifest): [.content(loose)]]
            )
        )
        #expect(!labelled.contents.map(\.digest).contains(loose))
        let lease = content.leases.lease()
        lease.add([loose])
        #expect(!(try collector.mark(keeping: GarbageCollector.Roots()).contents.map(\.digest).contains(loose)))
        withExtendedLifetime(lease) {}
        _ = try snapshots.prepare(key: "container", parent: chains.last)
        let under = try collector.mark(keeping: GarbageCollector.Roots())
        #expect(under.layersOfContainers > 0)
    }
}

/// A real process is killed while it collects, again and again.
@Suite("Killed while collecting", .enabled(if: geteuid() == 0, "needs root"))
struct KilledCollectorTests {
    @Test("(the collector that is killed)", .enabled(if: role() != nil, "only inside \"kill -9 of a collector\""))
    func victim() throws {
        let root = try #require(role())
        let roots = String(decoding: try Files.read(root + ".roots"), as: UTF8.self).split(separator: "\n")
        let nodes = try roots.map { StoreNode.content(try Digest(String($0))) }
        let collector = GarbageCollector(
            content: try ContentStore(root: root),
            snapshots: try Snapshotter(root: root)
        )
        let garbage = try collector.mark(keeping: GarbageCollector.Roots(nodes: Set(nodes)))
        try Files.write(root + ".begun", [], mode: 0o600)
        _ = try collector.sweep(garbage)
        while true { pause() }
    }

    @Test("kill -9 of a collector leaves everything reachable, and the next one finishes")
    func kill() throws {
        try #require(role() == nil)
        let directory = try TemporaryDirectory(prefix: "swiftlet-test-garbage")
        let link = try Files.linkTarget("/proc/self/exe")
        let null = try Descriptor.open("/dev/null", O_WRONLY)
        var dice = SystemRandomNumberGenerator()
        var left: [Int] = []
        for round in 0..<5 {
            let root = directory.path + "/\(round)"
            let world = try GarbageWorld(root: root, images: 25, dice: &dice)
            let roots = world.roots.nodes.map(\.digest.description).joined(separator: "\n")
            try Files.write(root + ".roots", Array(roots.utf8), mode: 0o600)
            let victim = try Spawn.start(
                [link, "--testing-library", "swift-testing", "--filter", "KilledCollectorTests/victim"],
                environment: ["\(roleVariable)=\(root)", "PATH=/usr/bin:/bin"],
                standardOutput: null.raw,
                standardError: null.raw
            )
            for _ in 0..<4000 where !Files.exists(root + ".begun") { usleep(2000) }
            usleep(useconds_t.random(in: 0..<20_000))
            _ = Glibc.kill(victim, SIGKILL)
            #expect(try Spawn.wait(victim) == 128 + SIGKILL)
            left.append(try world.open().0.list().count)
            try world.checkNothingMissing()
            try world.collectAll()
            try world.checkNothingMissing()
            try world.checkNothingLeft()
        }
        print("KilledCollectorTests: blobs found after the kills: \(left)")
    }
}

/// Images at random that share layers, some of them named, and what must stay of them.
private struct GarbageWorld {
    let root: String
    private(set) var roots = GarbageCollector.Roots()
    private(set) var manifests: [Digest] = []
    private var keptContent: Set<Digest> = []
    private var keptLayers: Set<Digest> = []
    private let containers: [String]

    init(root: String, images: Int, dice: inout some RandomNumberGenerator) throws {
        self.root = root
        let content = try ContentStore(root: root)
        let snapshots = try Snapshotter(root: root)
        let layers = try (0..<UInt8(8)).map { try Self.store([0, $0], in: content) }
        var containers: [String] = []
        for number in 0..<images {
            let own = (0..<Int.random(in: 1...4, using: &dice)).compactMap { _ in layers.randomElement(using: &dice) }
            let diffs = own.map { "\"\($0)\"" }.joined(separator: ",")
            let config = try Self.store(
                Array(
                    #"{"architecture":"amd64","os":"linux","n":\#(number),"rootfs":{"type":"layers","diff_ids":[\#(diffs)]}}"#
                        .utf8
                ),
                in: content
            )
            func descriptor(_ digest: Digest, _ type: String) -> String {
                #"{"mediaType":"application/vnd.oci.image.\#(type)","digest":"\#(digest)","size":1}"#
            }
            let parts = own.map { descriptor($0, "layer.v1.tar") }.joined(separator: ",")
            let manifest = try Self.store(
                Array(
                    #"{"schemaVersion":2,"config":\#(descriptor(config, "config.v1+json")),"layers":[\#(parts)]}"#.utf8
                ),
                in: content
            )
            manifests.append(manifest)
            let chain = ChainID.chain(of: own) { ContentHash.digest(of: $0) }
            var below: Digest?
            for id in chain {
                if !snapshots.committed(id) {
                    try snapshots.commit(try snapshots.stage(above: nil), as: id, parent: below)
                }
                below = id
            }
            if Int.random(in: 0..<3, using: &dice) == 0 {
                roots.nodes.insert(.content(manifest))
                keptContent.formUnion([manifest, config] + own)
                keptLayers.formUnion(chain)
            } else if Int.random(in: 0..<4, using: &dice) == 0 {
                let key = "container-\(number)"
                _ = try snapshots.prepare(key: key, parent: below)
                containers.append(key)
                keptLayers.formUnion(chain)
            }
        }
        self.containers = containers
        for number in 0..<UInt8(20) { _ = try Self.store([1, number], in: content) }
    }

    static func store(_ bytes: [UInt8], in content: ContentStore) throws -> Digest {
        var writer = try content.write(label: "a blob")
        try writer.write(bytes)
        return try writer.commit().digest
    }

    func open() throws -> (ContentStore, Snapshotter) { (try ContentStore(root: root), try Snapshotter(root: root)) }

    func collectAll() throws {
        let (content, snapshots) = try open()
        let collector = GarbageCollector(content: content, snapshots: snapshots)
        _ = try collector.sweep(try collector.mark(keeping: roots))
    }

    func checkNothingMissing() throws {
        let (content, snapshots) = try open()
        for digest in keptContent { _ = try content.read(digest) }
        for chain in keptLayers { #expect(try !snapshots.layers(chain).isEmpty) }
        for key in containers { #expect(try !snapshots.mounts(key: key).isEmpty) }
    }

    func checkNothingLeft() throws {
        let (content, snapshots) = try open()
        #expect(Set(try content.list().map(\.digest)) == keptContent)
        let infos = try snapshots.list()
        #expect(Set(infos.filter { $0.kind == .committed }.map(\.name)) == Set(keptLayers.map(\.description)))
        #expect(try Files.list(root + "/snapshots/l").count == infos.count)
    }
}

/// Splitmix64: the same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
