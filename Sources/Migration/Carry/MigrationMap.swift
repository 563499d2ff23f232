package import Basics
import YANG

/// What the author of a package says of data that no comparison of models can know: a migration map.
///
/// It has the syntax of YANG statements, like recipes. Paths are schema paths, with module names or prefixes; expressions
/// are XPath over the old data, with the old instance as context node.
///
///     migration NAME {
///       from mini-cli-1.0;                                   // optional: ned-ids whose data it is for
///       module old-name { to new-name; }
///       rename "/m:interface/speed" { to bandwidth; }
///       move "/m:dns" { to "/m:system/server"; key name { value "'main'"; } }
///       convert "/m:interface/speed" { value ". * 1000"; }
///       split "/m:address" { to "/m:ip" { value "substring-before(., '/')"; } to "/m:length" { value "..."; } }
///       join "/m:address" { from "/m:ip"; from "/m:length"; value "concat(., '/', ../m:length)"; }
///       drop "/m:obsolete" { reason "The feature does not exist any more."; }
///       program "migration/convert.py" { argument "--all"; } // for the rest: see MigrationHook
///     }
package struct MigrationMap: Sendable {
    struct Destination: Sendable {
        var path: String
        var value: String?
        /// Values of keys of lists above, that the old place does not have.
        var keys: [String: String] = [:]
        var place: SourcePlace
    }

    enum Operation: Sendable {
        case to([Destination])
        case drop(String)
        /// Another rule reads it.
        case used
    }

    struct Rule: Sendable {
        var path: String
        var operation: Operation
        var place: SourcePlace
    }

    /// A program of the package that does what no rule can say.
    package struct Program: Hashable, Sendable {
        /// Below the package.
        package var file: String
        package var arguments: [String]
        package var place: SourcePlace
    }

    package private(set) var name: String
    package fileprivate(set) var program: Program?
    /// Short ned-ids; empty stands for any.
    package private(set) var origins: [String] = []
    private(set) var rules: [Rule] = []
    private(set) var modules: [String: [String]] = [:]
    package let place: SourcePlace

    /// Every map of a file, or every fault in it.
    package static func read(_ bytes: [UInt8], path: String) -> (maps: [MigrationMap], faults: [Diagnostic]) {
        var (statements, faults) = Statement.parse(bytes, path: path)
        var maps: [MigrationMap] = []
        for statement in statements {
            guard statement.writtenKeyword == "migration", !statement.text.isEmpty else {
                faults.append(
                    .error(
                        "'\(statement.writtenKeyword)' begins no migration map", remedy: "expected 'migration NAME {'",
                        place: statement.place))
                continue
            }
            var reader = MapReader(statement)
            let map = reader.read()
            faults += reader.faults
            if reader.faults.isEmpty { maps.append(map) }
        }
        return (maps, faults)
    }

    init(name: String, place: SourcePlace) {
        self.name = name
        self.place = place
    }

    /// Whether it is for data of the driver `nedID`.
    package func isFor(_ nedID: String) -> Bool {
        origins.isEmpty || origins.contains { nedID == $0 || nedID.hasSuffix(":" + $0) }
    }

    fileprivate mutating func add(_ rule: Rule) { rules.append(rule) }
    fileprivate mutating func addOrigin(_ origin: String) { origins.append(origin) }
    fileprivate mutating func addModule(_ name: String, _ others: [String]) { modules[name, default: []] += others }
}

/// Reads the statements of one map.
private struct MapReader {
    private let statement: Statement
    private(set) var faults: [Diagnostic] = []

    init(_ statement: Statement) { self.statement = statement }

    mutating func read() -> MigrationMap {
        var map = MigrationMap(name: statement.text, place: statement.place)
        for part in statement.substatements {
            switch part.writtenKeyword {
            case "from": map.addOrigin(part.text)
            case "description", "reference": break
            case "module": map.addModule(part.text, texts("to", of: part))
            case "program":
                if map.program != nil { fault("a migration map has one 'program'", remedy: "remove the others", part) }
                map.program = .init(file: part.text, arguments: texts("argument", of: part), place: part.place)
            case "rename", "move", "convert", "split", "join", "drop":
                for rule in rules(part) { map.add(rule) }
            default:
                fault(
                    "a migration map has no '\(part.writtenKeyword)'",
                    remedy: "expected from, module, rename, move, convert, split, join, drop, program or description",
                    part)
            }
        }
        return map
    }

    private mutating func fault(_ summary: String, remedy: String, _ statement: Statement) {
        faults.append(.error(summary, remedy: remedy, place: statement.place))
    }

    private mutating func rules(_ part: Statement) -> [MigrationMap.Rule] {
        guard part.text.hasPrefix("/") else {
            fault(
                "'\(part.text)' is no path",
                remedy: "write '\(part.name)' with a path from the top, such as \"/m:a/b\"",
                part)
            return []
        }
        func rule(_ operation: MigrationMap.Operation) -> MigrationMap.Rule {
            MigrationMap.Rule(path: part.text, operation: operation, place: part.place)
        }
        switch part.name {
        case "drop": return one("reason", of: part).map { [rule(.drop($0.text))] } ?? []
        case "convert":
            return one("value", of: part)
                .map { [rule(.to([.init(path: "", value: $0.text, place: part.place)]))] } ?? []
        case "rename":
            guard let to = one("to", of: part) else { return [] }
            let above = part.text.split(separator: "/").dropLast().map { "/" + $0 }.joined()
            let value = part.substatements.first { $0.writtenKeyword == "value" }?.text
            return [rule(.to([.init(path: "\(above)/\(to.text)", value: value, place: to.place)]))]
        case "join": return joined(part)
        default:
            let places = part.substatements.filter { $0.writtenKeyword == "to" }
            guard part.name == "split" ? places.count > 1 : places.count == 1 else {
                fault(
                    "'\(part.name) \(part.text)' has \(places.count) 'to'",
                    remedy: part.name == "split" ? "write at least two" : "write exactly one", part)
                return []
            }
            return [rule(.to(places.map { destination($0, part) }))]
        }
    }

    /// The first node joined brings the value; the others are read by its expression.
    private mutating func joined(_ part: Statement) -> [MigrationMap.Rule] {
        let sources = part.substatements.filter { $0.writtenKeyword == "from" }
        guard let value = one("value", of: part) else { return [] }
        guard sources.count > 1 else {
            fault("'join \(part.text)' has \(sources.count) 'from'", remedy: "write at least two", part)
            return []
        }
        let target = MigrationMap.Destination(path: part.text, value: value.text, keys: keys(part), place: part.place)
        return sources.enumerated().map { index, source in
            MigrationMap.Rule(
                path: source.text, operation: index == 0 ? .to([target]) : .used, place: source.place)
        }
    }

    private mutating func destination(_ to: Statement, _ part: Statement) -> MigrationMap.Destination {
        let value = (to.substatements + part.substatements).first { $0.writtenKeyword == "value" }?.text
        return .init(
            path: to.text, value: value, keys: keys(to).merging(keys(part)) { inner, _ in inner }, place: to.place)
    }

    private mutating func keys(_ part: Statement) -> [String: String] {
        var result: [String: String] = [:]
        for key in part.substatements where key.writtenKeyword == "key" {
            if let value = one("value", of: key) { result[key.text] = value.text }
        }
        return result
    }

    private func texts(_ keyword: String, of part: Statement) -> [String] {
        part.substatements.filter { $0.writtenKeyword == keyword }.map(\.text)
    }

    private mutating func one(_ keyword: String, of part: Statement) -> Statement? {
        let found = part.substatements.filter { $0.writtenKeyword == keyword }
        if found.count == 1, !found[0].text.isEmpty { return found[0] }
        fault(
            "'\(part.writtenKeyword) \(part.text)' has \(found.isEmpty ? "no" : "more than one") '\(keyword)'",
            remedy: "write one '\(keyword) \"...\";' in it", part)
        return nil
    }
}
