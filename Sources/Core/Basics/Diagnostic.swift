/// A place in a text: file, line and column, counted from 1. A zero line or column is unknown and not printed.
package struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String {
        if line == 0 { return file }
        return column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
    }
}

/// A finding about data or a source text that somebody can mend: faults in input come as lists of these.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: Int, Comparable, Sendable {
        case note, warning, error

        package static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
    }

    package var severity: Severity
    /// One sentence: what is wrong.
    package var summary: String
    /// What to do about it, or what was expected. May be empty.
    package var remedy: String
    /// Where in a source text, if it is about one.
    package var place: SourcePlace?
    /// Where in the data (an instance path), if it is about data.
    package var path: String?
    /// The `error-app-tag` of RFC 7950 section 8.3, if the module or the RFC gives one.
    package var appTag: String?
    /// The name of the kind of fault, if findings of its sort have names that users may choose by.
    package var code: String?
    /// The element of a document that it is about, where that is no data.
    package var subject: Subject?

    package struct Subject: Hashable, Sendable {
        package var name: String
        package var namespace: String
        /// The element around it.
        package var parent: String

        package init(name: String, namespace: String = "", parent: String = "") {
            self.name = name
            self.namespace = namespace
            self.parent = parent
        }
    }

    package init(
        _ severity: Severity, _ summary: String, remedy: String = "", place: SourcePlace? = nil, path: String? = nil,
        appTag: String? = nil
    ) {
        self.severity = severity
        self.summary = summary
        self.remedy = remedy
        self.place = place
        self.path = path
        self.appTag = appTag
    }

    package static func error(
        _ summary: String, remedy: String = "", place: SourcePlace? = nil, path: String? = nil, appTag: String? = nil
    ) -> Diagnostic {
        Diagnostic(.error, summary, remedy: remedy, place: place, path: path, appTag: appTag)
    }

    package static func warning(_ summary: String, remedy: String = "", place: SourcePlace? = nil, path: String? = nil)
        -> Diagnostic
    {
        Diagnostic(.warning, summary, remedy: remedy, place: place, path: path)
    }

    /// `FILE:LINE:COLUMN: error: summary; remedy`, the form that editors and make understand.
    package var description: String {
        var text = ""
        if let place { text += "\(place): " }
        text += "\(severity): \(summary)"
        if let path { text += " (at \(path))" }
        if !remedy.isEmpty { text += "; \(remedy)" }
        return text
    }
}

/// One or more faults in an input, thrown where the caller can do nothing but report them all.
package struct DiagnosticsError: Error, Sendable, CustomStringConvertible {
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
    package init(_ diagnostic: Diagnostic) { diagnostics = [diagnostic] }

    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
