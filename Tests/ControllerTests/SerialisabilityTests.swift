import Basics
import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import TestSupport
import Testing
import YANG

@testable import Controller

/// Many sessions at once over a small configuration in which everything depends on everything: what came of it must be
/// what the commits do one after the other, in the order of the log.
@Suite(.serialized) struct SerialisabilityTests {
    /// A count that must not fall to none, a sum, a unique leaf, references by key and by value, a choice, a condition,
    /// bounds on the number of entries: what two changes, each valid by itself, can break together.
    private static let module = """
        module ledger {
          yang-version 1.1;
          namespace "urn:test:ledger";
          prefix l;
          container ledger {
            leaf limit { type uint16; default 100; }
            leaf extra { when "../limit > 50"; type string; }
            leaf counter { type uint32; default 0; }
            list account {
              key name;
              unique number;
              leaf name { type string; }
              leaf number { type uint16; }
              leaf credit { type uint16; must "sum(../../account/credit) <= ../../limit"; }
            }
            list transfer {
              key id;
              leaf id { type uint8; }
              leaf from { type leafref { path "/l:ledger/l:account/l:name"; } }
              leaf by { type leafref { path "/l:ledger/l:account/l:number"; } }
            }
            container ward {
              must "count(doctor[on = 'true']) >= 1";
              list doctor { key name; leaf name { type string; } leaf on { type boolean; } }
            }
            list slot { key id; min-elements 1; max-elements 4; leaf id { type uint8; } }
            choice mode {
              mandatory true;
              case a { leaf a1 { type string; } leaf a2 { type string; } }
              case b { leaf b1 { type string; } container b2 { leaf x { type string; } leaf y { type string; } } }
            }
          }
        }

        """

    private static let ledger = "/ledger:ledger"

    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        let package = "run/packages/ledger"
        try workshop.directory.write(
            package + "/package-meta-data.xml",
            """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
              <name>ledger</name>
              <package-version>1.0</package-version>
              <ncs-min-version>6.0</ncs-min-version>
            </ncs-package>

            """)
        // Compiled elsewhere: the source is what counts.
        try workshop.directory.write(package + "/load-dir/ledger.fxs", "of another compiler")
        try workshop.directory.write(package + "/src/yang/ledger.yang", Self.module)
        try workshop.directory.write(
            "run/ncs-cdb/ledger.xml",
            """
            <config xmlns="http://tail-f.com/ns/config/1.0">
              <ledger xmlns="urn:test:ledger">
                <ward><doctor><name>a</name><on>true</on></doctor></ward>
                <slot><id>1</id></slot>
                <a1>x</a1>
              </ledger>
            </config>

            """)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        return workshop
    }

    // MARK: One skew at a time

    private static let pairs: [(first: (String, String?), second: (String, String?))] = [
        (("ward/doctor[name='a']/on", "false"), ("ward/doctor[name='b']/on", "false")),
        (("account[name='a']/number", "9"), ("account[name='b']/number", "9")),
        (("account[name='a']", nil), ("transfer[id='1']/from", "a")),
        (("account[name='a']/number", "5"), ("transfer[id='1']/by", "1")),
        (("account[name='a']/credit", "60"), ("account[name='b']/credit", "60")),
        (("limit", "10"), ("extra", "x")),
        (("slot[id='1']", nil), ("slot[id='2']", nil)),
        (("a1", nil), ("a2", nil)),
    ]

    /// Two changes from one base, each valid, not both: the second is refused, for what the first has done.
    @Test func whatIsValidAloneButNotTogetherIsRefused() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try one.change([
            ("\(Self.ledger)/ward/doctor[name='b']/on", "true"), ("\(Self.ledger)/slot[id='2']/id", "2"),
            ("\(Self.ledger)/account[name='a']/number", "1"), ("\(Self.ledger)/account[name='b']/number", "2"),
            ("\(Self.ledger)/a2", "y"),
        ])
        let base = one.running
        for (first, second) in Self.pairs {
            try one.change([("\(Self.ledger)/\(first.0)", first.1)], from: base)
            let error = try refusal { try other.change([("\(Self.ledger)/\(second.0)", second.1)], from: base) }
            #expect(error.code == .validation, "\(second): \(error)")
            let running = one.running
            #expect(Validator(running.model).violations(in: running).filter { $0.severity == .error } == [])
            _ = try one.commit(CommitRequest(base: running, candidate: base))
        }
    }

    // MARK: All at once

    private static var seeds: ClosedRange<UInt64> {
        let more = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"].flatMap { UInt64($0) }
        return 1...(more ?? 1)
    }

    @Test func aHistoryOfManySessionsIsThatOfOneAfterTheOther() throws {
        let isLong = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
        for seed in Self.seeds {
            let workshop = try workshop()
            let history = try History(workshop, seed: seed, transactions: isLong ? 100_000 : 800)
            try history.run()
            try history.check()
            if isLong { break }
        }
    }

    /// What sessions did, and the judgement about it.
    private final class History: Sendable {
        private struct State: Sendable {
            var committed = 0
            var refused: [ControlError.Code: Int] = [:]
            var increments = 0
            var faults: [String] = []
        }

        private let workshop: Workshop
        private let seed: UInt64
        private let transactions: Int
        private let state = Mutex(State())
        private let silence: SilentServer
        private let sessions: [any ControlSession]

        private struct Workshop: @unchecked Sendable { let value: ControllerWorkshop }

        init(_ workshop: ControllerWorkshop, seed: UInt64, transactions: Int) throws {
            self.workshop = Workshop(value: workshop)
            self.seed = seed
            self.transactions = transactions
            silence = try SilentServer()
            sessions = try (0..<8).map { try workshop.session("user\($0)") }
            let device = "/tailf-ncs:devices/device[name='x0']"
            try sessions[0].change([
                ("\(device)/port", "\(silence.port)"), ("\(device)/state/admin-state", "unlocked"),
                ("\(device)/authgroup", "default"), ("\(device)/connect-timeout", "1"),
                ("/tailf-ncs:devices/authgroups/group[name='default']/default-map/remote-name", "admin"),
                ("/tailf-ncs:devices/authgroups/group[name='default']/default-map/remote-password", "admin"),
            ])
        }

        func run() throws {
            DispatchQueue.concurrentPerform(iterations: sessions.count) { number in
                var random = Seeded(state: seed &* 1_000 &+ UInt64(number))
                var base = sessions[number].running
                for turn in 0..<(transactions / sessions.count) {
                    // Some hold on to their snapshot for a while.
                    if random.below(3) != 0 { base = sessions[number].running }
                    let isSlow = number == 0 && turn % 50 == 25 && turn < 200
                    do { try transact(sessions[number], base, &random, isSlow: isSlow) } catch {
                        state.withLock { $0.faults.append("\(error)") }
                    }
                }
            }
        }

        private func transact(
            _ session: any ControlSession, _ base: DataTree, _ random: inout Seeded, isSlow: Bool
        ) throws {
            let isIncrement = random.below(8) == 0
            let counter = "\(SerialisabilityTests.ledger)/counter"
            var edits = (0...random.below(2)).map { _ in Self.edit(&random) }
            if isIncrement {
                let value = Int(base.value(try base.path(counter)) ?? "0") ?? 0
                edits = [(counter, "\(value + 1)")]
            }
            // The device never answers: the change is held for a second, and then refused.
            if isSlow { edits.append(("/tailf-ncs:devices/device[name='x0']/config/mini:hostname", "h")) }
            var request = CommitRequest(base: base, candidate: try session.edited(base, edits))
            request.options.noNetworking = !isSlow
            if isIncrement { request.reads = [try base.path(counter)] }
            do throws(ControlError) {
                let outcome = try session.commit(request)
                state.withLock { state in
                    if outcome.number != nil { state.committed += 1 }
                    if isIncrement { state.increments += 1 }
                }
            } catch {
                state.withLock { $0.refused[error.code, default: 0] += 1 }
            }
        }

        private static func edit(_ random: inout Seeded) -> (path: String, value: String?) {
            let ledger = SerialisabilityTests.ledger
            let name = ["a", "b", "c", "d"][random.below(4)]
            let number = "\(1 + random.below(5))"
            let flag = random.below(2) == 0
            switch random.below(13) {
            case 0: return ("\(ledger)/limit", ["40", "60", "100"][random.below(3)])
            case 1: return ("\(ledger)/extra", flag ? nil : "x\(number)")
            case 2: return ("\(ledger)/account[name='\(name)']", nil)
            case 3, 4: return ("\(ledger)/account[name='\(name)']/number", number)
            case 5: return ("\(ledger)/account[name='\(name)']/credit", flag ? "10" : "35")
            case 6: return ("\(ledger)/transfer[id='\(number)']/from", flag ? nil : name)
            case 7: return ("\(ledger)/transfer[id='\(number)']/by", flag ? nil : number)
            case 8, 9: return ("\(ledger)/ward/doctor[name='\(name)']/on", flag ? "true" : "false")
            case 10:
                return flag ? ("\(ledger)/slot[id='\(number)']/id", number) : ("\(ledger)/slot[id='\(number)']", nil)
            case 11: return ("\(ledger)/\(flag ? "a1" : "a2")", random.below(2) == 0 ? nil : name)
            default: return ("\(ledger)/\(flag ? "b1" : "b2/x")", random.below(2) == 0 ? nil : name)
            }
        }

        /// One after the other, in the order of the log: each leaves a valid configuration, and all together the one
        /// that is in force; no increment was lost.
        func check() throws {
            let state = state.withLock { $0 }
            #expect(state.faults == [])
            let controller = try #require(workshop.value.controller)
            let running = controller.running
            let validator = Validator(running.model)
            let commits = controller.history.commits
            let first = try #require(commits.last), last = try #require(commits.first)
            var latest: DataTree?
            var invalid: [String] = []
            try controller.history.visit(first.transaction...last.transaction, running.model) { record, change in
                latest = change.after
                let faults = validator.violations(in: change.after).filter { $0.severity == .error }
                if !faults.isEmpty { invalid.append("\(record.user): \(record.changes.json) leaves \(faults)") }
            }
            #expect(invalid == [], "seed \(seed)")
            let end = try #require(latest)
            #expect(end.diff(to: running).isEmpty, "seed \(seed): what is in force is not what the log says")
            let counter = running.value(try running.path("\(SerialisabilityTests.ledger)/counter")) ?? "0"
            #expect(counter == "\(state.increments)", "seed \(seed): an increment was lost")
            // The run must have been one: changes, conflicts, and violations that only the others' changes made.
            #expect(state.committed > transactions / 8 && (state.refused[.validation] ?? 0) > 0, "\(state)")
            #expect((state.refused[.conflict] ?? 0) > 0, "\(state)")
        }
    }

    private struct Seeded {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }
}

/// Lets everybody connect and says nothing.
private final class SilentServer: Sendable {
    private let socket: Int32
    let port: UInt16

    init() throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let handle = socket
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
                bind(handle, address, length) | listen(handle, 64) | getsockname(handle, address, &length)
            }
        }
        guard status == 0 else { throw ProcessFault("no socket") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(socket) }
}
