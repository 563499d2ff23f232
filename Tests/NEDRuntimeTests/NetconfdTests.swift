import ConfigTree
import Testing
import YANG

@testable import NEDRuntime

/// Our driver on a NETCONF server that is not ours: the table in docs/NETCONF.md.
@Suite(.serialized, .enabled(if: NetconfdBench.isWanted, "no soak, or netconfd is not installed"))
struct NetconfdTests {
    private static let classes = [
        ["--target=candidate"], ["--target=running"], ["--target=running", "--with-startup=true"],
    ]

    @Test(arguments: classes)
    func everyPhaseIsDoneByAForeignServer(options: [String]) throws {
        try NetconfdBench.use(options) { try everyPhase($0, options) }
    }

    private func everyPhase(_ bench: NetconfdBench, _ options: [String]) throws {
        let old = try bench.tree("")
        let new = try bench.tree("<name>n</name><tag>b</tag><tag>a</tag><item><id>x</id><note>1</note></item>")
        let (forward, reverse) = (ChangeSet(old.diff(to: new)), ChangeSet(new.diff(to: old)))
        let session = try bench.connect()
        #expect(session.hasCandidate == (options == ["--target=candidate"]))
        #expect(session.hasStartup == (options.count == 2))
        #expect(session.announcement.modules.contains { $0.name == "box" && $0.revision == "2024-01-01" })
        let before = try session.transactionID()
        #expect(try session.show().tree.isEmpty)
        // Prepared and taken back, then made and kept.
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.revert(reverse)
        #expect(try session.transactionID() == before)
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.commit()
        try session.persist()
        #expect(try session.show().tree.diff(to: new).isEmpty)
        // Merge, create, delete and a move in one change. netconfd refuses to commit a candidate with inserted entries.
        let tags = session.hasCandidate ? "<tag>b</tag><tag>a</tag>" : "<tag>a</tag><tag>c</tag>"
        let other = try bench.tree("\(tags)<item><id>y</id></item><item><id>x</id><note>2</note></item>")
        try session.prepare(bench.driver.change(from: new, to: other))
        try session.commit()
        try session.persist()
        #expect(try session.show().tree.diff(to: other).isEmpty)
        // What another session knows nothing of.
        let second = try bench.connect()
        try second.revert(ChangeSet(other.diff(to: old)))
        #expect(try second.transactionID() == before)
        try second.redo(forward)
        try second.redo(forward)
        #expect(try second.show().tree.diff(to: new).isEmpty)
        // What the model forbids.
        let bad = bench.driver.change(from: new, to: try bench.tree("<name>bad</name>"))
        let refused = #expect(throws: NEDError.self) {
            try second.prepare(bad)
            try second.commit()
        }
        #expect(refused?.code == .refused)
        #expect(try bench.connect().show().tree.diff(to: new).isEmpty)
        #expect(try session.schemaText("box", revision: "2024-01-01").contains("urn:box"))
        #expect(try session.schemas().contains { $0.name == "box" })
        session.close()
        second.close()
    }

    @Test func confirmedCommitIsDecidedByALaterSession() throws {
        try NetconfdBench.use(["--target=candidate"]) { try confirmedCommit($0) }
    }

    private func confirmedCommit(_ bench: NetconfdBench) throws {
        let (old, new) = (try bench.tree(""), try bench.tree("<name>n</name>"))
        for keeps in [false, true] {
            let first = try bench.connect()
            try first.prepare(bench.driver.change(from: old, to: new))
            try first.commit()
            first.close()
            let second = try bench.connect()
            if keeps { try second.persist() } else { try second.revert(ChangeSet(new.diff(to: old))) }
            #expect(try second.show().tree.diff(to: keeps ? new : old).isEmpty)
            second.close()
        }
    }

    @Test func whoHoldsALockIsSaid() throws {
        try NetconfdBench.use(["--target=candidate"]) { try holder($0) }
    }

    private func holder(_ bench: NetconfdBench) throws {
        let change = bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>n</name>"))
        let (first, second) = (try bench.connect(), try bench.connect())
        try first.prepare(change)
        let locked = #expect(throws: NEDError.self) { try second.prepare(change) }
        #expect(locked?.message.contains("lock-denied") == true)
        #expect(locked?.message.contains("(user admin, from 127.0.0.1") == true)
        first.close()
        try second.prepare(change)
        second.close()
    }
}
