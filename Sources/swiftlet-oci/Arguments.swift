import OCIRuntime

/// A command line that was not understood.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

/// Flags and operands of one command, in the manner of runc: `--flag value`, `--flag=value`, `-f value`, one dash or two.
struct Arguments {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]
    /// What comes after the flags; used where flags end at the first operand (global flags, exec).
    private(set) var rest: ArraySlice<String> = []

    /// What a command accepts: switches take no value, options take one. Short names map to long ones.
    struct Grammar {
        var switches: Set<String> = []
        var options: Set<String> = []
        var short: [String: String] = [:]
        /// Flags end at the first operand.
        var stopsAtOperand = false
    }

    init(_ list: ArraySlice<String>, _ grammar: Grammar) throws(UsageError) {
        var index = list.startIndex
        while index < list.endIndex {
            let word = list[index]
            index += 1
            if word == "--" {
                operands += list[index...]
                rest = list[index...]
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                if grammar.stopsAtOperand {
                    rest = list[(index - 1)...]
                    return
                }
                operands.append(word)
                continue
            }
            let body = word.drop { $0 == "-" }
            let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let written = String(parts.first ?? "")
            let name = grammar.short[written] ?? written
            if grammar.switches.contains(name) {
                let value = parts.count > 1 ? String(parts[1]) : "true"
                guard ["true", "false", "1", "0"].contains(value) else {
                    throw UsageError(description: "flag \"--\(name)\" takes no value")
                }
                values[name, default: []].append(value == "1" ? "true" : value)
            } else if grammar.options.contains(name) {
                if parts.count > 1 {
                    values[name, default: []].append(String(parts[1]))
                } else if index < list.endIndex {
                    values[name, default: []].append(list[index])
                    index += 1
                } else {
                    throw UsageError(description: "flag needs an argument: \(word)")
                }
            } else {
                throw UsageError(description: "flag provided but not defined: \(word)")
            }
        }
    }

    func has(_ name: String) -> Bool { values[name]?.last == "true" }

    func value(_ name: String) -> String? { values[name]?.last }

    /// The value of a flag; an empty one counts as not given.
    func text(_ name: String) -> String? { value(name).flatMap { $0.isEmpty ? nil : $0 } }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func number(_ name: String) throws(UsageError) -> Int? {
        guard let text = value(name) else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw UsageError(description: "invalid value \"\(text)\" for flag --\(name): a number is needed")
        }
        return number
    }

    /// Every operand, wherever the flags ended.
    var words: [String] { rest.isEmpty ? operands : Array(rest) }

    /// Refuses a number of operands that the command does not take.
    func check(_ command: Command) throws(UsageError) {
        let count = words.count
        if command.count.contains(count) { return }
        let wanted: String
        if command.count.lowerBound == command.count.upperBound {
            wanted = "exactly \(command.count.lowerBound) argument(s)"
        } else if count < command.count.lowerBound {
            wanted = "a minimum of \(command.count.lowerBound) argument(s)"
        } else {
            wanted = "a maximum of \(command.count.upperBound) argument(s)"
        }
        throw UsageError(description: "\"\(command.name)\" requires \(wanted); see \(Help.program) \(command.name) --help")
    }

    /// The container id: the first operand, or nothing that exists.
    var id: String { words.first ?? "" }
}
