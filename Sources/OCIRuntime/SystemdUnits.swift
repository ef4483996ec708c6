import Linux
import OCI
import Systemd

/// Asks systemd for a container's unit.
enum SystemdUnits {
    private static func manager(_ user: Bool) throws(RuntimeError) -> SystemdManager {
        do {
            return try SystemdManager.connect(user ? .user : .system) { ProcessEnvironment.value($0) }
        } catch {
            throw RuntimeError(
                .unsupported,
                step: "use the systemd cgroup driver",
                cause: "\(error)",
                errno: error.errno,
                hint: "run without --systemd-cgroup where systemd does not run"
            )
        }
    }

    /// Where the user's systemd is in the version 2 tree.
    static func userGroup() throws(RuntimeError) -> String {
        var manager = try manager(true)
        return try asking("find the user's cgroup") { () throws(BusError) in
            try manager.property("ControlGroup")?.text ?? ""
        }
    }

    /// Makes the unit around a process, which systemd moves into it.
    static func start(
        _ unit: SystemdUnit,
        id: String,
        process: Int32,
        resources: RuntimeSpec.Resources,
        mode: CgroupMode
    ) throws(RuntimeError) {
        var manager = try manager(unit.user)
        let version = try asking("ask systemd") { () throws(BusError) in try manager.version() }
        let properties =
            try SystemdProperties.identity(unit, id: id, process: process, mode: mode)
            + SystemdProperties.limits(resources, mode: mode, version: version)
            + SystemdProperties.devices(try DeviceRules(resources.devices ?? [])) + unit.extra
        try asking("start the systemd unit") { () throws(BusError) in
            do throws(BusError) {
                try manager.startTransient(unit.name, properties)
            } catch  where error.name == "org.freedesktop.systemd1.UnitExists" {
                // What an earlier container of the name left behind as "failed" is in the way.
                try manager.resetFailed(unit.name)
                try manager.startTransient(unit.name, properties)
            }
        }
    }

    /// Tells systemd of new limits, so that it does not bring back the old ones.
    static func update(
        _ unit: SystemdUnit,
        _ resources: RuntimeSpec.Resources,
        mode: CgroupMode
    ) throws(RuntimeError) {
        var manager = try manager(unit.user)
        let version = try asking("ask systemd") { () throws(BusError) in try manager.version() }
        var properties = try SystemdProperties.limits(resources, mode: mode, version: version)
        if let devices = resources.devices, !devices.isEmpty {
            properties += SystemdProperties.devices(try DeviceRules(devices))
        }
        guard !properties.isEmpty else { return }
        try asking("change the systemd unit") { () throws(BusError) in
            try manager.setProperties(unit.name, properties)
        }
    }

    /// Takes the unit away; one that is gone is fine.
    static func stop(_ unit: SystemdUnit) throws(RuntimeError) {
        var manager = try manager(unit.user)
        try asking("stop the systemd unit") { () throws(BusError) in
            try manager.stop(unit.name)
            try manager.resetFailed(unit.name)
        }
    }

    private static func asking<T>(_ step: String, _ body: () throws(BusError) -> T) throws(RuntimeError) -> T {
        do {
            return try body()
        } catch {
            throw RuntimeError(.system, step: step, cause: "\(error)", errno: error.errno)
        }
    }
}
