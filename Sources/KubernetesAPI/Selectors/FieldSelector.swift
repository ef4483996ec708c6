/// An object that can be selected by fields, each under the name that the API has for it.
package protocol FieldSelectable: StoredObject {
    /// The names beside metadata.name and metadata.namespace.
    static var fieldLabels: [String] { get }
    /// The text of a field; "" for a label that the type does not have.
    func text(ofField label: String) -> String
}

/// A field selector as a query writes it: `status.phase=Running,spec.nodeName!=n1`. All terms must hold.
package struct FieldSelector: Hashable, Sendable {
    package struct Term: Hashable, Sendable {
        package var label: String
        package var value: String
        package var isEqual: Bool
    }

    package var terms: [Term]

    package init(terms: [Term] = []) { self.terms = terms }

    /// Selects everything.
    package static let everything = FieldSelector()

    /// Reads the value of a `fieldSelector` parameter for objects of a type; nil and "" select everything.
    ///
    /// A backslash keeps ',', '=' and itself from meaning anything.
    package static func parse<T: FieldSelectable>(_ text: String?, for type: T.Type) throws(APIError) -> FieldSelector {
        var terms: [Term] = []
        for part in split(text ?? "") where !part.isEmpty {
            guard let term = term(part) else {
                throw .badRequest("invalid selector: '\(text ?? "")'; can't understand '\(part)'")
            }
            guard T.fieldLabels.contains(term.label) || common.contains(term.label) else {
                throw .badRequest("field label not supported: \(term.label)")
            }
            terms.append(term)
        }
        return FieldSelector(terms: terms)
    }

    package func matches(_ object: some FieldSelectable) -> Bool {
        terms.allSatisfy { (FieldSelector.text(of: object, $0.label) == $0.value) == $0.isEqual }
    }

    /// The value that a field must have, if a term says so. Lets a reader look one object up instead of all.
    package func requiredValue(of label: String) -> String? {
        terms.first { $0.label == label && $0.isEqual }?.value
    }

    private static let common = ["metadata.name", "metadata.namespace"]

    private static func text(of object: some FieldSelectable, _ label: String) -> String {
        switch label {
        case "metadata.name": object.metadata.name
        case "metadata.namespace": object.metadata.namespace
        default: object.text(ofField: label)
        }
    }

    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var escaped = false
        for index in text.indices {
            if escaped {
                escaped = false
            } else if text[index] == "\\" {
                escaped = true
            } else if text[index] == "," {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        parts.append(text[start...])
        return parts
    }

    private static func term(_ part: Substring) -> Term? {
        for index in part.indices {
            let rest = part[index...]
            guard let sign = ["!=", "==", "="].first(where: { rest.hasPrefix($0) }) else { continue }
            guard let value = unescaped(rest.dropFirst(sign.count)) else { return nil }
            return Term(label: String(part[..<index]), value: value, isEqual: sign != "!=")
        }
        return nil
    }

    /// The value without its backslashes; nil if one is misplaced or a sign lacks its own.
    private static func unescaped(_ text: Substring) -> String? {
        var value = ""
        var escaped = false
        for character in text {
            switch character {
            case "\\" where !escaped: escaped = true
            case "\\", ",", "=":
                if !escaped, character != "\\" { return nil }
                value.append(character)
                escaped = false
            default:
                if escaped { return nil }
                value.append(character)
            }
        }
        return escaped ? nil : value
    }
}

extension Pod: FieldSelectable {
    package static var fieldLabels: [String] {
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
        ]
    }

    package func text(ofField label: String) -> String {
        switch label {
        case "spec.nodeName": spec.nodeName
        case "spec.restartPolicy": spec.restartPolicy
        case "spec.schedulerName": spec.schedulerName
        case "spec.serviceAccountName": spec.serviceAccountName
        case "spec.hostNetwork": spec.hostNetwork ? "true" : "false"
        case "status.phase": status.phase
        case "status.podIP", "status.podIPs": status.podIPs.first?.ip ?? status.podIP
        case "status.nominatedNodeName": status.nominatedNodeName
        default: ""
        }
    }
}

extension Event: FieldSelectable {
    package static var fieldLabels: [String] {
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
            "reportingComponent", "source", "type",
        ]
    }

    package func text(ofField label: String) -> String {
        switch label {
        case "involvedObject.kind": involvedObject.kind
        case "involvedObject.namespace": involvedObject.namespace
        case "involvedObject.name": involvedObject.name
        case "involvedObject.uid": involvedObject.uid
        case "involvedObject.apiVersion": involvedObject.apiVersion
        case "involvedObject.resourceVersion": involvedObject.resourceVersion
        case "involvedObject.fieldPath": involvedObject.fieldPath
        case "reason": reason
        case "reportingComponent": reportingComponent
        case "source": source.component.isEmpty ? reportingComponent : source.component
        case "type": type
        default: ""
        }
    }
}

extension Node: FieldSelectable {
    package static var fieldLabels: [String] { ["spec.unschedulable"] }
    package func text(ofField label: String) -> String {
        label == "spec.unschedulable" ? (spec.unschedulable ? "true" : "false") : ""
    }
}

extension Namespace: FieldSelectable {
    package static var fieldLabels: [String] { ["status.phase"] }
    package func text(ofField label: String) -> String { label == "status.phase" ? status.phase : "" }
}

extension ConfigMap: FieldSelectable {
    package static var fieldLabels: [String] { [] }
    package func text(ofField label: String) -> String { "" }
}

extension Secret: FieldSelectable {
    package static var fieldLabels: [String] { ["type"] }
    package func text(ofField label: String) -> String { label == "type" ? type : "" }
}
