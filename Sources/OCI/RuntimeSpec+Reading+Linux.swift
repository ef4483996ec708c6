package import JSON

extension RuntimeSpec.Linux: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            uidMappings: try members.optional("uidMappings"),
            gidMappings: try members.optional("gidMappings"),
            sysctl: try members.optional("sysctl"),
            resources: try members.optional("resources"),
            cgroupsPath: try members.optional("cgroupsPath"),
            namespaces: try members.optional("namespaces"),
            devices: try members.optional("devices"),
            netDevices: try members.optional("netDevices"),
            seccomp: try members.optional("seccomp"),
            rootfsPropagation: try members.optional("rootfsPropagation"),
            maskedPaths: try members.optional("maskedPaths"),
            readonlyPaths: try members.optional("readonlyPaths"),
            mountLabel: try members.optional("mountLabel"),
            intelRdt: try members.optional("intelRdt"),
            personality: try members.optional("personality"),
            timeOffsets: try members.optional("timeOffsets"),
            memoryPolicy: try members.optional("memoryPolicy")
        )
    }
}

extension RuntimeSpec.Namespace: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(type: try members.required("type"), path: try members.optional("path"))
    }
}

extension RuntimeSpec.Device: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            type: try members.required("type"),
            path: try members.required("path"),
            major: try members.optional("major"),
            minor: try members.optional("minor"),
            fileMode: try members.optional("fileMode"),
            uid: try members.optional("uid"),
            gid: try members.optional("gid")
        )
    }
}

extension RuntimeSpec.Seccomp: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            defaultAction: try members.required("defaultAction"),
            defaultErrnoRet: try members.optional("defaultErrnoRet"),
            architectures: try members.optional("architectures"),
            flags: try members.optional("flags"),
            listenerPath: try members.optional("listenerPath"),
            listenerMetadata: try members.optional("listenerMetadata"),
            syscalls: try members.optional("syscalls")
        )
    }
}

extension RuntimeSpec.Seccomp.Rule: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            names: try members.required("names"),
            action: try members.required("action"),
            errnoRet: try members.optional("errnoRet"),
            args: try members.optional("args")
        )
    }
}

extension RuntimeSpec.Seccomp.Argument: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            index: try members.required("index"),
            value: try members.required("value"),
            valueTwo: try members.optional("valueTwo"),
            op: try members.required("op")
        )
    }
}

extension RuntimeSpec.Resources: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            devices: try members.optional("devices"),
            memory: try members.optional("memory"),
            cpu: try members.optional("cpu"),
            pids: try members.optional("pids"),
            blockIO: try members.optional("blockIO"),
            hugepageLimits: try members.optional("hugepageLimits"),
            network: try members.optional("network"),
            rdma: try members.optional("rdma"),
            unified: try members.optional("unified")
        )
    }
}

extension RuntimeSpec.DeviceRule: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            allow: try members.required("allow"),
            type: try members.optional("type"),
            major: try members.optional("major"),
            minor: try members.optional("minor"),
            access: try members.optional("access")
        )
    }
}

extension RuntimeSpec.Memory: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            limit: try members.optional("limit"),
            reservation: try members.optional("reservation"),
            swap: try members.optional("swap"),
            kernel: try members.optional("kernel"),
            kernelTCP: try members.optional("kernelTCP"),
            swappiness: try members.optional("swappiness"),
            disableOOMKiller: try members.optional("disableOOMKiller"),
            useHierarchy: try members.optional("useHierarchy"),
            checkBeforeUpdate: try members.optional("checkBeforeUpdate")
        )
    }
}

extension RuntimeSpec.CPU: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            shares: try members.optional("shares"),
            quota: try members.optional("quota"),
            burst: try members.optional("burst"),
            period: try members.optional("period"),
            realtimeRuntime: try members.optional("realtimeRuntime"),
            realtimePeriod: try members.optional("realtimePeriod"),
            cpus: try members.optional("cpus"),
            mems: try members.optional("mems"),
            idle: try members.optional("idle")
        )
    }
}

extension RuntimeSpec.Pids: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(limit: try members.optional("limit"))
    }
}
