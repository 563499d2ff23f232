import Foundation
import Testing

@testable import ConfigDatabase

private let write = "1"
private let sync = "2"
private let full = "13"
private let readOnly = "8"
private let inputOutputWrite = "\(10 | 3 << 8)"
private let inputOutputSync = "\(10 | 4 << 8)"

/// What three commits came to, the second of which met the fault, and what a start finds then.
private func meet(
    _ operation: String, _ code: String, passes: Int = 0, times: Int = 1
) throws -> (lines: [String], found: [String]) {
    let scratch = try Scratch()
    let run = try HelperRun.start(
        ["fault", scratch.path, operation, code, "\(passes)", "\(times)"], crashAt: nil)
    #expect(!run.wasKilled)
    return (run.lines, try scratch.records().map { String(decoding: $0.payload, as: UTF8.self) })
}

@Test func aFullDiskRefusesOneCommitAndTakesTheNext() throws {
    for passes in 0..<4 {
        let (lines, found) = try meet(write, full, passes: passes)
        #expect(lines == ["before: 1", "broken: noSpace", "after: 2", "end"], "after \(passes) writes")
        #expect(found == ["before", "after"])
    }
}

@Test func aReadOnlyDiskIsNamed() throws {
    let (lines, found) = try meet(write, readOnly)
    #expect(lines == ["before: 1", "broken: readOnly", "after: 2", "end"])
    #expect(found == ["before", "after"])
}

@Test func aFailedSyncIsNoCommitOnceItsPlaceWasWrittenOver() throws {
    let (lines, found) = try meet(sync, inputOutputSync)
    #expect(lines == ["before: 1", "broken: inputOutput", "after: 2", "end"])
    #expect(found == ["before", "after"])
}

@Test func anErrorWhileWritingIsNoCommit() throws {
    let (lines, found) = try meet(write, inputOutputWrite, passes: 1)
    #expect(lines == ["before: 1", "broken: inputOutput", "after: 2", "end"])
    #expect(found == ["before", "after"])
}

@Test func aDiskThatKeepsFailingEndsWritingUntilTheNextStart() throws {
    let (lines, found) = try meet(sync, inputOutputSync, times: 1_000)
    #expect(lines.prefix(3) == ["before: 1", "broken: outcomeUnknown", "after: outcomeUnknown"])
    #expect(found == ["before"] || found == ["before", "broken"])
}

@Test func oneCommitIsOneSyncAndEightCallersShareThem() throws {
    let scratch = try Scratch()
    let run = try HelperRun.start(["syncs", scratch.path], crashAt: nil)
    let one = try #require(run.lines.first { $0.hasPrefix("one: ") }.flatMap { Int($0.dropFirst(5)) })
    let eight = try #require(run.lines.first { $0.hasPrefix("eight: ") }.flatMap { Int($0.dropFirst(7)) })
    #expect(one == 100)
    #expect(eight <= 200 / 4, "\(eight) syncs for 200 commits of 8 callers")
}
