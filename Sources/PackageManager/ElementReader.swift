import Basics

/// Turns elements of a file of XML into values and notes what is wrong with them, each fault with its line.
protocol ElementReader {
    var findings: [Diagnostic] { get set }
}

extension ElementReader {
    // MARK: Values

    /// The text of the only child of that name, without white space at its ends.
    func text(_ name: String, in element: XMLElement) -> String? { element.child(name)?.trimmedText }

    mutating func required(_ name: String, in element: XMLElement) -> String? {
        guard let value = text(name, in: element), !value.isEmpty else {
            error("<\(element.name)> has no <\(name)>", "add it", element)
            return nil
        }
        return value
    }

    mutating func versions(_ name: String, in element: XMLElement) -> [Version] {
        element.children(name).compactMap { child in
            let version = Version(child.trimmedText)
            if version.isWellFormed { return version }
            error("'\(child.trimmedText.visible(limit: 60))' is no version", "write it as 6.7 or 6.7.1", child)
            return nil
        }
    }

    /// One of `values`; the first if it is absent.
    mutating func choice(_ name: String, of values: [String], in element: XMLElement) -> String {
        guard let value = text(name, in: element) else { return values[0] }
        if !values.contains(value) {
            error(
                "'\(value.visible(limit: 60))' is not allowed", "use \(values.joined(separator: " or "))", element, name
            )
        }
        return value
    }

    // MARK: Structure

    /// Notes children of `element` that are unknown, doubled or out of order.
    ///
    /// - Parameter names: the children in their order, those that may repeat with `*` behind.
    /// - Parameter unordered: names that are alternatives and have no order among themselves.
    mutating func check(_ element: XMLElement, _ names: [String], unordered: Set<String> = []) {
        var positions: [String: Int] = [:]
        for (index, name) in names.enumerated() {
            positions[name.hasSuffix("*") ? String(name.dropLast()) : name] = unordered.contains(name) ? 0 : index
        }
        let repeated = Set(names.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) })
        var seen: Set<String> = []
        var latest = (position: 0, name: "")
        for child in element.children {
            guard child.namespace == element.namespace, let position = positions[child.name] else {
                error(
                    "<\(child.name.visible(limit: 60))> is not known in <\(element.name)>",
                    "known are \(positions.keys.sorted().joined(separator: ", "))", child)
                continue
            }
            if !seen.insert(child.name).inserted, !repeated.contains(child.name) {
                error("<\(child.name)> is there twice", "leave one", child)
            }
            if position < latest.position {
                findings.append(
                    .warning(
                        "<\(child.name)> stands after <\(latest.name)>",
                        remedy: "other systems insist on the other order",
                        place: child.place))
            } else {
                latest = (position, child.name)
            }
        }
    }

    mutating func unique(_ names: [String], _ element: String, in parent: XMLElement) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            let place = parent.children(element).last { $0.child("name")?.trimmedText == name }
            error("there are two <\(element)> with the name '\(name.visible())'", "rename one", place ?? parent)
        }
    }

    mutating func error(_ summary: String, _ remedy: String, _ element: XMLElement, _ child: String? = nil) {
        let place = child.flatMap { element.child($0)?.place } ?? element.place
        findings.append(.error(summary, remedy: remedy, place: place))
    }
}
