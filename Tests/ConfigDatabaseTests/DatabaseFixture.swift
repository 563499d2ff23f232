import Foundation

@testable import ConfigDatabase

/// The long form of the campaigns, for `make soak`.
let isSoak = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil

/// A directory of its own for a test, removed at the end.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "cdb-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var file: String { path + "/" + ConfigurationDatabase.fileName }

    /// The content as a start sees it.
    func records() throws -> [LogRecord] {
        var records = [LogRecord]()
        let database = try ConfigurationDatabase(directory: path) { step in
            if case .record(let record) = step { records.append(record) }
        }
        database.close()
        return records
    }

    /// A database of some records and operational values, closed in good order.
    func fill(_ count: Int) throws {
        let database = try ConfigurationDatabase(directory: path, identity: [UInt8](repeating: 7, count: 16))
        for index in 0..<count { try database.append([entry(index)]) }
        try database.setOperational([OperationalChange("device/ce0/state", Array("enabled".utf8))])
        database.close()
    }
}

func entry(_ index: Int, kind: LogKind = .commit) -> LogEntry {
    LogEntry(kind: kind, time: Int64(index) * 1_000, payload: Array("{\"value\":\(index)}".utf8))
}

/// A generator that a seed determines.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
    }
}

/// What a run of `cdb-crash-helper` printed and how it ended.
struct HelperRun {
    var lines: [String]
    var wasKilled: Bool

    static func start(_ arguments: [String], crashAt point: String?) throws -> HelperRun {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("cdb-crash-helper")
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPENNED_CRASH_AT"] = point
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return HelperRun(
            lines: String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init),
            wasKilled: process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
    }
}
