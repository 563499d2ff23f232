import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import YANG

extension OperatorShell {
    static let loadKeywords: [Keyword] = [
        Keyword(name: "merge", help: "Merge content of file with current configuration"),
        Keyword(name: "override", help: "Overwrite current configuration with the file"),
        Keyword(name: "replace", help: "Replace the list entries and containers that the file names"),
    ]

    func load(_ line: Invocation) throws -> CommandResult {
        let inner = line.inner
        guard !inner.isEmpty, let current = configuration else { throw line.incomplete }
        let mode = try Keyword.find(inner.name, among: Self.loadKeywords)
        let file = try inner.parameter()
        guard file.text != "terminal" else { throw CommandFault.error("load from terminal is not available") }
        let path = path(file.text)
        let bytes = try readFile(path)
        try out.line("Loading.")
        let start = operatorSession.clock()
        let base = mode == "override" ? DataTree(current.candidate.model) : current.candidate
        if request.bestEffort, Self.isCommands(bytes) {
            configuration?.candidate = try readWhatFits(bytes, over: base, candidate: current.candidate)
        } else {
            let edits = try sealed(read(bytes, path, over: base), over: current.candidate)
            let start = mode == "replace" ? try removing(Self.replaced(by: edits), from: base) : base
            let applied = start.applying(edits)
            if let fault = applied.diagnostics.first(where: { $0.severity == .error }) {
                throw CommandFault.error(fault.description)
            }
            configuration?.candidate = applied.content
        }
        try out.line(Self.report(bytes.count, seconds: operatorSession.clock() - start))
        return .done
    }

    private static func report(_ count: Int, seconds: Double) -> String {
        let size = count < 1024 ? "\(count) bytes" : "\(decimal(Double(count) / 1024)) KiB"
        let rate = seconds > 0.000_001 ? decimal(Double(count) / 1024 / seconds) : decimal(Double(count) / 1024)
        return "\(size) parsed in \(decimal(seconds)) sec (\(rate) KiB/sec)"
    }

    /// With two digits after the point.
    private static func decimal(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func isCommands(_ bytes: [UInt8]) -> Bool {
        let first = bytes.first { $0 > 32 && $0 < 127 }
        return first != UInt8(ascii: "<") && first != UInt8(ascii: "{")
    }

    /// Commands as far as the model knows them; each other line is reported and passed over.
    private func readWhatFits(_ bytes: [UInt8], over base: DataTree, candidate: DataTree) throws -> DataTree {
        let parsed = try grammar(base.model).parse(bytes, over: base)
        for line in parsed.skipped { try out.line("Warning: line \(line.number): \(line.reason): \(line.text)") }
        return try session.sealed(parsed.tree, over: candidate)
    }

    /// The edits that a document asks for: XML or JSON by its first character, else commands.
    private func read(_ bytes: [UInt8], _ path: String, over tree: DataTree) throws -> [DecodedEdit] {
        let first = bytes.first { $0 > 32 && $0 < 127 }
        let options = DecodeOptions(request.bestEffort ? .lax : .strict, base: tree)
        let decoded: Decoded<[DecodedEdit]>
        switch first {
        case UInt8(ascii: "<"): decoded = XMLDataDecoder.edits(bytes, file: path, model: tree.model, options: options)
        case UInt8(ascii: "{"): decoded = JSONDataDecoder.edits(bytes, file: path, model: tree.model, options: options)
        default: return try readCommands(bytes, path, over: tree)
        }
        if decoded.hasErrors {
            let faults = decoded.diagnostics.filter { $0.severity == .error }
            throw CommandFault(faults.map { "Error: \($0)" }.joined(separator: "\n"))
        }
        for warning in decoded.diagnostics { try out.line("Warning: \(warning)") }
        return decoded.content
    }

    private func readCommands(_ bytes: [UInt8], _ path: String, over tree: DataTree) throws -> [DecodedEdit] {
        do {
            return try grammar(tree.model).edits(bytes, over: tree).map { DecodedEdit($0.edit, $0.path) }
        } catch {
            throw CommandFault.error("on line \(error.line) of \(path): \(error.message)")
        }
    }

    private func sealed(_ edits: [DecodedEdit], over tree: DataTree) throws -> [DecodedEdit] {
        let sealed = try session.sealed(edits.map { PathEdit($0.edit, $0.path) }, over: tree)
        guard sealed.count == edits.count else { return sealed.map { DecodedEdit($0.edit, $0.path) } }
        return zip(edits, sealed).map { edit, sealed in
            DecodedEdit(sealed.edit, sealed.path, requirement: edit.requirement, place: edit.place)
        }
    }

    /// What a file replaces: the outermost list entries that it names, and the nodes outside of lists.
    private static func replaced(by edits: [DecodedEdit]) -> [InstancePath] {
        var seen: Set<InstancePath> = []
        return edits.compactMap { edit in
            let end = edit.path.steps.firstIndex { $0.node.kind == .list } ?? edit.path.steps.count - 1
            let path = InstancePath(Array(edit.path.steps[...end]))
            return seen.insert(path).inserted ? path : nil
        }
    }

    private func removing(_ paths: [InstancePath], from tree: DataTree) throws -> DataTree {
        var tree = tree
        for path in paths { try tree.apply(.delete, at: path) }
        return tree
    }

    func save(_ line: Invocation) throws -> CommandResult {
        guard let file = line.parameters.first, let current = configuration else { throw line.incomplete }
        let formats = [Keyword(name: "xml", help: ""), Keyword(name: "json", help: "")]
        if line.parameters.count > 2 {
            throw CommandFault.syntax("too many parameters", at: line.parameters.dropFirst(2).first!.column)
        }
        let tree = current.candidate
        var options = EncodeOptions()
        options.includesMetadata = true
        let bytes: [UInt8]
        switch try line.parameters.dropFirst().first.map({ try Keyword.find($0, among: formats) }) {
        case "xml"?: bytes = XMLDataEncoder.bytes(tree, options)
        case "json"?: bytes = JSONDataEncoder.bytes(tree, options)
        default: bytes = Array(grammar(tree.model).render(tree).utf8)
        }
        do {
            try files.write(path(file.text), bytes, append: false)
        } catch {
            throw CommandFault.error("\(path(file.text)): \(error)")
        }
        return .done
    }
}
