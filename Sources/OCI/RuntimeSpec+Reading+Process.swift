package import JSON

extension RuntimeSpec.Process: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            terminal: try members.optional("terminal"),
            consoleSize: try members.optional("consoleSize"),
            user: try members.optional("user"),
            args: try members.optional("args"),
            env: try members.optional("env"),
            cwd: try members.required("cwd"),
            capabilities: try members.optional("capabilities"),
            rlimits: try members.optional("rlimits"),
            noNewPrivileges: try members.optional("noNewPrivileges"),
            apparmorProfile: try members.optional("apparmorProfile"),
            oomScoreAdj: try members.optional("oomScoreAdj"),
            scheduler: try members.optional("scheduler"),
            selinuxLabel: try members.optional("selinuxLabel"),
            ioPriority: try members.optional("ioPriority"),
            execCPUAffinity: try members.optional("execCPUAffinity")
        )
    }
}

extension RuntimeSpec.User: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            // Go programs leave zero ids in; other writers leave them out, and the schema allows that.
            uid: try members.optional("uid") ?? 0,
            gid: try members.optional("gid") ?? 0,
            umask: try members.optional("umask"),
            additionalGids: try members.optional("additionalGids")
        )
    }
}

extension RuntimeSpec.Capabilities: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            bounding: try members.optional("bounding"),
            effective: try members.optional("effective"),
            inheritable: try members.optional("inheritable"),
            permitted: try members.optional("permitted"),
            ambient: try members.optional("ambient")
        )
    }
}

extension RuntimeSpec.Rlimit: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            type: try members.required("type"),
            hard: try members.required("hard"),
            soft: try members.required("soft")
        )
    }
}
