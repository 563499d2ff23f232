import Basics
import ControlProtocol
import Events
import Foundation
import NEDKit
import PackageManager
import Synchronization

/// Starts programs of packages for the controller, and writes down what they say: `logs/ncs-program-PACKAGE.log`.
final class ProgramHost: Sendable {
    private static let logLimit = 10 << 20
    private let configuration: SystemConfiguration
    private let host: String
    private let clock: WallClock
    private let logs = Mutex<[String: LogFile]>([:])

    init(_ configuration: SystemConfiguration, host: String, clock: WallClock) {
        self.configuration = configuration
        self.host = host
        self.clock = clock
    }

    /// By which what is left of programs is found after the daemon was killed.
    static func owner(_ configuration: SystemConfiguration) -> String {
        URL(fileURLWithPath: configuration.runDirectory).resolvingSymlinksInPath().path
    }

    /// Programs of a package in a role; none is started yet.
    ///
    /// - Parameter file: below the package.
    func pool(
        _ package: LoadedPackage, role: String, file: String, arguments: [String] = []
    ) throws(ControlError) -> ProgramPool {
        let path: String
        do throws(ProgramFileFault) { path = try ProgramFile.path(file, below: package.directory) } catch {
            throw ControlError(.notFound, "package \(package.name): the program \(error.description)")
        }
        let program = ProgramDescription(
            package: package.name, role: role, path: path, arguments: arguments,
            directory: URL(fileURLWithPath: package.directory).resolvingSymlinksInPath().path,
            owner: Self.owner(configuration))
        let log = try log(of: package.name)
        let (clock, name) = (clock, program.name)
        return ProgramPool(program) { line in
            log?.write(.info, "\(name): \(line)", at: EventTime(microseconds: clock.now()))
        }
    }

    private func log(of package: String) throws(ControlError) -> LogFile? {
        let path = "\(configuration.logDirectory)/ncs-program-\(package).log"
        do {
            return try logs.withLock { logs in
                let log =
                    try logs[package]
                    ?? LogFile(path, host: host, process: ProcessInfo.processInfo.processIdentifier)
                // Somebody may have moved the file away since.
                try log.reopen(rotatingAbove: Self.logLimit)
                logs[package] = log
                return log
            }
        } catch {
            throw ControlError(.resource, "\(path) cannot be written: \(error)")
        }
    }
}

extension ControlError {
    /// What a program of a package did wrong, or refused.
    init(_ error: ProgramError) {
        self.init(error.code == .refused ? .validation : .internalFault, error.description)
    }
}
