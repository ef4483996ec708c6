/// A type with a value that stands for "not given", as every Go type has one.
///
/// The API's objects are written by a server in Go, where an absent string is "" and an absent list has no elements.
/// Keeping that shape spares every reader the question whether `nil` or empty was meant.
package protocol ZeroValue: Equatable {
    /// The value of a field that the text does not mention.
    static var zeroValue: Self { get }
    /// Whether this is the zero value.
    var isZero: Bool { get }
}

extension ZeroValue {
    package var isZero: Bool { self == .zeroValue }
}

extension String: ZeroValue {
    package static var zeroValue: String { "" }
    package var isZero: Bool { isEmpty }
}
extension Bool: ZeroValue { package static var zeroValue: Bool { false } }
extension Int32: ZeroValue { package static var zeroValue: Int32 { 0 } }
extension Int64: ZeroValue { package static var zeroValue: Int64 { 0 } }
extension Array: ZeroValue where Element: Equatable {
    package static var zeroValue: [Element] { [] }
    package var isZero: Bool { isEmpty }
}
extension Dictionary: ZeroValue where Value: Equatable {
    package static var zeroValue: [Key: Value] { [:] }
    package var isZero: Bool { isEmpty }
}

/// A field that is left out of the text when it has its zero value (`omitempty` in Go).
@propertyWrapper
package struct OmitEmpty<Value: ZeroValue> {
    package var wrappedValue: Value
    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A field that is always printed, and that takes its zero value when the text does not mention it or says null.
@propertyWrapper
package struct Printed<Value: ZeroValue> {
    package var wrappedValue: Value
    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A field that is printed as null when it has no value, such as the `lastProbeTime` of a condition.
@propertyWrapper
package struct NullWhenUnset<Value> {
    package var wrappedValue: Value?
    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
}

/// An optional field whose value lives outside of its owner.
///
/// A volume has thirty possible sources and uses one; stored in place they would make each volume kilobytes long.
@propertyWrapper
package struct Indirect<Value> {
    // An array of none or one: a reference that copies on write and is Hashable and Sendable without further ado.
    private(set) var storage: [Value]

    package init(wrappedValue: Value?) { storage = wrappedValue.map { [$0] } ?? [] }

    /// Whether there is a value; to ask so copies nothing.
    var isSet: Bool { !storage.isEmpty }

    package var wrappedValue: Value? {
        get { storage.first }
        set { storage = newValue.map { [$0] } ?? [] }
        _modify {
            var value = storage.popLast()
            defer { if let value { storage.append(value) } }
            yield &value
        }
    }
}

extension OmitEmpty: Equatable {}
extension OmitEmpty: Hashable where Value: Hashable {}
extension OmitEmpty: Sendable where Value: Sendable {}
extension Printed: Equatable {}
extension Printed: Hashable where Value: Hashable {}
extension Printed: Sendable where Value: Sendable {}
extension NullWhenUnset: Equatable where Value: Equatable {}
extension NullWhenUnset: Hashable where Value: Hashable {}
extension NullWhenUnset: Sendable where Value: Sendable {}
extension Indirect: Equatable where Value: Equatable {}
extension Indirect: Hashable where Value: Hashable {}
extension Indirect: Sendable where Value: Sendable {}
