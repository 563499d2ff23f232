package import Basics
import Synchronization
package import YANG

/// The revisions of modules that a driver has, and what a device with some of them knows of its model.
///
/// The driver's model is the union of all revisions. What a device knows is compiled when the first such device is
/// met, and kept: devices that announce the same share it.
package final class DriverRevisions: Sendable {
    /// Compiles the set that has those modules in those revisions, and no others.
    package typealias Compile = @Sendable ([String: String]) -> (schema: Schema?, diagnostics: [Diagnostic])

    /// The revisions of each module of the driver, the newest first; "" is none.
    package let available: [String: [String]]
    /// The driver's model: with one revision of each module, what a device knows is a part of it.
    private let union: Schema?
    private let compile: Compile
    private let views = Mutex<[[String: String]: Result<RevisionView, DiagnosticsError>]>([:])

    /// - Parameter compile: called only if there are several revisions of a module.
    package init(available: [String: [String]], union: Schema?, compile: @escaping Compile) {
        self.available = available
        self.union = union
        self.compile = compile
    }

    /// A driver with one revision of each module, whose devices have all of them.
    package static let single = DriverRevisions(available: [:], union: nil) { _ in (nil, []) }

    /// Whether there are several revisions of any module.
    package var hasSeveral: Bool { available.values.contains { $0.count > 1 } }

    /// The revision of each module that serves a device; nil where that is the driver's whole model.
    package func selection(for announcement: ModuleAnnouncement) -> [String: String]? {
        let announced = Dictionary(
            announcement.modules.map { ($0.name, $0.revision) }, uniquingKeysWith: { first, _ in first })
        var selection: [String: String] = [:]
        var isWhole = true
        for (name, revisions) in available {
            if revisions.count > 1 { isWhole = false }
            if let wanted = announced[name] {
                selection[name] = ModuleRevisions.choose(wanted, among: revisions).map { revisions[$0] }
            } else if announcement.isComplete, !announcement.modules.isEmpty {
                isWhole = false
            } else {
                selection[name] = revisions.first
            }
        }
        return isWhole ? nil : selection
    }

    /// What a device knows; nil if it knows the driver's whole model. Throws the faults of a set that does not compile.
    package func view(for announcement: ModuleAnnouncement) throws(DiagnosticsError) -> RevisionView? {
        guard let selection = selection(for: announcement) else { return nil }
        if let known = views.withLock({ $0[selection] }) { return try known.get() }
        if let union, !hasSeveral { return RevisionView(union, modules: Set(selection.keys)) }
        let (schema, diagnostics) = compile(selection)
        let errors = diagnostics.filter { $0.severity == .error }
        let made: Result<RevisionView, DiagnosticsError> =
            schema.map { .success(RevisionView($0)) } ?? .failure(DiagnosticsError(errors))
        views.withLock { $0[selection] = made }
        return try made.get()
    }
}
