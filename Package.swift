// swift-tools-version: 6.2
import PackageDescription

// Every target of ours is built with these; see docs/architecture.md ("Modules") for the layers.
let swiftletSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let cSettings: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-Wconversion"]),
]

// The shim and the runtime must start in under a millisecond and hold one thread: no dynamic libraries, no Foundation.
// Released, they carry no symbols, equal functions once, and no index of unwind tables: nothing in them unwinds.
// They begin at an entry point of CLinux, which has them run from a file that no container can write to (seal.c).
func staticExecutable(entry: String) -> [LinkerSetting] {
    [
        .unsafeFlags(["-static-executable", "-Xlinker", "--entry=\(entry)"]),
        .unsafeFlags(
            ["-Xlinker", "-s", "-Xlinker", "--icf=safe", "-Xlinker", "--no-eh-frame-hdr"],
            .when(configuration: .release)
        ),
    ]
}

let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "containerd-shim-swiftlet-v1", targets: ["containerd-shim-swiftlet-v1"]),
        .executable(name: "swiftlet-oci", targets: ["swiftlet-oci"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    ],
    targets: [
        // Layer 0: C
        .target(name: "CLinux", cSettings: cSettings),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),

        // Layer 1
        .target(name: "Linux", dependencies: ["CLinux"]),
        .target(name: "JSON"),

        // Layer 2
        .target(name: "OCI", dependencies: ["JSON"]),
        .target(name: "TTRPC", dependencies: ["Linux"]),
        .target(name: "Systemd", dependencies: ["Linux"]),
        .target(name: "KubernetesAPI", dependencies: ["JSON", .product(name: "Yams", package: "Yams")]),

        // Layer 3
        .target(name: "Facts", dependencies: ["KubernetesAPI", "OCI", "JSON"]),
        .target(
            name: "EventLog",
            dependencies: [
                "Linux",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "OCIRuntime", dependencies: ["OCI", "JSON", "Linux", "Systemd", "CLinux", "CSeccomp"]),
        .target(name: "Journal", dependencies: ["Linux", "CSystemd"]),

        // Layer 4
        .target(name: "Reconciler", dependencies: ["Facts", "KubernetesAPI"]),
        .target(
            name: "Images",
            dependencies: [
                "OCI", "JSON", "Linux", "CCurl", "CArchive", .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "PodNetwork", dependencies: ["Linux", "JSON"]),

        // Layer 5
        .target(
            name: "RuntimeCore",
            dependencies: ["Images", "PodNetwork", "TTRPC", "OCI", "EventLog", "Facts", "Linux", "JSON"]
        ),

        // Layer 6
        .target(
            name: "NodeAgent",
            dependencies: [
                "RuntimeCore", "Images", "Reconciler", "EventLog", "Facts", "KubernetesAPI", "Journal", "PodNetwork",
                "OCI", "JSON", "Linux",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]
        ),

        // Layer 7
        .target(
            name: "HTTPAPI",
            dependencies: [
                "NodeAgent", "RuntimeCore", "Images", "KubernetesAPI", "EventLog", "Facts", "TTRPC", "OCI", "JSON",
                "Linux",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "CommandLine",
            dependencies: [
                "KubernetesAPI", "JSON", "Linux", "CCurl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // Layer 8: thin mains
        .executableTarget(
            name: "swiftlet",
            dependencies: [
                "NodeAgent", "HTTPAPI", "CommandLine", "Linux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .executableTarget(
            name: "containerd-shim-swiftlet-v1",
            dependencies: ["TTRPC", "OCIRuntime", "OCI", "JSON", "Linux"],
            linkerSettings: staticExecutable(entry: "swl_start_sealed")
        ),
        .executableTarget(
            name: "swiftlet-oci",
            dependencies: ["OCIRuntime", "OCI", "JSON", "Linux"],
            linkerSettings: staticExecutable(entry: "swl_start_commands")
        ),

        // Tests mirror Sources; TestSupport is never part of a product.
        .target(name: "TestSupport", dependencies: ["Linux"], path: "Tests/TestSupport"),
        .target(
            name: "CPowerLoss",
            path: "Tests/CPowerLoss",
            cSettings: cSettings,
            linkerSettings: [.linkedLibrary("sqlite3")]
        ),
        .executableTarget(
            name: "fuzz",
            dependencies: ["NodeAgent", "KubernetesAPI", "Images", "OCIRuntime", "TTRPC", "OCI", "JSON", "Linux"],
            path: "Tests/fuzz",
            exclude: ["seeds"]
        ),
        .executableTarget(name: "store-hammer", dependencies: ["EventLog"], path: "Tests/store-hammer"),
        .executableTarget(name: "json-bench", dependencies: ["KubernetesAPI", "JSON"], path: "Benchmarks/json"),
        .executableTarget(name: "event-log-bench", dependencies: ["EventLog", "Linux"], path: "Benchmarks/eventlog"),
        .testTarget(name: "LinuxTests", dependencies: ["Linux", "CLinux", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
        .testTarget(name: "OCITests", dependencies: ["OCI", "JSON", "Linux", "TestSupport"]),
        .testTarget(name: "TTRPCTests", dependencies: ["TTRPC", "Linux", "TestSupport"]),
        .testTarget(name: "KubernetesAPITests", dependencies: ["KubernetesAPI", "JSON", "TestSupport"]),
        .testTarget(
            name: "FactsTests",
            dependencies: ["Facts", "KubernetesAPI", "JSON", "TestSupport"],
            exclude: ["Fixtures"]
        ),
        .testTarget(
            name: "EventLogTests",
            dependencies: [
                "EventLog", "JSON", "Linux", "TestSupport", "CPowerLoss", "store-hammer",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            exclude: ["Fixtures"]
        ),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd", "Linux", "TestSupport"]),
        .testTarget(
            name: "OCIRuntimeTests",
            dependencies: ["OCIRuntime", "OCI", "JSON", "Linux", "Systemd", "TestSupport"]
        ),
        .testTarget(name: "JournalTests", dependencies: ["Journal", "Linux", "TestSupport"]),
        .testTarget(
            name: "ReconcilerTests",
            dependencies: ["Reconciler", "Facts", "KubernetesAPI", "JSON", "TestSupport"]
        ),
        .testTarget(name: "ImagesTests", dependencies: ["Images", "OCI", "JSON", "Linux", "TestSupport"]),
        .testTarget(name: "RuntimeCoreTests", dependencies: ["RuntimeCore", "OCI", "TTRPC", "Linux", "TestSupport"]),
        .testTarget(name: "PodNetworkTests", dependencies: ["PodNetwork", "Linux", "TestSupport"]),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: [
                "NodeAgent", "RuntimeCore", "Images", "Reconciler", "EventLog", "Facts", "KubernetesAPI", "Journal",
                "OCI",
                "JSON",
                "Linux", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "NodeAgent", "EventLog", "Facts", "KubernetesAPI", "TTRPC", "JSON", "Linux", "TestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "CommandLine", "KubernetesAPI", "JSON", "Linux", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(
            name: "ShimTests",
            dependencies: ["TTRPC", "OCI", "JSON", "Linux", "TestSupport"]
        ),
        .testTarget(name: "PackageTests", dependencies: ["JSON", "Linux", "TestSupport"]),
        .testTarget(name: "SystemTests", dependencies: ["JSON", "Linux", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type == .regular || target.type == .executable || target.type == .test {
    guard !target.name.hasPrefix("C") || target.name == "CommandLine" || target.name == "CommandLineTests" else {
        continue
    }
    target.swiftSettings = swiftletSettings
    // Linked into every shim, and run a few times in a container's life: size counts more than speed there.
    if ["OCI", "OCIRuntime", "TTRPC", "Systemd", "containerd-shim-swiftlet-v1"].contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(["-Osize"], .when(configuration: .release)))
    }
}
