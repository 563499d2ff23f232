import Foundation
import Testing

@testable import Events

private func scratch() throws -> String {
    let path = NSTemporaryDirectory() + "events-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private func removeDirectory(of path: String) {
    try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
}

private func content(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

private let noon = EventTime(microseconds: 1_639_070_037_506_123)

@Test func timesAreWrittenAsTheFieldDoes() {
    #expect(noon.yangText == "2021-12-09T17:13:57.506123+00:00")
    #expect(noon.logText.wholeMatch(of: /9-Dec-2021::\d\d:\d\d:57\.506|\d+-Dec-2021::.*/) != nil)
    #expect(EventTime(microseconds: -1).yangText == "1969-12-31T23:59:59.999999+00:00")
}

@Test func aLineHasLevelTimeHostProcessAndText() throws {
    let path = try scratch() + "/audit.log"
    defer { removeDirectory(of: path) }
    let log = try LogFile(path, host: "h1", process: 106)
    let user = LogEvent.AuditUser("admin", session: 20)
    log.write(.sessionCreated(user, context: "cli", address: "127.0.0.1", transport: "console"), at: noon)
    log.write(.loadingInitialData(file: "ncs-cdb/init.xml"), at: noon)
    log.write(.debug, "devel-c not shown", at: noon)
    #expect(
        try content(path) == """
            <INFO> \(noon.logText) h1 ncs[106]: audit user: admin/20 created new session via cli from 127.0.0.1 with console
            <INFO> \(noon.logText) h1 ncs[106]: - CDB load: processing file: ncs-cdb/init.xml

            """)
}

@Test func whatADeviceSaysCannotForgeLinesOrDriveTheTerminal() throws {
    let path = try scratch() + "/ncs.log"
    defer { removeDirectory(of: path) }
    let log = try LogFile(path, host: "h\n1", process: 1, mask: { $0.replacing("secret", with: "*****") })
    log.write(.inDoubt(participant: "device/ce0", reason: "said \u{1B}[2J\r\n<INFO> forged \u{202E}secret"), at: noon)
    #expect(
        try content(path)
            == "<WARNING> \(noon.logText) h\\n1 ncs[1]: - device/ce0 is in doubt: "
            + "said \\x1b[2J\\r\\n<INFO> forged \\u202e*****\n")
}

@Test func aLogThatWasMovedAwayIsBegunAnew() throws {
    let path = try scratch() + "/ncs.log"
    defer { removeDirectory(of: path) }
    let log = try LogFile(path, host: "h", process: 1)
    log.write(.info, "one", at: noon)
    rename(path, path + ".old")
    log.write(.info, "two", at: noon)
    try log.reopen()
    log.write(.info, "three", at: noon)
    #expect(try content(path + ".old").components(separatedBy: "\n").count == 3)
    #expect(try content(path).hasSuffix("three\n"))
    try log.reopen(rotatingAbove: 10_000)
    #expect(try content(path).hasSuffix("three\n"))
    try log.reopen(rotatingAbove: 10)
    log.write(.info, "four", at: noon)
    #expect(try content(path + ".1").hasSuffix("three\n"))
    #expect(try content(path).hasSuffix("four\n"))
}

@Test func linesOfManyThreadsDoNotMix() throws {
    let path = try scratch() + "/ncs.log"
    defer { removeDirectory(of: path) }
    let log = try LogFile(path, host: "h", process: 1)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for index in 0..<100 { log.write(.info, "thread \(thread) line \(index)", at: noon) }
    }
    let lines = try content(path).split(separator: "\n")
    #expect(lines.count == 800)
    #expect(lines.allSatisfy { $0.hasPrefix("<INFO> ") && $0.contains(": thread ") })
}

@Test func everyEntryOfTheCatalogueHasANameOfItsOwn() {
    let user = LogEvent.AuditUser("admin", session: 1)
    let events: [LogEvent] =
        [
            .starting(version: "6.7"), .started, .stopping, .reopenedLogs, .readingConfiguration(file: "ncs.conf"),
            .badConfiguration(file: "ncs.conf", line: 3, reason: "x"), .configurationChange("x"),
            .ignoredConfiguration(["a", "b"]), .loadingInitialData(file: "x"), .databaseStartFailed(reason: "x"),
            .databaseFault(reason: "x"), .recovery(transactions: 1, participants: 2),
            .inDoubt(participant: "x", reason: "y"),
            .packageLoaded(name: "x", version: "1.0"), .packageFailed(name: "x", reason: "y"),
            .packageCopying(from: "x", to: "y"), .packageUpgradeAborted(reason: "x"),
            .packageUpgradeUnsafe(warnings: "x"),
            .listening(purpose: "ssh", address: "127.0.0.1:2024"),
            .cannotListen(purpose: "ssh", address: "127.0.0.1:2024", reason: "in use"), .phase("start phase 1"),
            .sessionCreated(user, context: "cli", address: "x", transport: "ssh"),
            .sessionEnded(user, reason: "normal"),
            .loggedIn(user, context: "cli", address: "x", transport: "ssh", method: "local"),
            .loginFailed(user, context: "cli", address: "x", transport: "ssh", reason: "y"),
            .groups(user, ["ncsadmin"]),
            .command(user, "show"), .commandDone(user), .commandAborted(user), .commandDenied(user, "x"),
            .committed(user, summary: "x"),
        ] + LogEvent.PackageRefusal.allCases.map { .packageRefused($0, text: "x") }
        + LogEvent.UpgradeStep.allCases.map { .upgradeStep($0) }
    #expect(Set(events.map(\.name)).count == events.count)
    #expect(!events.map(\.name).contains("DEVEL_CONFD"))
}

@Test func aTraceShowsBothDirectionsAndNoSecret() throws {
    let path = try scratch() + "/" + TraceFile.name(nedID: "router-cli-1.0", device: "../ce0")
    defer { removeDirectory(of: path) }
    #expect(path.hasSuffix("/ned-router-cli-1.0-.._ce0.trace"))
    let trace = try TraceFile(path, mask: { $0.replacing("cisco", with: "*****") })
    let context = TraceFile.Context(user: "admin", session: 56, transaction: 3, host: "h", device: "ce0", traceID: "ab")
    trace.write(.toDevice, "PREPARE 1:", "username a password cisco\r\nhostname ce0\u{7}", context: context, at: noon)
    trace.write(.fromDevice, "PREPARE OK", context: context, at: noon)
    let prefix = "\(noon.logText) user: admin/56 thandle 3 hostname h device ce0 trace-id=ab"
    #expect(
        try content(path)
            == ">> \(prefix) PREPARE 1:\nusername a password *****\nhostname ce0\\x07\n<< \(prefix) PREPARE OK\n")
    try trace.clear()
    #expect(try content(path) == "")
}

@Test func progressIsMadeOnlyForThoseWhoWatch() {
    let hub = ProgressHub()
    hub.post {
        Issue.record("nobody watches")
        return ProgressEvent(.info, "x", at: noon, session: 1)
    }
    final class Box: @unchecked Sendable { var lines = [String]() }
    let box = Box()
    let id = hub.startWatching { box.lines.append($0.text) }
    hub.post { ProgressEvent(.start, "prepare", at: noon, session: 1, device: "ce0") }
    hub.post {
        ProgressEvent(.stop, "prepare", at: noon, session: 1, annotation: "ok", device: "ce0", duration: 12_400)
    }
    hub.stopWatching(id)
    hub.post { ProgressEvent(.info, "unseen", at: noon, session: 1) }
    #expect(
        box.lines == ["2021-12-09T17:13:57.506 ce0: prepare...", "2021-12-09T17:13:57.506 ce0: prepare: ok (0.012 s)"])
}
