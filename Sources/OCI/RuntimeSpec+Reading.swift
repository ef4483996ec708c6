package import JSON

// What nearly every config.json has reads itself, the rest is left to synthesised Codable: a runtime starts, reads one
// document and ends, and would spend a tenth of its time on what Codable makes at the first use of each type
// (docs/decisions/0083-readable-specification.md). A test compares both ways for right and wrong documents.

extension RuntimeSpec: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            ociVersion: try members.required("ociVersion"),
            process: try members.optional("process"),
            root: try members.optional("root"),
            hostname: try members.optional("hostname"),
            domainname: try members.optional("domainname"),
            mounts: try members.optional("mounts"),
            hooks: try members.optional("hooks"),
            annotations: try members.optional("annotations"),
            linux: try members.optional("linux")
        )
    }
}

extension RuntimeSpec.Root: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(path: try members.required("path"), readonly: try members.optional("readonly"))
    }
}

extension RuntimeSpec.Mount: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            destination: try members.required("destination"),
            type: try members.optional("type"),
            source: try members.optional("source"),
            options: try members.optional("options"),
            uidMappings: try members.optional("uidMappings"),
            gidMappings: try members.optional("gidMappings")
        )
    }
}

extension RuntimeSpec.IDMapping: JSONReadable {
    package init(reading members: JSONMembers) throws {
        self.init(
            containerID: try members.required("containerID"),
            hostID: try members.required("hostID"),
            size: try members.required("size")
        )
    }
}
