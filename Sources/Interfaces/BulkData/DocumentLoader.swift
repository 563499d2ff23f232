import Basics
import CLIGrammar
import ConfigTree
package import ControlProtocol

/// The formats of `ncs_load -F`.
package enum DocumentFormat: String, Sendable {
    case xml = "x"
    case prettyXML = "p"
    case json = "o"
    case cStyle = "c"
    case turboCStyle = "t"
}

/// How documents are loaded (`ncs_load -l`).
package struct LoadOptions: Sendable {
    package enum Mode: Sendable {
        /// The document is the whole configuration.
        case delete
        /// It is laid over what is there.
        case merge
        /// What is below the nodes that it names is replaced.
        case replace
    }

    package var format = DocumentFormat.xml
    package var mode = Mode.delete
    package var isLax = false
    package var noNetworking = false

    package init() {}
}

/// Loads documents through a session, all of them in one transaction.
package struct DocumentLoader {
    private let session: any ControlSession
    private let options: LoadOptions

    package init(_ session: any ControlSession, _ options: LoadOptions) {
        self.session = session
        self.options = options
    }

    /// Loads the documents in order: the first by the mode, the others merged to it.
    package func load(_ documents: [(name: String, content: [UInt8])]) throws(ControlError) -> CommitOutcome {
        let base = session.running
        var candidate = base
        for (index, document) in documents.enumerated() {
            let mode = index == 0 ? options.mode : options.mode == .replace ? .replace : .merge
            candidate = try apply(document, mode, to: candidate)
        }
        var commit = CommitOptions()
        commit.noNetworking = options.noNetworking
        return try session.commit(CommitRequest(base: base, candidate: candidate, options: commit))
    }

    private func apply(
        _ document: (name: String, content: [UInt8]), _ mode: LoadOptions.Mode, to tree: DataTree
    ) throws(ControlError) -> DataTree {
        switch options.format {
        case .cStyle, .turboCStyle: return try applyText(document, mode, to: tree)
        case .xml, .prettyXML, .json: break
        }
        let decode = DecodeOptions(options.isLax ? .lax : .strict, base: mode == .delete ? nil : tree)
        let isJSON = options.format == .json
        if mode == .merge {
            let edits =
                isJSON
                ? JSONDataDecoder.edits(document.content, file: document.name, model: tree.model, options: decode)
                : XMLDataDecoder.edits(document.content, file: document.name, model: tree.model, options: decode)
            return try apply(try content(edits), to: tree)
        }
        let decoded =
            isJSON
            ? JSONDataDecoder.tree(document.content, file: document.name, model: tree.model, options: decode)
            : XMLDataDecoder.tree(document.content, file: document.name, model: tree.model, options: decode)
        let loaded = try session.sealed(try content(decoded), over: tree)
        return mode == .delete ? loaded : try replacing(loaded, in: tree)
    }

    private func content<Content>(_ decoded: Decoded<Content>) throws(ControlError) -> Content {
        do { return try decoded.get() } catch {
            let text = error.diagnostics.prefix(20).map(\.description).joined(separator: "\n")
            throw ControlError(.invalidValue, text, diagnostics: error.diagnostics)
        }
    }

    private func apply(_ edits: [DecodedEdit], to tree: DataTree) throws(ControlError) -> DataTree {
        let plain = edits.map { PathEdit($0.edit, $0.path) }
        let sealed = try session.sealed(plain, over: tree)
        let applied = tree.applying(
            zip(edits, sealed).map { edit, sealed in
                DecodedEdit(sealed.edit, sealed.path, requirement: edit.requirement, place: edit.place)
            })
        return try content(applied)
    }

    /// The tree with each top-level node that `loaded` has in place of its own.
    private func replacing(_ loaded: DataTree, in tree: DataTree) throws(ControlError) -> DataTree {
        var tree = tree
        do {
            for child in loaded.rootInstance.children() {
                try tree.apply(.delete, at: InstancePath().appending(child.node))
            }
        } catch {
            throw ControlError(.invalidValue, error.description)
        }
        return tree.merging(loaded)
    }

    private func applyText(
        _ document: (name: String, content: [UInt8]), _ mode: LoadOptions.Mode, to tree: DataTree
    ) throws(ControlError) -> DataTree {
        var tree = mode == .delete ? DataTree(tree.model) : tree
        let grammar = CLIGrammar(model: tree.model, dialect: .c)
        do {
            let edits = try session.sealed(try grammar.edits(document.content, over: tree), over: tree)
            for edit in edits { try tree.apply(edit.edit, at: edit.path) }
            return tree
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(.invalidValue, "\(document.name): \(error)")
        }
    }
}
