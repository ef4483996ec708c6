/// Values in a query, read as kube-apiserver reads them: its words come first in what it says of those that are wrong.
package enum QueryValue {
    /// A whole number of 64 bits; nil for a value that is missing or empty.
    package static func number(_ text: String?, of name: String) throws(APIError) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        if let number = Int64(text) { return number }
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        throw .badRequest(
            "strconv.ParseInt: parsing \(FieldError.quoted(text)): "
                + "\(isNumber ? "value out of range" : "invalid syntax"); \(name) must be a whole number"
        )
    }

    /// As `number`, and not below zero.
    package static func count(_ text: String?, of name: String) throws(APIError) -> Int64? {
        guard let number = try number(text, of: name) else { return nil }
        guard number >= 0 else {
            throw .badRequest("\(name): Invalid value: \(number): must be greater than or equal to 0")
        }
        return number
    }

    /// False for a value that is missing, true for an empty one (`?watch`).
    package static func flag(_ text: String?, of name: String) throws(APIError) -> Bool {
        switch text {
        case nil: return false
        case "", "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        case .some(let other):
            throw .badRequest(
                "strconv.ParseBool: parsing \(FieldError.quoted(other)): invalid syntax; \(name) must be true or false"
            )
        }
    }

    /// A position in the log; nil for a value that is missing or empty.
    package static func resourceVersion(_ text: String?) throws(APIError) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        if let number = Int64(text), number >= 0, text.first != "+" { return number }
        let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        throw .badRequest(
            "invalid resource version: resourceVersion: Invalid value: \(FieldError.quoted(text)): strconv.ParseUint: "
                + "parsing \(FieldError.quoted(text)): \(isNumber ? "value out of range" : "invalid syntax"); use one "
                + "that this server has given in metadata.resourceVersion"
        )
    }
}
