import Linux

/// Makes cgroups of version 1 inherit CPUs and memory nodes from their parents without a write for each of them.
///
/// A write to a cpuset takes locks of the whole machine and can wait a tenth of a second where many cgroups come and go.
/// With `cgroup.clone_children` the kernel copies the parent's values when a directory is made (cgroup-v1/cgroups.rst), and
/// runtimes find nothing left to write.
enum CpusetInheritance {
    /// Prepares the cgroups above a pod's. Whatever fails only costs time: runtimes write the values themselves then.
    ///
    /// - Parameter parent: Of the pod's containers, relative to the root of the hierarchy: "/kubepods/burstable/podUID".
    static func prepare(above parent: String) {
        guard let mount = CgroupTrees.shared.cpuset, parent.hasPrefix("/") else { return }
        var path = mount
        for part in parent.split(separator: "/").dropLast() where part != ".." {
            let above = path
            path += "/" + part
            do {
                if !Files.exists(path) { try Files.makeDirectories(path) }
                if try Files.readText(path + "/cgroup.clone_children") == "1" { continue }
                for file in ["/cpuset.cpus", "/cpuset.mems"] where try Files.readText(path + file).isEmpty {
                    try Files.put(try Files.readText(above + file), to: path + file)
                }
                try Files.put("1", to: path + "/cgroup.clone_children")
            } catch {
                return
            }
        }
    }
}
