import Linux

/// systemd's manager of units, of the machine or of one user.
///
/// One call at a time; made for short use: connect, ask, let go.
package struct SystemdManager: ~Copyable {
    /// Whose manager.
    package enum Scope: Hashable, Sendable {
        case system
        case user
    }

    /// A property of a unit, as StartTransientUnit takes it.
    package struct Property: Hashable, Sendable {
        package let name: String
        package let value: BusValue

        package init(_ name: String, _ value: BusValue) {
            self.name = name
            self.value = value
        }

        var wire: BusValue { .structure([.string(name), .variant(value)]) }
    }

    private static let object = "/org/freedesktop/systemd1"
    private static let interface = "org.freedesktop.systemd1.Manager"
    private var connection: BusConnection
    /// nil on a direct connection.
    private let destination: String?

    private init(_ connection: consuming BusConnection, direct: Bool) {
        self.connection = connection
        destination = direct ? nil : "org.freedesktop.systemd1"
    }

    /// Connects: to systemd itself, or through the message bus where only that is there.
    ///
    /// - Parameter environment: Looks a variable up; for `.user` DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR count.
    package static func connect(_ scope: Scope, environment: (String) -> String?) throws(BusError) -> SystemdManager {
        var failures: [String] = []
        for (path, direct) in sockets(scope, environment) {
            do throws(BusError) {
                var manager = SystemdManager(try BusConnection.open(path), direct: direct)
                if !direct { try manager.introduce() }
                return manager
            } catch {
                failures.append("\(error)")
            }
        }
        let who = scope == .user ? "the user's systemd" : "systemd"
        if failures.isEmpty { failures = ["neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set"] }
        throw BusError(.unreachable, "\(who) cannot be reached: \(failures.joined(separator: "; "))")
    }

    /// What a message bus wants to hear first; systemd itself sends signals unasked.
    private mutating func introduce() throws(BusError) {
        let bus = "org.freedesktop.DBus"
        _ = try connection.call("Hello", on: bus, at: "/org/freedesktop/DBus", of: bus)
        let rule = "type='signal',interface='\(Self.interface)',member='JobRemoved',path='\(Self.object)'"
        _ = try connection.call("AddMatch", on: bus, at: "/org/freedesktop/DBus", of: bus, [.string(rule)])
        _ = try call("Subscribe")
    }

    /// The sockets to try, best first; true for one of systemd itself.
    static func sockets(_ scope: Scope, _ environment: (String) -> String?) -> [(String, Bool)] {
        guard scope == .user else {
            return [("/run/systemd/private", true), ("/run/dbus/system_bus_socket", false)]
        }
        var sockets: [(String, Bool)] = []
        if let runtime = environment("XDG_RUNTIME_DIR"), runtime.hasPrefix("/") {
            sockets = [(runtime + "/systemd/private", true), (runtime + "/bus", false)]
        }
        let address = environment("DBUS_SESSION_BUS_ADDRESS") ?? ""
        for part in address.split(separator: ";") where part.hasPrefix("unix:path=") {
            let path = String(part.dropFirst("unix:path=".count).prefix { $0 != "," })
            if !sockets.contains(where: { $0.0 == path }) { sockets.append((path, false)) }
        }
        return sockets
    }

    private mutating func call(_ member: String, _ body: [BusValue] = []) throws(BusError) -> [BusValue] {
        try connection.call(member, on: Self.interface, at: Self.object, of: destination, body)
    }

    /// Waits for the end of the job that a call has queued, 30 seconds at most.
    private mutating func finish(_ answer: [BusValue], _ unit: String, _ what: String) throws(BusError) {
        guard let job = answer.first?.text else { throw BusError(.malformed, "\(what) \(unit): no job came back") }
        let signal = try connection.signal(milliseconds: 30_000, waitingFor: "\(what) \(unit)") { message in
            message.member == "JobRemoved" && message.body.count == 4 && message.body[1].text == job
        }
        let result = signal.body[3].text ?? ""
        if result != "done" { throw BusError(.job, "\(what) \(unit): systemd says \"\(result)\"") }
    }

    /// Starts a transient scope or slice and waits until it is there.
    ///
    /// - Throws: `.refused`, named "org.freedesktop.systemd1.UnitExists" if there is one of that name.
    package mutating func startTransient(_ unit: String, _ properties: [Property]) throws(BusError) {
        let answer = try call(
            "StartTransientUnit",
            [
                .string(unit), .string("fail"), .array("(sv)", properties.map(\.wire)),
                .array("(sa(sv))", []),
            ]
        )
        try finish(answer, unit, "start the unit")
    }

    /// Stops a unit and waits for its end; one that is not loaded is fine.
    package mutating func stop(_ unit: String) throws(BusError) {
        do {
            try finish(try call("StopUnit", [.string(unit), .string("replace")]), unit, "stop the unit")
        } catch where error.name == "org.freedesktop.systemd1.NoSuchUnit" {
            return
        }
    }

    /// Forgets that a unit failed; one that is not loaded is fine.
    package mutating func resetFailed(_ unit: String) throws(BusError) {
        do {
            _ = try call("ResetFailedUnit", [.string(unit)])
        } catch where error.name == "org.freedesktop.systemd1.NoSuchUnit" {
            return
        }
    }

    /// Changes properties of a running unit until the machine's next start.
    package mutating func setProperties(_ unit: String, _ properties: [Property]) throws(BusError) {
        _ = try call(
            "SetUnitProperties",
            [.string(unit), .boolean(true), .array("(sv)", properties.map(\.wire))]
        )
    }

    /// A property of the manager itself: "Version", "ControlGroup".
    package mutating func property(_ name: String) throws(BusError) -> BusValue? {
        try connection.call(
            "Get",
            on: "org.freedesktop.DBus.Properties",
            at: Self.object,
            of: destination,
            [.string(Self.interface), .string(name)]
        ).first
    }

    /// The major version: "252.39-1~deb12u1" is 252. 0 if it says none.
    package mutating func version() throws(BusError) -> Int {
        Int((try property("Version")?.text ?? "").drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
    }
}
