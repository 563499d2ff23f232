package import Basics
package import ConfigTree
import NEDKit

/// What a program of a package wants changed in data under the new models: its answer, read and checked.
///
///     { "data": { "mini:location": "noc" },                       RFC 7951, merged into the data
///       "delete": ["/mini:interface[name='e0']/description"],     before that
///       "carried": ["/mini:contact"],                             of what was lost, what is not lost after all
///       "notes": ["..."] }                                        for the operator
///
/// All members are optional.
package struct ProgramChange: Sendable {
    package private(set) var carried: [String] = []
    package private(set) var notes: [String] = []
    private var data: JSONValue?
    private var deleted: [String] = []

    /// Why an answer cannot be used, as the rest of a sentence about the program.
    package struct Fault: Error, Sendable {
        package var text: String
        /// Of the program itself, if that is what went wrong.
        var cause: ProgramError?
    }

    package init(_ answer: JSONValue) throws(Fault) {
        guard let members = answer.object?.members else {
            throw Fault(text: "answered with no object; expected data, delete, carried and notes in one")
        }
        for member in members {
            switch member.key {
            case "data": data = member.value
            case "delete": deleted = try Self.texts(member)
            case "carried": carried = try Self.texts(member)
            case "notes": notes = try Self.texts(member).prefix(20).map { ProgramText.harmless($0, limit: 500) }
            default:
                let name = ProgramText.harmless(member.key, limit: 60)
                throw Fault(text: "answered with '\(name)'; known are data, delete, carried and notes")
            }
        }
        if let data, data.object == nil { throw Fault(text: "answered with 'data' that is no object") }
    }

    private static func texts(_ member: JSONObject.Member) throws(Fault) -> [String] {
        let texts = member.value.array?.compactMap(\.string)
        guard let texts, texts.count == member.value.array?.count else {
            throw Fault(text: "answered with '\(member.key)' that is no list of strings")
        }
        return texts
    }

    /// The tree with what is to be changed. Types are checked here; whether the data is valid is for the caller.
    package func applied(to tree: DataTree) throws(Fault) -> DataTree {
        var tree = tree
        for path in deleted {
            do throws(PathError) { try tree.apply(.delete, at: try tree.path(path)) } catch {
                throw Fault(text: "wants to delete '\(ProgramText.harmless(path, limit: 200))': \(error.description)")
            }
        }
        guard let data else { return tree }
        var options = DecodeOptions(base: tree)
        options.faultLimit = 5
        let edits = JSONDataDecoder.edits(
            Array(data.print().utf8), file: "data", model: tree.model, options: options)
        try Self.require(edits)
        let result = tree.applying(edits.content)
        try Self.require(result)
        return result.content
    }

    private static func require<Content>(_ decoded: Decoded<Content>) throws(Fault) {
        guard decoded.hasErrors else { return }
        let faults = decoded.diagnostics.filter { $0.severity == .error }.prefix(5).map { fault in
            let remedy = fault.remedy.isEmpty ? "" : "; \(fault.remedy)"
            return "\(fault.path ?? fault.place?.description ?? ""): \(fault.summary)\(remedy)"
        }
        throw Fault(text: "answered with data that the new models do not have: \(faults.joined(separator: ", "))")
    }

    /// Data for a program, in JSON of RFC 7951.
    package static func json(_ tree: DataTree, at path: InstancePath = InstancePath()) throws(Fault) -> JSONValue {
        var bytes: [UInt8] = []
        var encoder = JSONDataEncoder(.init(pretty: false, wrapped: false)) { bytes += $0 }
        do {
            try encoder.encode(tree, at: path)
            return try JSONValue.parse(bytes, file: "data")
        } catch {
            throw Fault(text: "cannot be given the data: \(error)")
        }
    }
}
