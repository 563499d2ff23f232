import Foundation
import Testing

@testable import ConfigDatabase

private func flip(bit: Int, in path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bit >> 3] ^= 1 << UInt8(bit & 7)
    try bytes.write(to: URL(fileURLWithPath: path))
}

private func fault(_ scratch: Scratch) -> DatabaseFault? {
    do {
        _ = try scratch.records()
        return nil
    } catch {
        return error as? DatabaseFault
    }
}

@Test func aFlippedBitAnywhereIsFoundOrWasNotInUse() throws {
    let scratch = try Scratch()
    try scratch.fill(40)
    let good = try scratch.records()
    let file = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    var generator = SeededGenerator(state: 20_261_121)
    var found = 0
    for _ in 0..<(isSoak ? 10_000 : 200) {
        let bit = Int.random(in: 0..<file.count * 8, using: &generator)
        let copy = try Scratch()
        try file.write(to: URL(fileURLWithPath: copy.file))
        try flip(bit: bit, in: copy.file)
        do {
            var operational: [UInt8]?
            var records = [LogRecord]()
            let database = try ConfigurationDatabase(directory: copy.path) { step in
                if case .record(let record) = step { records.append(record) }
            }
            operational = database.operational("device/ce0/state")
            database.close()
            #expect(records == good, "bit \(bit) gave a silent wrong answer")
            #expect(operational == Array("enabled".utf8), "bit \(bit) gave a silent wrong answer")
        } catch let fault as DatabaseFault {
            found += 1
            #expect([.damaged, .foreign, .newer].contains(fault.code), "bit \(bit): \(fault)")
        }
    }
    #expect(found > 20)
}

/// The files of a database whose daemon was killed: the commits are in the write-ahead log only.
private func killed(_ commits: Int) throws -> (Scratch, database: Data, log: Data) {
    let scratch = try Scratch()
    _ = try HelperRun.start(["commits", scratch.path, "0"], crashAt: nil)
    let run = try HelperRun.start(["commits", scratch.path, "99"], crashAt: "cdb.committed:\(commits + 1)")
    #expect(run.wasKilled)
    let database = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    let log = try Data(contentsOf: URL(fileURLWithPath: scratch.file + "-wal"))
    return (scratch, database, log)
}

@Test func aFlippedBitInTheWriteAheadLogLosesNoCommitSilently() throws {
    let (scratch, database, log) = try killed(3)
    let good = try scratch.records()
    #expect(good.count == 4)
    var generator = SeededGenerator(state: 7)
    for _ in 0..<(isSoak ? 1_000 : 16) {
        let bit = Int.random(in: 0..<log.count * 8, using: &generator)
        let copy = try Scratch()
        try database.write(to: URL(fileURLWithPath: copy.file))
        try log.write(to: URL(fileURLWithPath: copy.file + "-wal"))
        try flip(bit: bit, in: copy.file + "-wal")
        do {
            #expect(try copy.records() == good, "bit \(bit) lost commits silently")
        } catch let fault as DatabaseFault {
            #expect(fault.code == .damaged, "bit \(bit): \(fault)")
        }
    }
}

@Test func aTornLastTransactionIsNoDamage() throws {
    let (scratch, database, log) = try killed(3)
    let good = try scratch.records()
    for lost in [1, 100, 4_000, 4_120, 8_000] {
        let copy = try Scratch()
        try database.write(to: URL(fileURLWithPath: copy.file))
        try log.prefix(log.count - lost).write(to: URL(fileURLWithPath: copy.file + "-wal"))
        #expect(try copy.records() == Array(good.prefix(3)), "\(lost) bytes torn off")
        var torn = log
        torn.replaceSubrange(log.count - lost..<log.count, with: Data(count: lost))
        try database.write(to: URL(fileURLWithPath: copy.file))
        try torn.write(to: URL(fileURLWithPath: copy.file + "-wal"))
        #expect(try copy.records() == Array(good.prefix(3)), "\(lost) bytes zeroed")
    }
}

@Test func aDamagedRecordIsNamedByItsNumber() throws {
    let scratch = try Scratch()
    try scratch.fill(20)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    let place = try #require(bytes.range(of: Data("{\"value\":11}".utf8)))
    bytes[place.lowerBound + 9] = UInt8(ascii: "7")
    try bytes.write(to: URL(fileURLWithPath: scratch.file))
    let fault = fault(scratch)
    #expect(fault?.code == .damaged)
    #expect(fault?.record == 12)
    #expect(fault?.recoverableThrough == 11)
    #expect(
        fault?.description.hasSuffix(
            "record 12 is damaged (records up to 11 are whole and can be recovered); "
                + "keep a copy of the directory, then restore the last backup with ncs-backup --restore") == true)
}

@Test func aFileCutShortIsDamaged() throws {
    let scratch = try Scratch()
    try scratch.fill(200)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    for length in [4_096, 8_192, bytes.count / 2, bytes.count - 4_096, bytes.count - 1] {
        try bytes.prefix(length).write(to: URL(fileURLWithPath: scratch.file))
        #expect(fault(scratch)?.code == .damaged, "\(length) of \(bytes.count) bytes")
    }
}

@Test func whatIsNotOursIsRefusedAndLeftAsItIs() throws {
    for content in [
        Data(), Data("hello".utf8), Data(count: 8_192), Data("SQLite format 3\u{0}".utf8) + Data(count: 200),
    ] {
        let scratch = try Scratch()
        try content.write(to: URL(fileURLWithPath: scratch.file))
        #expect(fault(scratch)?.code == .foreign)
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file)) == content)
    }
}

@Test func aNewerFormatIsRefused() throws {
    let scratch = try Scratch()
    try scratch.fill(1)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    bytes[63] = 9
    try bytes.write(to: URL(fileURLWithPath: scratch.file))
    #expect(fault(scratch)?.code == .newer)
    #expect(fault(scratch)?.sentence == "the database has format 9, this release reads formats up to 2")
}

@Test func aMissingFileBesideItsLogIsNotMadeAnew() throws {
    let scratch = try Scratch()
    try Data("x".utf8).write(to: URL(fileURLWithPath: scratch.file + "-wal"))
    #expect(fault(scratch)?.code == .missing)
}

@Test func whatIsWholeCanBeSavedAndTheDamagedFileStaysAsItIs() throws {
    let scratch = try Scratch()
    try scratch.fill(20)
    let good = try scratch.records()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: scratch.file))
    let place = try #require(bytes.range(of: Data("{\"value\":11}".utf8)))
    bytes[place.lowerBound + 9] = UInt8(ascii: "7")
    try bytes.write(to: URL(fileURLWithPath: scratch.file))
    let new = try Scratch()
    let salvage = try Salvage.perform(from: scratch.path, into: new.path)
    #expect(salvage.position == good[10].position)
    #expect(salvage.fault?.record == 12)
    #expect(try new.records() == Array(good.prefix(11)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file)) == bytes)
    let database = try ConfigurationDatabase(directory: new.path)
    #expect(database.operational("device/ce0/state") == Array("enabled".utf8))
    #expect(try database.append([entry(99)])[0].number == 12)
    database.close()
}
