/// The modules of the package, their layers, and what each may import of ours. `docs/architecture.md` prints the same
/// table, and a test compares the two.
struct ModuleRow: Hashable {
    let name: String
    let layer: Int
    /// Only these, and only if they lie on a lower layer.
    let mayImport: Set<String>

    init(_ layer: Int, _ name: String, _ mayImport: Set<String> = []) {
        self.name = name
        self.layer = layer
        self.mayImport = mayImport
    }
}

enum ModuleTable {
    static let rows: [ModuleRow] = [
        ModuleRow(0, "CLinux"),
        ModuleRow(0, "CSystemd"),
        ModuleRow(0, "CSeccomp"),
        ModuleRow(0, "CCurl"),
        ModuleRow(0, "CArchive"),
        ModuleRow(1, "Linux", ["CLinux"]),
        ModuleRow(1, "JSON"),
        ModuleRow(2, "OCI", ["JSON"]),
        ModuleRow(2, "TTRPC", ["Linux"]),
        ModuleRow(2, "Systemd", ["Linux"]),
        ModuleRow(2, "KubernetesAPI", ["JSON"]),
        ModuleRow(3, "Facts", ["KubernetesAPI", "OCI", "JSON"]),
        ModuleRow(3, "EventLog", ["Linux", "JSON"]),
        ModuleRow(3, "OCIRuntime", ["OCI", "JSON", "Linux", "Systemd", "CLinux", "CSeccomp"]),
        ModuleRow(3, "Journal", ["Linux", "CSystemd"]),
        ModuleRow(4, "Reconciler", ["Facts", "KubernetesAPI"]),
        ModuleRow(4, "Images", ["OCI", "JSON", "Linux", "CCurl", "CArchive"]),
        ModuleRow(4, "PodNetwork", ["Linux", "JSON"]),
        ModuleRow(
            5,
            "RuntimeCore",
            ["Images", "PodNetwork", "TTRPC", "OCI", "EventLog", "Facts", "Linux", "JSON"]
        ),
        ModuleRow(
            6,
            "NodeAgent",
            [
                "RuntimeCore", "Images", "PodNetwork", "Reconciler", "EventLog", "Facts", "KubernetesAPI", "Journal",
                "OCI",
                "JSON",
                "Linux",
            ]
        ),
        ModuleRow(
            7,
            "HTTPAPI",
            [
                "NodeAgent", "RuntimeCore", "Images", "KubernetesAPI", "EventLog", "Facts", "TTRPC", "OCI", "JSON",
                "Linux",
            ]
        ),
        ModuleRow(7, "CommandLine", ["KubernetesAPI", "JSON", "Linux", "CCurl"]),
        ModuleRow(8, "swiftlet", ["NodeAgent", "HTTPAPI", "CommandLine", "Linux"]),
        ModuleRow(8, "containerd-shim-swiftlet-v1", ["TTRPC", "OCIRuntime", "OCI", "JSON", "Linux"]),
        ModuleRow(8, "swiftlet-oci", ["OCIRuntime", "OCI", "JSON", "Linux"]),
    ]

    static func row(_ name: String) -> ModuleRow? { rows.first { $0.name == name } }

    /// Who alone may import a module of others; every other module of ours goes through these.
    static let soleImporters: [String: Set<String>] = [
        "Hummingbird": ["HTTPAPI"],
        "GRDB": ["EventLog"],
        "GRDBSQLite": ["EventLog"],
        "CSystemd": ["Journal"],
        "CSeccomp": ["OCIRuntime"],
        "CCurl": ["Images", "CommandLine"],
        "CArchive": ["Images"],
        "Yams": ["KubernetesAPI"],
        "TOMLKit": ["NodeAgent"],
    ]

    /// The same by the beginning of the name: HummingbirdCore, HummingbirdTLS; NIOCore, NIOPosix, NIOSSL and so on.
    static let soleImportersByPrefix: [String: Set<String>] = [
        "Hummingbird": ["HTTPAPI"],
        "NIO": ["HTTPAPI"],
    ]

    /// Without Foundation: the layers below the domain, and what is linked statically.
    static var withoutFoundation: [String] {
        rows.filter { $0.layer <= 3 && !$0.name.hasPrefix("C") }.map(\.name) + staticExecutables
    }

    /// Without Swift concurrency: one `Task` makes threads, and a process with threads cannot enter a user namespace.
    static let withoutConcurrency = ["Linux", "JSON", "OCI", "TTRPC", "Systemd", "OCIRuntime"] + staticExecutables

    static let staticExecutables = ["containerd-shim-swiftlet-v1", "swiftlet-oci"]
}
