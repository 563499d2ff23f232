import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import TestSupport
import Testing

@testable import Controller

/// Snapshots, compaction and what becomes of damage, with a database as a controller makes it.
@Suite struct CompactionTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"
    private static let settings = """
        <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
          <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
          <rollback><enabled>true</enabled><directory>${NCS_LOG_DIR}</directory>
            <history-size>3</history-size></rollback>
          <compaction><journal-compaction>manual</journal-compaction></compaction>
        </ncs-config>
        """

    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write("run/ncs.conf", Self.settings)
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        return workshop
    }

    private func commit(_ workshop: ControllerWorkshop, _ names: some Sequence<Int>) throws {
        let session = try workshop.session()
        for name in names {
            try session.change([
                ("\(Self.config)/mini:hostname", "h\(name)"), ("\(Self.config)/mini:vlan[id='\(name)']/name", "v"),
            ])
        }
        session.close()
    }

    private func compact(_ workshop: ControllerWorkshop) throws -> CompactionOutcome {
        try #require(workshop.controller).compact()
    }

    /// The files of the database, relative to its directory.
    private func files(_ workshop: ControllerWorkshop) -> [String] {
        let walker = FileManager.default.enumerator(atPath: workshop.directory.path("run/ncs-cdb"))
        return (walker?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".chunk") || $0 == "cdb.sqlite" }
            .sorted()
    }

    @Test func compactionKeepsTheHistoryWithinTheRollbackSizeAndTheCount() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<6)
        let first = try compact(workshop)
        #expect(first.recordsRemoved == 0 && first.snapshotBytes > 0)
        try commit(workshop, 6..<10)
        let second = try compact(workshop)
        #expect(second.recordsRemoved >= 7)
        func check() throws {
            let session = try workshop.session()
            let commits = session.commits()
            #expect(commits.first?.id == 10_001 + 11)
            #expect((3...4).contains(commits.count))
            for (index, commit) in commits.enumerated() {
                let change = try session.change(of: commit)
                let name = change.after.value(try change.after.path("\(Self.config)/mini:hostname"))
                #expect(name == "h\(9 - index)")
            }
            #expect(try session.value("\(Self.config)/mini:hostname") == "h9")
            #expect(try session.value("\(Self.config)/mini:vlan[id='0']/name") == "v")
            session.close()
        }
        try check()
        try workshop.restart()
        try check()
        try commit(workshop, [10])
        try workshop.restart()
        #expect(try workshop.session().value("\(Self.config)/mini:hostname") == "h10")
        // No file that no snapshot needs stays for long.
        let all = files(workshop).count
        for name in 11..<16 {
            try commit(workshop, [name])
            _ = try compact(workshop)
        }
        #expect(files(workshop).count <= all + 8)
    }

    @Test func aSnapshotIsMadeWhenThePolicySaysSo() throws {
        var policy = CompactionPolicy()
        #expect(!policy.isDue(records: 1_000_000, bytes: 4 << 20, snapshotBytes: 0))
        #expect(policy.isDue(records: 1, bytes: (4 << 20) + 1, snapshotBytes: 0))
        #expect(!policy.isDue(records: 1, bytes: 40 << 20, snapshotBytes: 100 << 20))
        policy.transactions = 10
        #expect(policy.isDue(records: 11, bytes: 1, snapshotBytes: 0))
        policy.isAutomatic = false
        #expect(!policy.isDue(records: 11, bytes: 1 << 40, snapshotBytes: 0))
        let automatic = Self.settings.replacing(
            "<journal-compaction>manual</journal-compaction>",
            with: "<num-transactions>3</num-transactions><delayed-compaction-timeout>PT0S</delayed-compaction-timeout>")
        let workshop = try ControllerWorkshop()
        try workshop.directory.write("run/ncs.conf", automatic)
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        try commit(workshop, 0..<5)
        let database = try #require(workshop.controller).database
        #expect(eventually { !database.snapshots.isEmpty })
    }

    @Test func anAutomaticCompactionThatFailsIsAnAlarmUntilOneSucceeds() throws {
        let workshop = try workshop()
        let controller = try #require(workshop.controller)
        let (logs, alarms) = (controller.logs, controller.alarms)
        StorageKeeper.Notice.failed("the disk is full").tell(logs, alarms)
        let alarm = try #require(alarms.all.first { $0.key.type == "database-compaction-failure" })
        #expect(!alarm.isCleared && alarm.lastAlarmText == "the disk is full")
        _ = try compact(workshop)
        let left = alarms.all.filter { !$0.isCleared }
        #expect(left.isEmpty)
    }

    @Test func aDamagedSnapshotIsPassedOverAndNamedWhileTheLogHasAll() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<3)
        _ = try compact(workshop)
        try commit(workshop, [3])
        workshop.controller?.stop()
        for damaged in files(workshop) where damaged.hasSuffix(".chunk") {
            try flip(bit: 800, of: workshop.directory.path("run/ncs-cdb/" + damaged))
        }
        try workshop.start()
        #expect(try workshop.session().value("\(Self.config)/mini:hostname") == "h3")
        #expect(try workshop.session().value("\(Self.config)/mini:vlan[id='0']/name") == "v")
        let log = try workshop.directory.text("run/logs/devel.log")
        #expect(log.contains(".chunk: a file of a snapshot of the configuration is damaged"))
        #expect(log.contains("the configuration was made of the log instead"))
        func awaitAlarms(_ open: [String]) throws {
            let alarms = try #require(workshop.controller).alarms
            func found() -> [String] { alarms.all.filter { !$0.isCleared }.map(\.key.type) }
            #expect(eventually { found() == open })
        }
        try awaitAlarms(["database-damage"])
        // The next one replaces it.
        _ = try compact(workshop)
        try awaitAlarms([])
        try workshop.restart()
        #expect(try workshop.session().value("\(Self.config)/mini:hostname") == "h3")
    }

    @Test func damageWithoutRemedyStopsTheStartWithItsNumber() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<6)
        _ = try compact(workshop)
        try commit(workshop, 6..<10)
        _ = try compact(workshop)
        workshop.controller?.stop()
        let saved = workshop.directory.path("saved")
        let place = workshop.directory.path("run/ncs-cdb")
        try FileManager.default.copyItem(atPath: place, toPath: saved)
        func failure(_ damage: () throws -> Void) throws -> StartupError? {
            try? FileManager.default.removeItem(atPath: place)
            try FileManager.default.copyItem(atPath: saved, toPath: place)
            try damage()
            do { try workshop.start() } catch let error as StartupError { return error }
            return nil
        }
        let chunks = files(workshop).filter { $0.hasSuffix(".chunk") }
        let damaged = try failure { for chunk in chunks { try flip(bit: 900, of: place + "/" + chunk) } }
        #expect(damaged?.exitStatus == 15)
        #expect(damaged?.description.contains(".chunk: a file of a snapshot of the configuration is damaged") == true)
        let gone = try failure { try FileManager.default.removeItem(atPath: place + "/snapshots") }
        #expect(gone?.exitStatus == 15)
        #expect(gone?.description.contains("a file of a snapshot of the configuration is gone") == true)
        let newer = try failure { try flip(bit: 63 * 8 + 3, of: place + "/cdb.sqlite") }
        #expect(newer?.exitStatus == 11)
        let foreign = try failure { try Data("hello".utf8).write(to: URL(fileURLWithPath: place + "/cdb.sqlite")) }
        #expect(foreign?.exitStatus == 11)
        let short = try failure { truncate(place + "/cdb.sqlite", 8_192) }
        #expect(short?.exitStatus == 15)
    }

    @Test func compactionOfTheFilesAloneComesToTheSame() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<8)
        let session = try workshop.session()
        try session.change([("\(Self.config)/mini:vlan[id='3']", nil), ("\(Self.config)/mini:contact", "a 'b' \"c\"")])
        try session.change([("\(Self.config)/mini:interface[name='Gi0/1']/vlan", "4")])
        let before = session.running
        let ids = session.commits().map(\.id)
        session.close()
        workshop.controller?.stop()
        var said: [String] = []
        try OfflineCompaction(directory: workshop.directory.path("run/ncs-cdb"), historySize: 3) { said.append($0) }
            .run()
        #expect(said.contains { $0.hasPrefix("the log will begin after record ") })
        try workshop.start()
        let after = try workshop.session()
        #expect(Self.text(after.running) == Self.text(before))
        #expect(after.commits().map(\.id) == Array(ids.prefix(3)))
        for commit in after.commits() { _ = try after.change(of: commit) }
        after.close()
        // And a second time there is nothing to do.
        workshop.controller?.stop()
        try OfflineCompaction(directory: workshop.directory.path("run/ncs-cdb"), historySize: 3) { said.append($0) }
            .run()
        try workshop.start()
        #expect(Self.text(try workshop.session().running) == Self.text(before))
    }

    private static func text(_ tree: DataTree) -> String {
        ChangeSet(DataTree(tree.model).diff(to: tree)).json
    }

    private func flip(bit: Int, of path: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let bit = bit % (bytes.count * 8)
        bytes[bit >> 3] ^= 1 << UInt8(bit & 7)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    // MARK: Dump

    private func dump(_ directory: String, _ words: String...) throws -> (text: String, status: Int32) {
        var options = DatabaseDump.Options()
        for word in words {
            let isKnown = options.take(word)
            #expect(isKnown)
        }
        var text = ""
        let status = try DatabaseDump.run(directory: directory, options: options) { text += $0 }
        return (text, status)
    }

    @Test func aDumpShowsWhatIsThereAndWhatIsDamaged() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<4)
        _ = try compact(workshop)
        try commit(workshop, [4])
        workshop.controller?.stop()
        let place = workshop.directory.path("run/ncs-cdb")
        let whole = try dump(place)
        #expect(whole.status == 0)
        let host = "/tailf-ncs:devices/device{x0}/config/mini:hostname"
        #expect(whole.text.contains("\(host) \"h4\"\n"))
        #expect(whole.text.contains("Checked    no damage"))
        let part = try dump(place, "skip_oper", "skip_snap", "/tailf-ncs:devices/device{x0}/config/mini:vlan{2}")
        #expect(part.text.contains("mini:vlan{2}/name \"v\"") && !part.text.contains("hostname"))
        #expect(try dump(place, "file_debug", "skip_conf").text.contains("1 activation 20"))
        #expect(try dump(place, "file_debug_hkp", "skip_conf").text.contains("  digest "))
        #expect(try dump(place, "ns_debug", "skip_conf").text.contains("mini urn:test:mini"))
        #expect(try dump(place, "schema_debug", "skip_conf").text.contains("/config/mini:vlan 5"))
        // A record in the middle.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: place + "/cdb.sqlite"))
        let range = try #require(bytes.range(of: Data("\"h2\"".utf8)))
        bytes[range.lowerBound + 1] = UInt8(ascii: "x")
        try bytes.write(to: URL(fileURLWithPath: place + "/cdb.sqlite"))
        let damaged = try dump(place)
        #expect(damaged.status == 15)
        #expect(damaged.text.contains("DAMAGED    ") && damaged.text.contains("is damaged (records up to"))
        // The snapshot is later than the damage, and whole.
        #expect(damaged.text.contains("\(host) \"h3\"\n"))
    }

    @Test func aFlippedBitAnywhereIsFoundOrWasNotInUse() throws {
        let workshop = try workshop()
        try commit(workshop, 0..<6)
        _ = try compact(workshop)
        try commit(workshop, 6..<10)
        _ = try compact(workshop)
        workshop.controller?.stop()
        let place = workshop.directory.path("run/ncs-cdb")
        let good = try dump(place).text
        let names = files(workshop)
        let sizes = try names.map { try Data(contentsOf: URL(fileURLWithPath: place + "/" + $0)).count }
        var random = SeededGenerator(seed: 4)
        var found = 0
        let isSoak = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
        for round in 0..<(isSoak ? 1_000 : 60) {
            // Every other one in a snapshot.
            let index = round % 2 == 0 ? 0 : Int.random(in: 1..<names.count, using: &random)
            let path = place + "/" + names[index]
            let saved = try Data(contentsOf: URL(fileURLWithPath: path))
            try flip(bit: Int.random(in: 0..<sizes[index] * 8, using: &random), of: path)
            do {
                let seen = try dump(place)
                if seen.status == 15 { found += 1 } else { #expect(seen.text == good, "\(names[index])") }
            } catch let error as StartupError {
                #expect([11, 15].contains(error.exitStatus), "\(error)")
                found += 1
            }
            try saved.write(to: URL(fileURLWithPath: path))
        }
        #expect(found > 30)
    }
}
