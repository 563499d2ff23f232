package import Events

/// `/ncs-config/logs`: where each log is written; nil for one that is not. A log that the file says nothing of is written
/// into the directory of the others.
package struct LogSettings: Hashable, Sendable {
    package var system: String?
    package var development: String?
    /// What is less than this does not get into the developer log.
    package var developmentLevel = LogLevel.debug
    package var upgrades: String?
    package var audit: String?

    /// What of `ncs.conf` counts here.
    static let elements: Set<String> = Set(
        ["ncs-log", "developer-log", "upgrade-log", "audit-log"]
            .flatMap { name in ["enabled", "file/enabled", "file/name"].map { "logs/\(name)/\($0)" } }
            + ["logs/developer-log-level"])

    /// - Parameters:
    ///   - text: the value of an element, by its path below `logs`; `path` that of one which is a path, made absolute.
    ///   - fault: for a value that is none.
    init(
        directory: String, text: (String) -> String?, path: (String) -> String?,
        fault: (_ element: String, _ value: String, _ expected: String) -> any Error
    ) throws {
        func flag(_ element: String) throws -> Bool {
            let value = text(element) ?? "true"
            guard ["true", "false"].contains(value) else { throw fault(element, value, "true or false") }
            return value == "true"
        }
        func file(_ name: String, _ usual: String) throws -> String? {
            guard try flag("\(name)/enabled"), try flag("\(name)/file/enabled") else { return nil }
            return path("\(name)/file/name") ?? "\(directory)/\(usual)"
        }
        system = try file("ncs-log", "ncs.log")
        development = try file("developer-log", "devel.log")
        upgrades = try file("upgrade-log", "upgrade.log")
        audit = try file("audit-log", "audit.log")
        switch text("developer-log-level") {
        case nil: break
        case "error": developmentLevel = .error
        case "info": developmentLevel = .info
        case "trace": developmentLevel = .trace
        case let value?: throw fault("developer-log-level", value, "error, info or trace")
        }
    }
}
