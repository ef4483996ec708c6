import JSON
import OCI

extension Container {
    /// Plans a container that nobody asked for and forgets it, so that the first real one finds all code paged in and all
    /// types known: that is a third of what its creation takes. For a process that waits anyway; changes nothing.
    package static func rehearse() throws {
        let text = try JSONCoding.encode(RuntimeSpec.template)
        var spec = try JSONCoding.decode(RuntimeSpec.self, from: text)
        spec.process?.terminal = false
        let options = CreateOptions(id: "rehearsal", bundle: "/", stdio: .descriptors(input: 0, output: 1, errors: 2))
        let host = try HostFacts.read(for: spec)
        let layout = try options.cgroupDriver.layout(spec, id: options.id, mounts: host.mounts, user: false)
        let input = ContainerPlan.Input(id: options.id, bundle: options.bundle, spec: spec, host: host, cgroup: layout)
        let plan = try ContainerPlan(input)
        _ = try StageProgram(plan.steps, arguments: plan.arguments, environment: plan.environment)
    }
}
