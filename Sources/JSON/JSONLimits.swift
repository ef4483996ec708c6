/// What a text may cost before it is refused. The limits are checked before memory is spent.
package struct JSONLimits: Hashable, Sendable {
    /// What happens to an object that names one key twice (RFC 8259 section 4 leaves it open).
    package enum DuplicateKeys: Hashable, Sendable {
        /// The text is refused with `JSONError.Reason.duplicateField`.
        case reject
        /// The last value counts, as in Go's encoding/json, and nothing is said.
        case lastWins
        /// The last value counts, and the calls that return issues list the key.
        case report
    }

    /// The longest text in bytes. Texts of 2 GiB and more are always refused.
    package var maxBytes: Int
    /// How deep arrays and objects may nest; `[[]]` has the depth 2.
    package var maxDepth: Int
    /// The longest number literal in bytes. A longer one has no meaning that a program could use.
    package var maxNumberBytes: Int
    package var duplicateKeys: DuplicateKeys

    package init(
        maxBytes: Int = 32 << 20,
        maxDepth: Int = 100,
        maxNumberBytes: Int = 512,
        duplicateKeys: DuplicateKeys = .lastWins
    ) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxNumberBytes = maxNumberBytes
        self.duplicateKeys = duplicateKeys
    }

    /// 32 MiB, 100 levels, the last of two equal keys wins.
    package static let `default` = JSONLimits()
}
