package import Basics
import CLIGrammar
import ConfigTree
package import ControlProtocol
import YANG

/// Loads documents through a session, all of them in one transaction.
///
/// XML and JSON are read piece by piece into a tree, which costs what the data costs; an edit of its own has only what
/// an attribute asks for.
package struct DocumentLoader {
    private let session: any ControlSession
    private let options: LoadOptions
    /// Told what goes on, in words.
    private let progress: (String) -> Void
    private static let textLimit = 1 << 30
    private static let reportLimit = 20

    package init(
        _ session: any ControlSession, _ options: LoadOptions, progress: @escaping (String) -> Void = { _ in }
    ) {
        self.session = session
        self.options = options
        self.progress = progress
    }

    /// Loads the documents in order: the first by the mode, the others merged to it.
    ///
    /// - Returns: what was passed over, with `continuesOnError`.
    @discardableResult
    package func load(_ documents: [LoadDocument]) throws(ControlError) -> [Diagnostic] {
        var load = try Load(base: session.running, options)
        for (index, document) in documents.enumerated() {
            progress("reading \(document.name)")
            let mode = index == 0 ? options.mode : options.mode == .replace ? .replace : .merge
            try apply(document, mode, to: &load)
        }
        try commit(&load)
        return load.faults
    }

    /// A load in the making.
    private struct Load {
        /// What the next commit starts from.
        var base: DataTree
        var candidate: DataTree
        var faults: [Diagnostic] = []

        init(base: DataTree, _ options: LoadOptions) throws(ControlError) {
            self.base = base
            candidate = options.deletesAll ? DataTree(base.model) : base
            guard let text = options.deletedPath else { return }
            do {
                try candidate.apply(.delete, at: base.path(text))
            } catch {
                throw ControlError(.notFound, "-p \(text): \(error)")
            }
        }
    }

    private func commit(_ load: inout Load) throws(ControlError) {
        progress("committing")
        var commit = CommitOptions()
        commit.noNetworking = options.noNetworking
        _ = try session.commit(CommitRequest(base: load.base, candidate: load.candidate, options: commit))
        load.base = session.running
        load.candidate = load.base
    }

    private func apply(
        _ document: LoadDocument, _ mode: LoadOptions.Mode, to load: inout Load
    ) throws(ControlError) {
        if options.format.isCommands { return try applyCommands(document, mode, to: &load) }
        let merge = try read(document, mode, load.candidate, &load.faults)
        progress("laying \(document.name) over the configuration")
        switch mode {
        case .delete:
            load.candidate = try session.sealed(merge.tree, over: load.base)
        case .merge:
            var tree = try apply(merge.before, to: load.candidate, &load.faults)
            tree = tree.merging(try session.sealed(merge.tree, over: load.base))
            load.candidate = try apply(merge.after, to: tree, &load.faults)
        case .replace:
            let upper = try session.sealed(merge.tree, over: load.base)
            load.candidate = load.candidate.merging(upper, as: .replace)
        }
    }

    // MARK: Data

    private func read(
        _ document: LoadDocument, _ mode: LoadOptions.Mode, _ tree: DataTree, _ faults: inout [Diagnostic]
    ) throws(ControlError) -> DecodedMerge {
        var decode = DecodeOptions(options.isLax ? .lax : .strict, base: mode == .delete ? nil : tree)
        if options.skipsState { decode.content = .configOnly }
        let decoded: Decoded<DecodedMerge>
        do {
            let (name, model, isMerged) = (document.name, tree.model, mode == .merge)
            switch options.format {
            case .json:
                let reader = JSONReader(file: name, limits: .duplicates(options.isLax), source: document.source)
                decoded = try JSONDataDecoder.merge(document: reader, model: model, options: decode)
            case .jStyle:
                let text = try Self.text(document)
                decoded = CurlyDataDecoder.merge(text, file: name, model: model, options: decode)
            default:
                let reader = XMLReader(file: name, source: document.source)
                decoded =
                    isMerged
                    ? try XMLDataDecoder.merge(document: reader, model: model, options: decode)
                    : Self.merge(try XMLDataDecoder.tree(document: reader, model: model, options: decode))
            }
        } catch {
            throw ControlError(.connection, "\(document.name): \(error)")
        }
        return try content(decoded, &faults)
    }

    private static func merge(_ decoded: Decoded<DataTree>) -> Decoded<DecodedMerge> {
        Decoded(DecodedMerge(tree: decoded.content), decoded.diagnostics)
    }

    private func apply(
        _ edits: [DecodedEdit], to tree: DataTree, _ faults: inout [Diagnostic]
    ) throws(ControlError) -> DataTree {
        guard !edits.isEmpty else { return tree }
        let sealed = try session.sealed(edits.map { PathEdit($0.edit, $0.path) }, over: tree)
        return try content(
            tree.applying(
                zip(edits, sealed).map { edit, sealed in
                    DecodedEdit(sealed.edit, sealed.path, requirement: edit.requirement, place: edit.place)
                }), &faults)
    }

    /// What a document holds; its faults are an error, unless the load is to go on.
    private func content<Content>(
        _ decoded: Decoded<Content>, _ faults: inout [Diagnostic]
    ) throws(ControlError) -> Content {
        guard decoded.hasErrors else { return decoded.content }
        if options.continuesOnError {
            faults += decoded.diagnostics
            return decoded.content
        }
        let errors = decoded.diagnostics.filter { $0.severity == .error }
        throw ControlError(.invalidValue, Self.report(errors), diagnostics: errors)
    }

    /// Faults as lines, the first ones of many.
    package static func report(_ faults: [Diagnostic]) -> String {
        var lines = faults.prefix(reportLimit).map(\.description)
        if faults.count > reportLimit { lines.append("and \(faults.count - reportLimit) more") }
        return lines.joined(separator: "\n")
    }

    // MARK: Commands

    private static func text(_ document: LoadDocument) throws -> [UInt8] {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try piece.withUnsafeMutableBytes { try document.source($0) }
            if count == 0 { return text }
            guard text.count + count <= textLimit else {
                throw ControlError(.resource, "the text is larger than 1 GiB; load it in parts")
            }
            text += piece[..<count]
        }
    }

    private func applyCommands(
        _ document: LoadDocument, _ mode: LoadOptions.Mode, to load: inout Load
    ) throws(ControlError) {
        let text: [UInt8]
        do { text = try Self.text(document) } catch {
            throw ControlError(.connection, "\(document.name): \(error)")
        }
        let base = mode == .delete ? DataTree(load.candidate.model) : load.candidate
        let grammar = CLIGrammar(model: base.model, dialect: .c)
        if options.continuesOnError { return try applyWhatFits(text, document.name, grammar, base, to: &load) }
        // A text that is configuration and nothing else needs no edits.
        if !options.commitsEachLine, mode != .replace, let tree = grammar.configuration(text) {
            load.candidate = base.merging(try session.sealed(tree, over: load.base))
            return
        }
        let lines: [[PathEdit]]
        do throws(CLIFault) { lines = try grammar.editsByLine(text, over: base) } catch {
            let place = SourcePlace(file: document.name, line: error.line, column: error.column)
            let fault = Diagnostic.error(error.message, remedy: "correct the line", place: place)
            throw ControlError(.invalidValue, fault.description, diagnostics: [fault])
        }
        if mode == .replace {
            let replaced = Self.replaced(by: lines.joined())
            load.candidate = try applying(replaced.map { PathEdit(.delete, $0) }, to: base)
        } else {
            load.candidate = base
        }
        for line in lines {
            load.candidate = try applying(try session.sealed(line, over: load.candidate), to: load.candidate)
            if options.commitsEachLine, !line.isEmpty { try commit(&load) }
        }
    }

    private func applying(_ edits: [PathEdit], to tree: DataTree) throws(ControlError) -> DataTree {
        var tree = tree
        do {
            for edit in edits { try tree.apply(edit.edit, at: edit.path) }
            return tree
        } catch {
            throw ControlError(.invalidValue, error.description)
        }
    }

    private func applyWhatFits(
        _ text: [UInt8], _ name: String, _ grammar: CLIGrammar, _ base: DataTree, to load: inout Load
    ) throws(ControlError) {
        var parse = ParseOptions()
        parse.allowsAbbreviations = true
        guard let parsed = try? grammar.parse(text, over: base, options: parse) else { return }
        load.candidate = try session.sealed(parsed.tree, over: load.base)
        load.faults += parsed.skipped.map { line in
            Diagnostic.error(
                line.reason,
                place: SourcePlace(file: name, line: line.number))
        }
    }

    /// What commands replace: the outermost list entries that they name, and the nodes outside of lists.
    private static func replaced(by edits: some Sequence<PathEdit>) -> [InstancePath] {
        var seen: Set<InstancePath> = []
        return edits.compactMap { edit in
            let end = edit.path.steps.firstIndex { $0.node.kind == .list } ?? edit.path.steps.count - 1
            let path = InstancePath(Array(edit.path.steps[...end]))
            return seen.insert(path).inserted ? path : nil
        }
    }
}

extension JSONLimits {
    /// As `JSONDataDecoder` reads a whole document: a name twice is a fault, unless the reading is lax.
    fileprivate static func duplicates(_ isLax: Bool) -> JSONLimits {
        var limits = JSONLimits()
        limits.refusesDuplicateKeys = !isLax
        return limits
    }
}
