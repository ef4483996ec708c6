extension RuntimeSpec {
    /// What the container's cgroup allows (config-linux.md, "Control groups"). Absent means: leave as it is.
    package struct Resources: Encodable, Hashable, Sendable {
        /// Rules for device nodes, in order.
        package var devices: [DeviceRule]?
        package var memory: Memory?
        package var cpu: CPU?
        package var pids: Pids?
        package var blockIO: BlockIO?
        package var hugepageLimits: [HugepageLimit]?
        package var network: Network?
        /// By device: "mlx5_1".
        package var rdma: [String: Rdma]?
        /// Files of cgroup v2, as written: "memory.high" -> "1073741824".
        package var unified: [String: String]?

        package init(
            devices: [DeviceRule]? = nil,
            memory: Memory? = nil,
            cpu: CPU? = nil,
            pids: Pids? = nil,
            blockIO: BlockIO? = nil,
            hugepageLimits: [HugepageLimit]? = nil,
            network: Network? = nil,
            rdma: [String: Rdma]? = nil,
            unified: [String: String]? = nil
        ) {
            self.devices = devices
            self.memory = memory
            self.cpu = cpu
            self.pids = pids
            self.blockIO = blockIO
            self.hugepageLimits = hugepageLimits
            self.network = network
            self.rdma = rdma
            self.unified = unified
        }
    }

    /// Whether a device node may be used.
    package struct DeviceRule: Encodable, Hashable, Sendable {
        package var allow: Bool
        /// "a" (all), "c" or "b"; absent: all.
        package var type: String?
        /// Absent: every number.
        package var major: Int64?
        package var minor: Int64?
        /// Of "r", "w", "m".
        package var access: String?

        package init(
            allow: Bool,
            type: String? = nil,
            major: Int64? = nil,
            minor: Int64? = nil,
            access: String? = nil
        ) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    /// Bytes; -1 lifts a limit.
    package struct Memory: Encodable, Hashable, Sendable {
        package var limit: Int64?
        /// A soft limit.
        package var reservation: Int64?
        /// Memory and swap together, as in cgroup v1.
        package var swap: Int64?
        /// Not recommended by the specification.
        package var kernel: Int64?
        package var kernelTCP: Int64?
        /// 0 to 100.
        package var swappiness: UInt64?
        package var disableOOMKiller: Bool?
        package var useHierarchy: Bool?
        /// On update: fail if the new limit is below the current use.
        package var checkBeforeUpdate: Bool?

        package init(
            limit: Int64? = nil,
            reservation: Int64? = nil,
            swap: Int64? = nil,
            kernel: Int64? = nil,
            kernelTCP: Int64? = nil,
            swappiness: UInt64? = nil,
            disableOOMKiller: Bool? = nil,
            useHierarchy: Bool? = nil,
            checkBeforeUpdate: Bool? = nil
        ) {
            self.limit = limit
            self.reservation = reservation
            self.swap = swap
            self.kernel = kernel
            self.kernelTCP = kernelTCP
            self.swappiness = swappiness
            self.disableOOMKiller = disableOOMKiller
            self.useHierarchy = useHierarchy
            self.checkBeforeUpdate = checkBeforeUpdate
        }
    }

    /// Times in microseconds.
    package struct CPU: Encodable, Hashable, Sendable {
        /// 2 to 262144, in the words of cgroup v1.
        package var shares: UInt64?
        /// Run time per period; -1: no limit.
        package var quota: Int64?
        /// Run time that may be saved up for a later period.
        package var burst: UInt64?
        package var period: UInt64?
        package var realtimeRuntime: Int64?
        package var realtimePeriod: UInt64?
        /// As in cpuset(7): "0-3,7".
        package var cpus: String?
        package var mems: String?
        /// 1: SCHED_IDLE for the whole cgroup.
        package var idle: Int64?

        package init(
            shares: UInt64? = nil,
            quota: Int64? = nil,
            burst: UInt64? = nil,
            period: UInt64? = nil,
            realtimeRuntime: Int64? = nil,
            realtimePeriod: UInt64? = nil,
            cpus: String? = nil,
            mems: String? = nil,
            idle: Int64? = nil
        ) {
            self.shares = shares
            self.quota = quota
            self.burst = burst
            self.period = period
            self.realtimeRuntime = realtimeRuntime
            self.realtimePeriod = realtimePeriod
            self.cpus = cpus
            self.mems = mems
            self.idle = idle
        }
    }

    /// How many tasks.
    package struct Pids: Encodable, Hashable, Sendable {
        /// -1: no limit. Required by 1.2, optional since 1.3.
        package var limit: Int64?

        package init(
            limit: Int64? = nil
        ) {
            self.limit = limit
        }
    }

    /// Limits of block devices.
    package struct BlockIO: Codable, Hashable, Sendable {
        /// 10 to 1000.
        package var weight: UInt16?
        package var leafWeight: UInt16?
        package var weightDevice: [WeightDevice]?
        package var throttleReadBpsDevice: [ThrottleDevice]?
        package var throttleWriteBpsDevice: [ThrottleDevice]?
        package var throttleReadIOPSDevice: [ThrottleDevice]?
        package var throttleWriteIOPSDevice: [ThrottleDevice]?

        package init(
            weight: UInt16? = nil,
            leafWeight: UInt16? = nil,
            weightDevice: [WeightDevice]? = nil,
            throttleReadBpsDevice: [ThrottleDevice]? = nil,
            throttleWriteBpsDevice: [ThrottleDevice]? = nil,
            throttleReadIOPSDevice: [ThrottleDevice]? = nil,
            throttleWriteIOPSDevice: [ThrottleDevice]? = nil
        ) {
            self.weight = weight
            self.leafWeight = leafWeight
            self.weightDevice = weightDevice
            self.throttleReadBpsDevice = throttleReadBpsDevice
            self.throttleWriteBpsDevice = throttleWriteBpsDevice
            self.throttleReadIOPSDevice = throttleReadIOPSDevice
            self.throttleWriteIOPSDevice = throttleWriteIOPSDevice
        }

        /// A weight for one device.
        package struct WeightDevice: Codable, Hashable, Sendable {
            package var major: Int64
            package var minor: Int64
            package var weight: UInt16?
            package var leafWeight: UInt16?

            package init(
                major: Int64,
                minor: Int64,
                weight: UInt16? = nil,
                leafWeight: UInt16? = nil
            ) {
                self.major = major
                self.minor = minor
                self.weight = weight
                self.leafWeight = leafWeight
            }
        }

        /// A rate for one device, in bytes or operations per second.
        package struct ThrottleDevice: Codable, Hashable, Sendable {
            package var major: Int64
            package var minor: Int64
            package var rate: UInt64

            package init(
                major: Int64,
                minor: Int64,
                rate: UInt64
            ) {
                self.major = major
                self.minor = minor
                self.rate = rate
            }
        }
    }

    /// A limit for huge pages of one size.
    package struct HugepageLimit: Codable, Hashable, Sendable {
        /// "2MB", "1GB"
        package var pageSize: String
        /// Bytes.
        package var limit: UInt64

        package init(
            pageSize: String,
            limit: UInt64
        ) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    /// net_cls and net_prio of cgroup v1.
    package struct Network: Codable, Hashable, Sendable {
        package var classID: UInt32?
        package var priorities: [InterfacePriority]?

        package init(
            classID: UInt32? = nil,
            priorities: [InterfacePriority]? = nil
        ) {
            self.classID = classID
            self.priorities = priorities
        }

        /// The priority of traffic that leaves by one interface.
        package struct InterfacePriority: Codable, Hashable, Sendable {
            package var name: String
            package var priority: UInt32

            package init(
                name: String,
                priority: UInt32
            ) {
                self.name = name
                self.priority = priority
            }
        }
    }

    /// Limits of an RDMA device.
    package struct Rdma: Codable, Hashable, Sendable {
        package var hcaHandles: UInt32?
        package var hcaObjects: UInt32?

        package init(
            hcaHandles: UInt32? = nil,
            hcaObjects: UInt32? = nil
        ) {
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }
}
