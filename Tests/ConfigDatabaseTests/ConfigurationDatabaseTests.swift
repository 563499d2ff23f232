import Foundation
import Synchronization
import Testing

@testable import ConfigDatabase

@Test func recordsComeBackInOrderAndChained() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    #expect(database.isNew)
    #expect(database.head.number == 0)
    let first = try database.append([entry(1, kind: .initialise)])
    let more = try database.append([entry(2, kind: .intent), entry(3, kind: .decisionCommit), entry(4, kind: .done)])
    #expect(first.map(\.number) == [1])
    #expect(more.map(\.number) == [2, 3, 4])
    #expect(more[0].previousDigest == first[0].digest)
    #expect(database.head == more[2].position)
    var read = [LogRecord]()
    try database.read(after: first[0].position, through: 3) { read.append($0) }
    #expect(read == Array(more.prefix(2)))
    database.close()
    #expect(try scratch.records() == first + more)
}

/// Large payloads are written in pieces: exactly one, one and a byte, and several.
@Test(arguments: [1 << 20, (1 << 20) + 1, (3 << 20) - 7]) func largePayloadsComeBackAsTheyWere(size: Int) throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    var generator = SeededGenerator(state: UInt64(size))
    var payload: [UInt8] = []
    while payload.count < size { withUnsafeBytes(of: generator.next()) { payload += $0 } }
    let large = LogEntry(kind: .commit, time: 2, payload: Array(payload.prefix(size)))
    let written = try database.append([entry(1, kind: .initialise), large, entry(3)])
    #expect(written[1].payload == large.payload)
    database.close()
    #expect(try scratch.records() == written)
}

@Test func theSameEntriesGiveTheSameDigestsEverywhere() throws {
    let one = try Scratch()
    let two = try Scratch()
    try one.fill(5)
    try two.fill(5)
    let records = try one.records()
    #expect(try two.records() == records)
    #expect(
        records[0].digest.description
            == LogRecord(entry(0), after: LogAnchor.start(of: [UInt8](repeating: 7, count: 16))).digest.description)
}

@Test func operationalValuesLastAndUnsyncedOnesAreVisibleAtOnce() throws {
    let scratch = try Scratch()
    var database = try ConfigurationDatabase(directory: scratch.path)
    try database.setOperational([
        OperationalChange("device/a/id", Array("1".utf8)), OperationalChange("device/b/id", Array("2".utf8)),
    ])
    try database.setOperationalUnsynced([OperationalChange("device/a/seen", Array("now".utf8))])
    #expect(database.operational("device/a/seen") == Array("now".utf8))
    #expect(database.operationalKeys(prefix: "device/a/") == ["device/a/id", "device/a/seen"])
    try database.write(CommitBatch([entry(1)], operational: [OperationalChange("device/b/id", nil)]))
    database.close()
    database = try ConfigurationDatabase(directory: scratch.path)
    #expect(!database.isNew)
    #expect(database.operationalKeys(prefix: "") == ["device/a/id", "device/a/seen"])
    #expect(database.operational("device/b/id") == nil)
    database.close()
}

@Test func aSnapshotStandsForTheRecordsBeforeIt() throws {
    let scratch = try Scratch()
    var database = try ConfigurationDatabase(directory: scratch.path)
    let records = try (1...6).map { try database.append([entry($0)])[0] }
    try database.moveAnchor(to: records[3].position, manifest: Array("chunks".utf8))
    let more = try database.append([entry(7)])
    database.close()
    var steps = [ReplayStep]()
    database = try ConfigurationDatabase(directory: scratch.path) { steps.append($0) }
    guard case .anchor(let anchor)? = steps.first else { throw CocoaError(.fileReadUnknown) }
    #expect(anchor.position == records[3].position)
    #expect(anchor.manifest == Array("chunks".utf8))
    let rest = steps.dropFirst().compactMap { step -> LogRecord? in
        if case .record(let record) = step { record } else { nil }
    }
    #expect(rest == [records[4], records[5]] + more)
    database.close()
}

@Test func theFileIsTheDaemonsAlone() throws {
    let scratch = try Scratch()
    try scratch.fill(1)
    func mode() throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: scratch.file)[.posixPermissions] as? Int)
    }
    #expect(try mode() == 0o600)
    chmod(scratch.file, 0o644)
    #expect(try scratch.records().count == 1)
    #expect(try mode() == 0o600)
}

@Test func aSecondOpenerIsRefused() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    let fault = #expect(throws: DatabaseFault.self) { _ = try ConfigurationDatabase(directory: scratch.path) }
    #expect(fault?.code == .inUse)
    #expect(fault?.remedy.contains("ncs --stop") == true)
    database.close()
}

@Test func aCallerAloneWritesForItselfAndTakesAlongWhatNobodyWaitsFor() throws {
    let scratch = try Scratch()
    var database = try ConfigurationDatabase(directory: scratch.path)
    let writers = Mutex<[pthread_t]>([])
    for number in 1...20 {
        let value = Array("\(number)".utf8)
        try database.setOperationalUnsynced([OperationalChange("seen", value)])
        try database.write(
            CommitBatch([entry(number)], operational: [OperationalChange("last", value)]) { _ in
                writers.withLock { $0.append(pthread_self()) }
            })
        #expect(database.operational("seen") == value && database.operational("last") == value)
    }
    // The thread may have been at what nobody waits for just then.
    #expect(writers.withLock { $0.contains { pthread_equal($0, pthread_self()) != 0 } })
    database.close()
    database = try ConfigurationDatabase(directory: scratch.path)
    #expect(database.operational("seen") == Array("20".utf8) && database.head.number == 20)
    database.close()
}

@Test func eightThreadsShareSyncsAndEveryoneIsServedInOrder() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    let durable = Mutex<[Int64]>([])
    let own = Mutex<[[Int64]]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
        var numbers = [Int64]()
        for index in 0..<50 {
            let batch = CommitBatch([entry(thread), entry(index)]) { records in
                durable.withLock { $0 += records.map(\.number) }
            }
            numbers += ((try? database.write(batch)) ?? []).map(\.number)
        }
        own.withLock { $0.append(numbers) }
    }
    #expect(durable.withLock { $0 } == Array(1...800))
    #expect(own.withLock { $0 }.allSatisfy { $0.count == 100 && $0 == $0.sorted() })
    #expect(Set(own.withLock { $0 }.joined()) == Set(1...800))
    database.close()
    #expect(try scratch.records().count == 800)
}

@Test func whatReplayThrowsComesThrough() throws {
    struct NotMine: Error {}
    let scratch = try Scratch()
    try scratch.fill(2)
    #expect(throws: NotMine.self) { _ = try ConfigurationDatabase(directory: scratch.path) { _ in throw NotMine() } }
    #expect(try scratch.records().count == 2)
}

@Test func aClosedDatabaseTakesNothing() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    database.close()
    let fault = #expect(throws: DatabaseFault.self) { try database.append([entry(1)]) }
    #expect(fault?.code == .closed)
    database.close()
}

@Test func aSnapshotOfAnotherLogIsRefused() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    let records = try (1...3).map { try database.append([entry($0)])[0] }
    let wrong = LogPosition(number: 2, digest: records[0].digest)
    let fault = #expect(throws: DatabaseFault.self) { try database.moveAnchor(to: wrong, manifest: []) }
    #expect(fault?.code == .missing)
    #expect(throws: DatabaseFault.self) {
        try database.moveAnchor(to: LogPosition(number: 9, digest: records[0].digest), manifest: [])
    }
    database.close()
    #expect(try scratch.records() == records)
}

@Test func aPayloadLargerThanAPageOrAChunkComesBack() throws {
    let scratch = try Scratch()
    let database = try ConfigurationDatabase(directory: scratch.path)
    let payloads = [0, 1, 4_096, 9_000_000, 9_000_000, 3].map { size in
        [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
            count = size
        }
    }
    for payload in payloads { try database.append([LogEntry(kind: .commit, time: 0, payload: payload)]) }
    database.close()
    #expect(try scratch.records().map(\.payload) == payloads)
}

@Test func valuesThatNobodyWaitsForAreWrittenAtTheLatestOnClosing() throws {
    let scratch = try Scratch()
    for round in 0..<3 {
        let database = try ConfigurationDatabase(directory: scratch.path)
        for index in 0..<2_000 {
            try database.setOperationalUnsynced([OperationalChange("k\(index % 50)", Array("\(round)/\(index)".utf8))])
        }
        database.close()
        let again = try ConfigurationDatabase(directory: scratch.path)
        #expect(again.operationalKeys(prefix: "k").count == 50)
        #expect(again.operational("k7") == Array("\(round)/1957".utf8))
        again.close()
    }
}
