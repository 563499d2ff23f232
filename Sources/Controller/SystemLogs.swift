package import Basics
package import Events
import Foundation

/// The logs of the daemon.
package struct SystemLogs: Sendable {
    private let system: LogFile?
    private let development: LogFile?
    private let audit: LogFile?
    private let upgrades: LogFile?
    private let clock: WallClock

    /// Makes the directories of the files where they are missing.
    ///
    /// - Throws: `FileError` if a log cannot be opened.
    package init(_ settings: LogSettings, host: String, clock: WallClock) throws {
        let process = ProcessInfo.processInfo.processIdentifier
        func open(_ path: String?, _ minimum: LogLevel = .info) throws -> LogFile? {
            guard let path else { return nil }
            try DurableFiles.makeDirectory(DurableFiles.parent(of: path))
            return try LogFile(path, host: host, process: process, minimum: minimum)
        }
        system = try open(settings.system)
        development = try open(settings.development, settings.developmentLevel)
        audit = try open(settings.audit)
        upgrades = try open(settings.upgrades)
        self.clock = clock
    }

    private var time: EventTime { EventTime(microseconds: clock.now()) }

    /// What the daemon says about itself; `devel.log` has it too.
    package func note(_ event: LogEvent) {
        system?.write(event, at: time)
        development?.write(event, at: time)
    }

    package func develop(_ level: LogLevel, _ text: String) { development?.write(level, "- \(text)", at: time) }
    /// What an upgrade of packages does, step by step; the steps themselves are noted too.
    package func upgrade(_ step: LogEvent.UpgradeStep) {
        note(.upgradeStep(step))
        upgrades?.write(.upgradeStep(step), at: time)
    }

    package func upgrade(_ level: LogLevel, _ text: String) { upgrades?.write(level, "- \(text)", at: time) }
    package func audit(_ event: LogEvent) { audit?.write(event, at: time) }

    package func reopen() {
        for log in [system, development, audit, upgrades] { try? log?.reopen() }
        note(.reopenedLogs)
    }
}
