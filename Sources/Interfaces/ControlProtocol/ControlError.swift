package import Basics

/// Why the controller refused a request: a code for programs, a sentence for the operator, and the findings.
package struct ControlError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case validation, conflict, locked, accessDenied, notFound, invalidValue
        case outOfSync, connection, device, inDoubt
        case upgradeInProgress, resource, internalFault, unsupported
    }

    package var code: Code
    /// What the operator reads after `Aborted: ` or `Error: `.
    package var message: String
    package var diagnostics: [Diagnostic]

    package init(_ code: Code, _ message: String, diagnostics: [Diagnostic] = []) {
        self.code = code
        self.message = message
        self.diagnostics = diagnostics
    }

    package var description: String { message }
}
