import OCI
import Systemd

/// A container's resources as properties of a unit (systemd.resource-control(5), org.freedesktop.systemd1(5)).
enum SystemdProperties {
    typealias Property = SystemdManager.Property

    /// What the unit is and whom it holds.
    static func identity(_ unit: SystemdUnit, id: String, process: Int32, mode: CgroupMode) -> [Property] {
        var properties = [
            Property("Description", .string("swiftlet-oci container " + id)),
            Property("DefaultDependencies", .boolean(false)),
        ]
        if unit.isSlice {
            properties.append(Property("Wants", .strings([unit.slice])))
        } else {
            properties.append(Property("Slice", .string(unit.slice)))
            // The container's processes may have cgroups of their own below.
            properties.append(Property("Delegate", .boolean(true)))
            properties.append(Property("PIDs", .array("u", [.uint32(UInt32(bitPattern: process))])))
        }
        let block = mode == .v2 ? "IOAccounting" : "BlockIOAccounting"
        for name in ["MemoryAccounting", "CPUAccounting", block, "TasksAccounting"] {
            properties.append(Property(name, .boolean(true)))
        }
        return properties
    }

    /// The limits that systemd knows; the others are written into the cgroup by us alone.
    static func limits(
        _ resources: RuntimeSpec.Resources,
        mode: CgroupMode,
        version: Int
    ) throws(RuntimeError) -> [Property] {
        var properties: [Property] = []
        func number(_ name: String, _ value: UInt64) { properties.append(Property(name, .uint64(value))) }
        func limit(_ name: String, _ value: Int64?) {
            if let value, value != 0 { number(name, value < 0 ? .max : UInt64(value)) }
        }
        if let memory = resources.memory {
            limit(mode == .v2 ? "MemoryMax" : "MemoryLimit", memory.limit)
            if mode == .v2 {
                limit("MemoryLow", memory.reservation)
                if let swap = try CgroupLimits.swap(memory, CurrentLimits()) {
                    number("MemorySwapMax", swap < 0 ? .max : UInt64(swap))
                }
            }
        }
        if let cpu = resources.cpu {
            if let shares = cpu.shares, shares != 0 {
                number(
                    mode == .v2 ? "CPUWeight" : "CPUShares",
                    mode == .v2 ? CgroupLimits.weight(shares: shares) : shares
                )
            }
            if mode == .v2, cpu.idle == 1, version >= 252 {
                properties.removeAll { $0.name == "CPUWeight" }
                number("CPUWeight", 0)
            }
            if let period = cpu.period, period != 0, version >= 242 { number("CPUQuotaPeriodUSec", period) }
            if let quota = cpu.quota, quota != 0 {
                number("CPUQuotaPerSecUSec", quotaPerSecond(quota, period: cpu.period ?? 0))
            }
            if mode == .v2, version >= 244 {
                for (name, list) in [("AllowedCPUs", cpu.cpus), ("AllowedMemoryNodes", cpu.mems)] {
                    if let list, !list.isEmpty { properties.append(Property(name, .bytes(try bitmap(list)))) }
                }
            }
        }
        limit("TasksMax", resources.pids?.limit)
        if let weight = resources.blockIO?.weight, weight != 0 {
            if mode == .v2 {
                number("IOWeight", 1 + (UInt64(max(weight, 10)) - 10) * 9999 / 990)
            } else {
                number("BlockIOWeight", UInt64(weight))
            }
        }
        if mode == .v2 { properties += unified(resources.unified ?? [:]) }
        return properties
    }

    /// Microseconds per second of wall time; systemd keeps whole percents, so up to the next one.
    static func quotaPerSecond(_ quota: Int64, period: UInt64) -> UInt64 {
        guard quota > 0 else { return .max }
        let period = period == 0 ? 100_000 : period
        let (product, overflow) = UInt64(quota).multipliedReportingOverflow(by: 1_000_000)
        let value = overflow ? UInt64.max - 10_000 : product / period
        return (value + 9_999) / 10_000 * 10_000
    }

    /// "0-2,7" as bits, the lowest first.
    static func bitmap(_ list: String) throws(RuntimeError) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.filter { !$0.isWhitespace }.split(separator: "-", omittingEmptySubsequences: false)
            guard let first = ends.first.flatMap({ Int($0) }), let last = ends.last.flatMap({ Int($0) }),
                ends.count <= 2, first >= 0, last >= first, last < 8192
            else {
                throw RuntimeError(
                    .invalid,
                    step: "cpuset",
                    subject: list,
                    cause: "it is no list of numbers and ranges"
                )
            }
            while bytes.count <= last / 8 { bytes.append(0) }
            for number in first...last { bytes[number / 8] |= 1 << UInt8(number % 8) }
        }
        return bytes
    }

    private static func unified(_ files: [String: String]) -> [Property] {
        let names = [
            "memory.max": "MemoryMax", "memory.high": "MemoryHigh", "memory.low": "MemoryLow",
            "memory.min": "MemoryMin", "memory.swap.max": "MemorySwapMax", "pids.max": "TasksMax",
            "cpu.weight": "CPUWeight",
        ]
        var properties: [Property] = []
        for (file, text) in files.sorted(by: { $0.key < $1.key }) {
            let words = text.split(separator: " ")
            if let name = names[file] {
                if let value = text == "max" ? UInt64.max : UInt64(text) {
                    properties.append(Property(name, .uint64(value)))
                }
            } else if file == "cpu.max", let first = words.first {
                let period = words.count > 1 ? UInt64(words[1]) ?? 0 : 0
                let quota = first == "max" ? -1 : Int64(first) ?? -1
                properties.append(Property("CPUQuotaPerSecUSec", .uint64(quotaPerSecond(quota, period: period))))
            }
        }
        return properties
    }

    /// The device rules, so that systemd does not open what we closed when it writes its own.
    ///
    /// Rules that its words cannot say are left out: it then allows less, and our own rules are written after its.
    static func devices(_ rules: DeviceRules) -> [Property] {
        if rules.allowsEverything {
            return [Property("DevicePolicy", .string("auto")), Property("DeviceAllow", .array("(ss)", []))]
        }
        var allowed: [BusValue] = []
        for rule in rules.rules {
            if rule.matchesAll {
                allowed = []
                continue
            }
            let kind = rule.type == "b" ? "block" : "char"
            let name: String
            switch (rule.major, rule.minor) {
            case (nil, nil): name = "\(kind)-*"
            case (136, nil) where kind == "char": name = "char-pts"
            case (let major?, let minor?): name = "/dev/\(kind)/\(major):\(minor)"
            default: continue
            }
            if rule.allow {
                allowed.append(.structure([.string(name), .string(rule.access)]))
            } else {
                allowed.removeAll { value in
                    if case .structure(let fields) = value { return fields.first?.text == name }
                    return false
                }
            }
        }
        return [
            Property("DevicePolicy", .string("strict")), Property("DeviceAllow", .array("(ss)", [])),
            Property("DeviceAllow", .array("(ss)", allowed)),
        ]
    }

    // MARK: Annotations

    /// "org.systemd.property.TimeoutStopUSec": "uint64 123" and so on, in the text form of GVariant.
    static func fromAnnotations(_ annotations: [String: String]) throws(RuntimeError) -> [Property] {
        let prefix = "org.systemd.property."
        var properties: [Property] = []
        for (key, text) in annotations.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            var name = String(key.dropFirst(prefix.count))
            let letters = name.utf8.allSatisfy { (0x41...0x5A).contains($0 & ~0x20) }
            guard name.utf8.count >= 3, letters, var value = value(text) else {
                throw RuntimeError(
                    .invalid,
                    step: "annotation",
                    subject: key,
                    cause: "\(text.prefix(100)) is no property of a systemd unit in GVariant's text form"
                )
            }
            // A time in seconds, as unit files have it, is one in microseconds on the bus.
            if name.hasSuffix("Sec"), !name.hasSuffix("USec") {
                guard let seconds = number(value), seconds <= UInt64.max / 1_000_000 else {
                    throw RuntimeError(.invalid, step: "annotation", subject: key, cause: "it is no time in seconds")
                }
                name = name.dropLast(3) + "USec"
                value = .uint64(seconds * 1_000_000)
            }
            properties.append(Property(name, value))
        }
        return properties
    }

    private static func number(_ value: BusValue) -> UInt64? {
        switch value {
        case .int32(let number): UInt64(exactly: number)
        case .uint32(let number): UInt64(number)
        case .int64(let number): UInt64(exactly: number)
        case .uint64(let number): number
        default: nil
        }
    }

    /// Numbers (with a type in front), booleans, strings and lists of strings.
    static func value(_ text: String) -> BusValue? {
        let text = trimmed(text[...])
        if text == "true" || text == "false" { return .boolean(text == "true") }
        if let string = string(text) { return .string(string) }
        if text.first == "[", text.last == "]" {
            let items = text.dropFirst().dropLast().split(separator: ",").map { string(trimmed($0)) }
            let strings = items.compactMap { $0 }
            return strings.count == items.count ? .strings(strings) : nil
        }
        let words = text.split(separator: " ")
        if words.count == 1 { return Int32(text).map { .int32($0) } }
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "byte": return UInt8(words[1]).map { .byte($0) }
        case "int16": return Int16(words[1]).map { .int16($0) }
        case "uint16": return UInt16(words[1]).map { .uint16($0) }
        case "int32": return Int32(words[1]).map { .int32($0) }
        case "uint32": return UInt32(words[1]).map { .uint32($0) }
        case "int64": return Int64(words[1]).map { .int64($0) }
        case "uint64": return UInt64(words[1]).map { .uint64($0) }
        default: return nil
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }

    private static func string(_ text: Substring) -> String? {
        guard let quote = text.first, quote == "'" || quote == "\"", text.count >= 2, text.last == quote else {
            return nil
        }
        let inner = text.dropFirst().dropLast()
        return inner.contains(quote) || inner.contains("\\") ? nil : String(inner)
    }
}
