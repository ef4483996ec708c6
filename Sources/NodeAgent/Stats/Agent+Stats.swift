import EventLog
import Glibc
package import KubernetesAPI
import Linux
package import RuntimeCore

/// A container of a pod with what it uses.
package struct ContainerUsage: Sendable {
    package var pod: StatsSummary.Reference
    package var podStarted: Time?
    package var name: String
    package var id: String
    package var image: String
    package var startedAt: Time?
    package var usage: CgroupUsage
    fileprivate var logDirectory: String
    fileprivate var podCgroup: String
}

extension Agent {
    /// The containers that run, with what their cgroups say. Costs a few reads of small files for each.
    package func containerUsages() async -> [ContainerUsage] {
        var found: [ContainerUsage] = []
        for object in store.objects(resource: PodStream.resource, namespace: nil).items {
            guard let pod = try? decode(Pod.self, object.bytes) else { continue }  // then it is not counted
            found += runningContainers(of: pod)
        }
        let listed = found
        let read = try? await statsPool.run {
            listed.map { container in
                var container = container
                container.usage = CgroupUsage.read("\(container.podCgroup)/\(container.id)")
                return container
            }
        }
        return read ?? []  // the agent stops
    }

    private func runningContainers(of pod: Pod) -> [ContainerUsage] {
        let reference = StatsSummary.Reference(
            name: pod.metadata.name,
            namespace: pod.metadata.namespace,
            uid: pod.metadata.uid
        )
        let all =
            pod.status.initContainerStatuses + pod.status.containerStatuses + pod.status.ephemeralContainerStatuses
        return all.compactMap { status in
            guard let running = status.state.running, let colon = status.containerID.firstRange(of: "://") else {
                return nil
            }
            return ContainerUsage(
                pod: reference,
                podStarted: pod.status.startTime,
                name: status.name,
                id: String(status.containerID[colon.upperBound...]),
                image: status.image,
                startedAt: running.startedAt,
                usage: CgroupUsage(),
                logDirectory: directories.podLogs(
                    namespace: reference.namespace,
                    name: reference.name,
                    uid: reference.uid
                )
                    + "/" + status.name,
                podCgroup: podCgroup(pod)
            )
        }
    }

    /// kubelet's `/stats/summary`.
    ///
    /// - Parameter onlyCPUAndMemory: Leaves out what has to be measured on disk.
    package func statsSummary(onlyCPUAndMemory: Bool = false) async -> StatsSummary {
        var containers = await containerUsages()
        if !rates.hasSamples {
            // The first question ever: without a second sample no rate could be told.
            note(containers)
            try? await Task.sleep(for: .milliseconds(150))  // cut short, the rates are missing
            containers = await containerUsages()
        }
        let time = Time(microsecondsSince1970: clock())
        var pods: [StatsSummary.PodStats] = []
        for (reference, members) in Dictionary(grouping: containers, by: \.pod).sorted(by: { $0.key < $1.key }) {
            guard let first = members.first else { continue }
            let whole = (try? await statsPool.run { CgroupUsage.read(first.podCgroup) }) ?? CgroupUsage()  // as above
            var stats: [StatsSummary.ContainerStats] = []
            for member in members { stats.append(await self.stats(of: member, time, disk: !onlyCPUAndMemory)) }
            let disk = stats.flatMap { [$0.rootfs?.usedBytes, $0.logs?.usedBytes] }.compactMap(\.self).reduce(0, +)
            var podCPU = cpu(whole, "pod/" + reference.uid, time)
            if podCPU?.usageNanoCores == nil {
                podCPU?.usageNanoCores = stats.compactMap(\.cpu?.usageNanoCores).reduce(0, +)
            }
            pods.append(
                StatsSummary.PodStats(
                    podRef: reference,
                    startTime: first.podStarted,
                    containers: stats,
                    cpu: podCPU,
                    memory: Self.memory(whole, time),
                    ephemeralStorage: onlyCPUAndMemory ? nil : StatsSummary.FileSystem(time: time, usedBytes: disk),
                    processStats: whole.processes.map(StatsSummary.Processes.init)
                )
            )
        }
        rates.keep(Set(containers.flatMap { [$0.id, "pod/" + $0.pod.uid] } + ["node"]))
        return StatsSummary(node: await nodeStats(time), pods: pods)
    }

    private func note(_ containers: [ContainerUsage]) {
        let now = clock()
        for container in containers {
            if let total = container.usage.cpuNanoseconds { _ = rates.rate(of: container.id, total: total, at: now) }
        }
        _ = rates.rate(of: "node", total: NodeUsage.read().cpuNanoseconds, at: now)
    }

    private func stats(of container: ContainerUsage, _ time: Time, disk: Bool) async -> StatsSummary.ContainerStats {
        let usage = container.usage
        var stats = StatsSummary.ContainerStats(
            name: container.name,
            startTime: container.startedAt,
            cpu: cpu(usage, container.id, time),
            memory: Self.memory(usage, time),
            swap: usage.swapBytes.map { StatsSummary.Swap(time: time, swapUsageBytes: $0) },
            processStats: usage.processes.map(StatsSummary.Processes.init),
            io: StatsSummary.InputOutput(time: time, readBytes: usage.readBytes, writtenBytes: usage.writtenBytes)
        )
        guard disk else { return stats }
        let whole = FileSystemSpace.read(configuration.root)
        // A container that goes away meanwhile has no layer any more.
        if let layer = try? await core.writableLayer(of: container.id) {
            stats.rootfs = Self.fileSystem(whole, time, used: UInt64(clamping: layer.bytes), inodes: layer.inodes)
        }
        let logs = try? await statsPool.run { try TreeWalk.usage(container.logDirectory) }
        if let logs {
            let space = FileSystemSpace.read(configuration.logDirectory)
            stats.logs = Self.fileSystem(space, time, used: UInt64(clamping: logs.bytes), inodes: logs.inodes)
        }
        return stats
    }

    private func cpu(_ usage: CgroupUsage, _ key: String, _ time: Time) -> StatsSummary.CPU? {
        guard let total = usage.cpuNanoseconds else { return nil }
        return StatsSummary.CPU(
            time: time,
            usageNanoCores: rates.rate(of: key, total: total, at: clock()),
            usageCoreNanoSeconds: total
        )
    }

    private static func memory(_ usage: CgroupUsage, _ time: Time) -> StatsSummary.Memory? {
        guard let bytes = usage.memoryBytes else { return nil }
        let left = usage.memoryLimitBytes.map { limit in
            let used = usage.workingSetBytes ?? bytes
            return limit > used ? limit - used : 0
        }
        return StatsSummary.Memory(
            time: time,
            availableBytes: left,
            usageBytes: bytes,
            workingSetBytes: usage.workingSetBytes,
            rssBytes: usage.rssBytes,
            pageFaults: usage.pageFaults,
            majorPageFaults: usage.majorPageFaults
        )
    }

    private func nodeStats(_ time: Time) async -> StatsSummary.NodeStats {
        let usage = NodeUsage.read()
        let space = FileSystemSpace.read(configuration.root)
        let disk = Self.fileSystem(space, time, used: space?.used, inodes: space.map { Int64(clamping: $0.inodesUsed) })
        return StatsSummary.NodeStats(
            nodeName: nodeName,
            startTime: Time(secondsSince1970: time.secondsSince1970 - Int64(usage.uptimeSeconds)),
            cpu: StatsSummary.CPU(
                time: time,
                usageNanoCores: rates.rate(of: "node", total: usage.cpuNanoseconds, at: clock()),
                usageCoreNanoSeconds: usage.cpuNanoseconds
            ),
            memory: StatsSummary.Memory(
                time: time,
                availableBytes: usage.memoryAvailable,
                usageBytes: usage.memoryTotal - min(usage.memoryTotal, usage.memoryFree),
                workingSetBytes: usage.memoryTotal - min(usage.memoryTotal, usage.memoryAvailable)
            ),
            fs: disk,
            runtime: StatsSummary.Runtime(imageFs: disk, containerFs: disk),
            rlimit: StatsSummary.ProcessLimit(time: time, maxpid: usage.maximumPID, curproc: usage.processes)
        )
    }

    private static func fileSystem(
        _ space: FileSystemSpace?,
        _ time: Time,
        used: UInt64?,
        inodes: Int64?
    ) -> StatsSummary.FileSystem {
        StatsSummary.FileSystem(
            time: time,
            availableBytes: space?.available,
            capacityBytes: space?.capacity,
            usedBytes: used,
            inodesFree: space?.inodesFree,
            inodes: space?.inodes,
            inodesUsed: inodes.map(UInt64.init(clamping:))
        )
    }
}

extension StatsSummary.Reference: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.namespace, left.name, left.uid) < (right.namespace, right.name, right.uid)
    }
}
