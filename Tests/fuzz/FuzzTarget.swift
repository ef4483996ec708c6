#if DEBUG
/// One parser, or several that read the same kind of text.
///
/// A body must return for every input. What it checks beyond that ends the process, which is how a fuzzer finds it.
struct FuzzTarget: Sendable {
    let name: String
    let body: @Sendable ([UInt8]) -> Void

    static let all: [FuzzTarget] = Self.json + Self.runtime + Self.texts + Self.images + Self.messages + Self.node

    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.body = body
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    static func lines(_ bytes: [UInt8]) -> [String] {
        text(bytes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
#endif
