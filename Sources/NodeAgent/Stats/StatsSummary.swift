package import KubernetesAPI

/// What the node, its pods and their containers use: the document that kubelet serves as `/stats/summary`
/// (k8s.io/kubelet/pkg/apis/stats/v1alpha1). Numbers that this machine does not count are left out.
package struct StatsSummary: Codable, Sendable {
    package var node: NodeStats
    package var pods: [PodStats]

    package struct NodeStats: Codable, Sendable {
        package var nodeName: String
        package var startTime: Time
        package var cpu: CPU?
        package var memory: Memory?
        package var fs: FileSystem?
        package var runtime: Runtime?
        package var rlimit: ProcessLimit?
    }

    package struct Runtime: Codable, Sendable {
        package var imageFs: FileSystem?
        package var containerFs: FileSystem?
    }

    package struct PodStats: Codable, Sendable {
        package var podRef: Reference
        package var startTime: Time?
        package var containers: [ContainerStats]
        package var cpu: CPU?
        package var memory: Memory?
        package var ephemeralStorage: FileSystem?
        package var processStats: Processes?

        private enum CodingKeys: String, CodingKey {
            case podRef, startTime, containers, cpu, memory
            case ephemeralStorage = "ephemeral-storage"
            case processStats = "process_stats"
        }
    }

    package struct Reference: Codable, Hashable, Sendable {
        package var name: String
        package var namespace: String
        package var uid: String
    }

    package struct ContainerStats: Codable, Sendable {
        package var name: String
        package var startTime: Time?
        package var cpu: CPU?
        package var memory: Memory?
        /// The writable layer.
        package var rootfs: FileSystem?
        package var logs: FileSystem?
        package var swap: Swap?
        package var processStats: Processes?
        /// Bytes read and written on block devices; kubelet has no word for them.
        package var io: InputOutput?

        private enum CodingKeys: String, CodingKey {
            case name, startTime, cpu, memory, rootfs, logs, swap, io
            case processStats = "process_stats"
        }
    }

    package struct CPU: Codable, Sendable {
        package var time: Time
        /// Over the time since the last sample.
        package var usageNanoCores: UInt64?
        package var usageCoreNanoSeconds: UInt64?
    }

    package struct Memory: Codable, Sendable {
        package var time: Time
        package var availableBytes: UInt64?
        package var usageBytes: UInt64?
        package var workingSetBytes: UInt64?
        package var rssBytes: UInt64?
        package var pageFaults: UInt64?
        package var majorPageFaults: UInt64?
    }

    package struct Swap: Codable, Sendable {
        package var time: Time
        package var swapUsageBytes: UInt64?
    }

    package struct FileSystem: Codable, Sendable {
        package var time: Time
        package var availableBytes: UInt64?
        package var capacityBytes: UInt64?
        package var usedBytes: UInt64?
        package var inodesFree: UInt64?
        package var inodes: UInt64?
        package var inodesUsed: UInt64?
    }

    package struct Processes: Codable, Sendable {
        package var processCount: UInt64

        private enum CodingKeys: String, CodingKey { case processCount = "process_count" }
    }

    package struct InputOutput: Codable, Sendable {
        package var time: Time
        package var readBytes: UInt64?
        package var writtenBytes: UInt64?
    }

    package struct ProcessLimit: Codable, Sendable {
        package var time: Time
        package var maxpid: Int64?
        package var curproc: Int64?
    }
}
