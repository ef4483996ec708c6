import JSON
import OCI

// Read and written by hand, as config.json is (see RuntimeSpec+Reading.swift); a test compares it with Codable.

extension StoredState: JSONReadable {
    init(reading members: JSONMembers) throws {
        self.init(
            version: try members.required("version"),
            ociVersion: try members.required("ociVersion"),
            id: try members.required("id"),
            bundle: try members.required("bundle"),
            rootfs: try members.required("rootfs"),
            annotations: try members.optional("annotations"),
            created: try members.required("created"),
            owner: try members.required("owner"),
            ownPidNamespace: try members.required("ownPidNamespace"),
            cgroupMode: try members.required("cgroupMode"),
            cgroups: try members.required("cgroups"),
            unit: try members.optional("unit"),
            hooks: try members.optional("hooks"),
            mountsBefore: try members.optional("mountsBefore"),
            resctrlGroups: try members.optional("resctrlGroups")
        )
    }

    func text() throws -> [UInt8] {
        var writer = JSONWriter(reserving: 4096)
        writer.beginObject()
        writer.key("version")
        writer.int(version)
        writer.key("ociVersion")
        writer.string(ociVersion)
        writer.key("id")
        writer.string(id)
        writer.key("bundle")
        writer.string(bundle)
        writer.key("rootfs")
        writer.string(rootfs)
        if let annotations {
            writer.key("annotations")
            writer.beginObject()
            for (key, value) in annotations.sorted(by: { $0.key < $1.key }) {
                writer.key(key)
                writer.string(value)
            }
            writer.endObject()
        }
        writer.key("created")
        writer.string(created)
        writer.key("owner")
        writer.int(owner)
        writer.key("ownPidNamespace")
        writer.bool(ownPidNamespace)
        writer.key("cgroupMode")
        writer.string(cgroupMode)
        writer.key("cgroups")
        writer.beginArray()
        for tree in cgroups { tree.write(to: &writer) }
        writer.endArray()
        if let unit {
            writer.key("unit")
            try writer.encode(unit)
        }
        if let hooks {
            writer.key("hooks")
            try writer.encode(hooks)
        }
        if let mountsBefore {
            writer.key("mountsBefore")
            writer.strings(mountsBefore)
        }
        if let resctrlGroups {
            writer.key("resctrlGroups")
            writer.strings(resctrlGroups)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension StoredState.Tree: JSONReadable {
    init(reading members: JSONMembers) throws {
        self.init(
            version: try members.required("version"),
            controllers: try members.required("controllers"),
            mountPoint: try members.required("mountPoint"),
            path: try members.required("path")
        )
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("version")
        writer.int(version)
        writer.key("controllers")
        writer.strings(controllers)
        writer.key("mountPoint")
        writer.string(mountPoint)
        writer.key("path")
        writer.string(path)
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func strings(_ list: [String]) {
        beginArray()
        for text in list { string(text) }
        endArray()
    }
}
