/// The log catalogue: what the daemon says about itself and its users, as values.
///
/// Texts as the field's tools expect them; the names in the documentation of NSO are those of `name`.
package enum LogEvent: Hashable, Sendable {
    // MARK: ncs.log
    case starting(version: String)
    case started
    case stopping
    case reopenedLogs
    case readingConfiguration(file: String)
    case badConfiguration(file: String, line: Int, reason: String)
    case configurationChange(String)
    case ignoredConfiguration([String])
    case loadingInitialData(file: String)
    case databaseStartFailed(reason: String)
    case databaseFault(reason: String)
    case recovery(transactions: Int, participants: Int)
    case inDoubt(participant: String, reason: String)
    case packageLoaded(name: String, version: String)
    case packageFailed(name: String, reason: String)
    case packageRefused(PackageRefusal, text: String)
    case packageCopying(from: String, to: String)
    case packageUpgradeAborted(reason: String)
    case packageUpgradeUnsafe(warnings: String)
    case upgradeStep(UpgradeStep)
    case listening(purpose: String, address: String)
    case cannotListen(purpose: String, address: String, reason: String)
    case phase(String)

    // MARK: audit.log
    case sessionCreated(AuditUser, context: String, address: String, transport: String)
    case sessionEnded(AuditUser, reason: String)
    case loggedIn(AuditUser, context: String, address: String, transport: String, method: String)
    case loginFailed(AuditUser, context: String, address: String, transport: String, reason: String)
    case groups(AuditUser, [String])
    case command(AuditUser, String)
    case commandDone(AuditUser)
    case commandAborted(AuditUser)
    case commandDenied(AuditUser, String)
    case committed(AuditUser, summary: String)

    /// Why a package is not loaded, as far as the catalogue has a name of its own for it.
    package enum PackageRefusal: String, CaseIterable, Sendable {
        case badDependency = "NCS_PACKAGE_BAD_DEPENDENCY"
        case badVersion = "NCS_PACKAGE_BAD_NCS_VERSION"
        case circularDependency = "NCS_PACKAGE_CIRCULAR_DEPENDENCY"
        case duplicate = "NCS_PACKAGE_DUPLICATE"
        case syntaxError = "NCS_PACKAGE_SYNTAX_ERROR"
    }

    /// How far an upgrade of the data models has come.
    package enum UpgradeStep: String, CaseIterable, Sendable {
        case initStarted = "UPGRADE_INIT_STARTED"
        case initSucceeded = "UPGRADE_INIT_SUCCEEDED"
        case performed = "UPGRADE_PERFORMED"
        case committed = "UPGRADE_COMMITTED"
        case aborted = "UPGRADE_ABORTED"

        fileprivate var text: String {
            switch self {
            case .initStarted: "Upgrade init started"
            case .initSucceeded: "Upgrade init succeeded"
            case .performed: "Upgrade performed"
            case .committed: "Upgrade committed"
            case .aborted: "Upgrade aborted"
            }
        }
    }

    /// Who did something: name and session, `admin/20`.
    package struct AuditUser: Hashable, Sendable {
        package var name: String
        package var session: Int

        package init(_ name: String, session: Int) {
            self.name = name
            self.session = session
        }
    }

    /// The name in the catalogue.
    package var name: String { entry.name }
    package var level: LogLevel { entry.level }
    /// The line after the process.
    package var text: String { entry.text }

    private typealias Entry = (name: String, level: LogLevel, text: String)

    private var entry: Entry { daemonEntry ?? packageEntry ?? auditEntry ?? ("DEVEL_CONFD", .info, "- \(self)") }

    private var packageEntry: Entry? {
        switch self {
        case .packageLoaded(let name, let version): ("PACKAGE_LOADED", .info, "- Loaded package \(name) \(version)")
        case .packageFailed(let name, let reason):
            ("NCS_PACKAGE_LOAD", .critical, "- Failed to load NCS package: \(name); \(reason)")
        case .packageRefused(let refusal, let text): (refusal.rawValue, .critical, "- \(text)")
        case .packageCopying(let source, let target):
            ("NCS_PACKAGE_COPYING", .debug, "- Copying NCS package from \(source) to \(target)")
        case .packageUpgradeAborted(let reason):
            ("NCS_PACKAGE_UPGRADE_ABORTED", .critical, "- NCS package upgrade failed with reason '\(reason)'")
        case .packageUpgradeUnsafe(let warnings):
            (
                "NCS_PACKAGE_UPGRADE_UNSAFE", .critical,
                "- NCS package upgrade has been aborted due to warnings:\n\(warnings)"
            )
        case .upgradeStep(let step): (step.rawValue, .info, "- \(step.text)")
        default: nil
        }
    }

    private var daemonEntry: Entry? {
        switch self {
        case .starting(let version): ("NCS_STARTING", .info, "- Starting ncs vsn: \(version)")
        case .started: ("STARTED", .info, "- ncs started")
        case .stopping: ("STOPPING", .info, "- Daemon stopping")
        case .reopenedLogs: ("REOPEN_LOGS", .info, "- Logging subsystem, reopening log files")
        case .readingConfiguration(let file): ("CONSULT_FILE", .info, "- Consulting daemon configuration file \(file)")
        case .badConfiguration(let file, let line, let reason):
            ("BADCONFIG", .critical, "- Bad configuration: \(file):\(line): \(reason)")
        case .configurationChange(let what): ("CONFIG_CHANGE", .info, "- ncs configuration change: \(what)")
        case .ignoredConfiguration(let elements):
            ("CONFIG_IGNORED", .info, "- Accepted without effect: \(elements.joined(separator: ", "))")
        case .loadingInitialData(let file): ("CDB_INIT_LOAD", .info, "- CDB load: processing file: \(file)")
        case .databaseStartFailed(let reason): ("CDB_BOOT_ERR", .critical, "- CDB boot error: \(reason)")
        case .databaseFault(let reason): ("CDB_FATAL_ERROR", .critical, "- fatal error in CDB: \(reason)")
        case .recovery(let transactions, let participants):
            (
                "TRANSACTION_RECOVERY", .warning,
                "- Recovering \(transactions) interrupted transactions at \(participants) participants"
            )
        case .inDoubt(let participant, let reason):
            ("TRANSACTION_IN_DOUBT", .warning, "- \(participant) is in doubt: \(reason)")
        case .listening(let purpose, let address):
            ("LISTENER_INFO", .info, "- ncs listening for \(purpose) on \(address)")
        case .cannotListen(let purpose, let address, let reason):
            ("EXT_BIND_ERR", .critical, "- Cannot listen for \(purpose) on \(address): \(reason)")
        case .phase(let what): ("PHASE", .info, "- \(what)")
        default: nil
        }
    }

    private var auditEntry: Entry? {
        switch self {
        case .sessionCreated(let user, let context, let address, let transport):
            ("SESSION_CREATE", .info, user.says("created new session via \(context) from \(address) with \(transport)"))
        case .sessionEnded(let user, let reason):
            ("SESSION_TERMINATION", .info, user.says("terminated session (reason: \(reason))"))
        case .loggedIn(let user, let context, let address, let transport, let method):
            (
                "AUTH_LOGIN_SUCCESS", .info,
                user.says("logged in via \(context) from \(address) with \(transport) using \(method) authentication")
            )
        case .loginFailed(let user, let context, let address, let transport, let reason):
            (
                "AUTH_LOGIN_FAIL", .info,
                user.says("login failed via \(context) from \(address) with \(transport): \(reason)")
            )
        case .groups(let user, let groups):
            ("GROUP_ASSIGN", .info, user.says("assigned to groups: \(groups.joined(separator: ","))"))
        case .command(let user, let line): ("CLI_CMD", .info, user.says("CLI '\(line)'"))
        case .commandDone(let user): ("CLI_CMD_DONE", .info, user.says("CLI done"))
        case .commandAborted(let user): ("CLI_CMD_ABORTED", .info, user.says("CLI aborted"))
        case .commandDenied(let user, let line): ("CLI_DENIED", .info, user.says("CLI denied '\(line)'"))
        case .committed(let user, let summary): ("COMMIT_INFO", .info, user.says("commit \(summary)"))
        default: nil
        }
    }
}

extension LogEvent.AuditUser {
    fileprivate func says(_ what: String) -> String { "audit user: \(name)/\(session) \(what)" }
}
