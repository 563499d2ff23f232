import ConfigTree
import ControlProtocol
import Controller
import Foundation
import TestSupport
import Testing
import Wire

/// What was committed is known, shown and taken back.
@Suite struct HistoryTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"

    private func workshop(history: Int = 3) throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write(
            "run/ncs.conf",
            """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
              <rollback><enabled>true</enabled><directory>${NCS_LOG_DIR}</directory>
                <history-size>\(history)</history-size></rollback>
            </ncs-config>
            """)
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        return workshop
    }

    private func hostnames(_ workshop: ControllerWorkshop, _ names: [String]) throws {
        for name in names { try workshop.session().change([("\(Self.config)/mini:hostname", name)]) }
    }

    private func file(_ workshop: ControllerWorkshop, _ id: Int) -> String? {
        try? String(contentsOfFile: workshop.directory.path("run/logs/rollback\(id)"), encoding: .utf8)
    }

    private func files(_ workshop: ControllerWorkshop) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: workshop.directory.path("run/logs"))) ?? []
        return names.filter { $0.hasPrefix("rollback") }.sorted()
    }

    @Test func commitsAreCountedFrom10001AndTheCountOutlivesARestart() throws {
        let workshop = try workshop()
        let before = try workshop.session().commits()
        #expect(before.last?.id == 10_001)
        #expect(before.last?.user == "system")
        try hostnames(workshop, ["a"])
        try workshop.restart()
        let after = try workshop.session().commits()
        #expect(Array(after.dropFirst()) == before)
        #expect(after.first?.id == 10_001 + before.count)
        #expect(after.first?.user == "admin")
    }

    @Test func theLatestCommitsHaveFilesAndAStartWritesWhatIsMissing() throws {
        let workshop = try workshop()
        try hostnames(workshop, ["a", "b", "c"])
        let latest = try #require(try workshop.session().commits().first?.id)
        let expected = (latest - 2...latest).map { "rollback\($0)" }
        #expect(eventually { files(workshop) == expected })
        let text = try #require(file(workshop, latest))
        #expect(text.hasPrefix("# Created by: admin\n# Date: "))
        #expect(text.contains("# Via: cli\n# Type: delta\n# Label: \n# Comment: \n# No: \(latest)\n"))
        #expect(text.contains("                mini:hostname b;\n") || text.contains("mini:hostname b;"))
        try FileManager.default.removeItem(atPath: workshop.directory.path("run/logs/rollback\(latest)"))
        try Data().write(to: URL(fileURLWithPath: workshop.directory.path("run/logs/rollback\(latest - 1)")))
        try workshop.restart()
        #expect(eventually { file(workshop, latest) == text })
        #expect(eventually { file(workshop, latest - 1)?.contains("mini:hostname a;") == true })
    }

    @Test func aRollbackGoesBackToBeforeTheCommitOrTakesThatCommitAlone() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try session.change([("\(Self.config)/mini:hostname", "edge")])
        try session.change([("\(Self.config)/mini:contact", "noc")])
        try session.change([("\(Self.config)/mini:hostname", "core")])
        let contact = session.commits()[1]
        let change = try session.change(of: contact)
        let selective = try RollbackRequest(contact, isSelective: true).applied(to: session.running, change)
        #expect(selective.value("\(Self.config)/mini:hostname") == "core")
        #expect(selective.value("\(Self.config)/mini:contact") == nil)
        let whole = try RollbackRequest(contact).applied(to: session.running, change)
        #expect(whole.value("\(Self.config)/mini:hostname") == "edge")
        #expect(whole.value("\(Self.config)/mini:contact") == nil)
        let path = try session.running.path("\(Self.config)/mini:hostname")
        let byPath = try RollbackRequest(contact, paths: [path]).applied(to: session.running, change)
        #expect(byPath.value("\(Self.config)/mini:hostname") == "edge")
        #expect(byPath.value("\(Self.config)/mini:contact") == "noc")
        var options = CommitOptions()
        options.noNetworking = true
        _ = try session.commit(CommitRequest(base: session.running, candidate: whole, options: options))
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func aSelectiveRollbackThatNoLongerFitsIsAConflict() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try session.change([("\(Self.config)/mini:vlan[id='7']/name", "guests")])
        try session.change([("\(Self.config)/mini:vlan[id='7']/name", "staff")])
        let latest = session.commits()[0]
        let change = try session.change(of: latest)
        let gone = try session.running.applying(.delete, at: session.running.path("\(Self.config)/mini:vlan[id='7']"))
        let back = try? RollbackRequest(latest, isSelective: true).applied(to: gone, change)
        #expect(back.map { $0.value("\(Self.config)/mini:vlan[id='7']/name") } != "staff")
    }

    @Test func theHistoryOfAPathNamesTheCommitsThatTouchIt() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try session.change([("\(Self.config)/mini:vlan[id='7']/name", "guests")])
        try session.change([("\(Self.config)/mini:hostname", "core")])
        let ids = session.commits().map(\.id)
        let vlan = try session.running.path("\(Self.config)/mini:vlan[id='7']")
        #expect(try session.commits(changing: [vlan]).map(\.id) == [ids[1]])
        let device = try session.running.path("/tailf-ncs:devices/device[name='x0']")
        #expect(try session.commits(changing: [device]).map(\.id).starts(with: [ids[0], ids[1]]))
    }

    @Test func aNumberThatIsNotThereIsNamedWithTheRange() throws {
        let workshop = try workshop()
        let commits = try workshop.session().commits()
        #expect(throws: ControlError.self) { try CommitReference.fixedNumber(99_999).find(in: commits) }
        do {
            _ = try CommitReference.fixedNumber(99_999).find(in: commits)
        } catch {
            #expect(error.message == "no commit has the number 99999; there are 10001 to \(commits[0].id)")
        }
    }

    @Test func aFaultyHistorySizeIsRefusedWithItsPlace() throws {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write(
            "run/ncs.conf", "<ncs-config><rollback><history-size>many</history-size></rollback></ncs-config>")
        #expect(throws: (any Error).self) { try workshop.start() }
    }
}

extension DataTree {
    fileprivate func value(_ path: String) -> String? { (try? self.path(path)).flatMap { instance($0)?.value } }
}
