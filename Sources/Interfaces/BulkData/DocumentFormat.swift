package import Basics

/// The formats of `ncs_load -F`.
package enum DocumentFormat: String, Sendable {
    case xml = "x"
    case prettyXML = "p"
    case json = "o"
    case jStyle = "j"
    case cStyle = "c"
    case iStyle = "i"
    /// C-style read by another parser, where there is one; only for loading.
    case turboCStyle = "t"

    /// Whether it is the text of a CLI.
    var isText: Bool { ![.xml, .prettyXML, .json].contains(self) }
    /// Whether it is text that consists of commands.
    var isCommands: Bool { [.cStyle, .iStyle, .turboCStyle].contains(self) }
}

/// A document that is to be loaded: its name in messages, and its bytes as they come.
package struct LoadDocument {
    package var name: String
    package var source: ByteInput.Source

    package init(_ name: String, source: @escaping ByteInput.Source) {
        self.name = name
        self.source = source
    }
}

/// How documents are loaded (`ncs_load -l`).
package struct LoadOptions: Sendable {
    package enum Mode: Sendable {
        /// The document is the whole configuration.
        case delete
        /// It is laid over what is there.
        case merge
        /// List entries, leaf-lists and presence containers that it names are as it says.
        case replace
    }

    package var format = DocumentFormat.xml
    package var mode = Mode.delete
    package var isLax = false
    package var noNetworking = false
    /// `-D`: nothing of the configuration before remains.
    package var deletesAll = false
    /// `-p`: nothing below this path remains.
    package var deletedPath: String?
    /// `-o`: state data in a document is passed over, where it is a fault without.
    package var skipsState = false
    /// `-a`: commits after each line of commands.
    package var commitsEachLine = false
    /// `-e`: what cannot be taken over is reported, the rest is loaded.
    package var continuesOnError = false

    package init() {}
}

/// What `ncs_load` without `-l` prints.
package struct PrintOptions: Sendable {
    package enum State: Sendable {
        /// Only configuration.
        case without
        case with
        /// State data and what is around it.
        case only
    }

    package var format = DocumentFormat.xml
    package var path: String?
    /// Only what this expression selects.
    package var expression: String?
    package var withDefaults = false
    /// Default values as comments, in the CLI formats.
    package var commentsDefaults = false
    package var state = State.without
    package var withMetadata = false
    package var withHidden = true

    package init() {}
}
