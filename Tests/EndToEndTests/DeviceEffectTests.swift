import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Kills and power cuts at effects on the disk while a commit is on its way to routers, which go on living.
    @Suite struct DeviceEffectTests {
        private static let routers = ["r0", "r1", "r2"]

        @Test func aPowerCutInACommitLeavesAllRoutersWithTheChangeOrNone() throws {
            try Lab.use("device-effects") { lab in
                try lab.bringUp(routers: 3)
                try lab.killDaemon()
                let keeping = try TemporaryDirectory("device-effects")
                let control = try FileEffectsControl(in: keeping.path)
                control.skipSyncs()
                let count = try effects(lab, control)
                try #require(count > 8, "\(count) effects")
                var faults: [String] = []
                for (index, number) in Soak.sample(Array(1...count), 3, seed: 20_261_121).enumerated() {
                    for seed in Soak.seeds == nil ? [UInt64(index)] : [0, 1, 2, 3] {
                        let what = "cut at effect \(number) of \(count), seed \(seed)"
                        do { try cut(lab, control, at: number, seed, "w\(number)-\(seed)") } catch {
                            faults.append("\(what): \(error)")
                        }
                    }
                }
                #expect(faults == [])
            }
        }

        private func commit(_ lab: Lab, _ word: String) throws -> Bool {
            let change = """
                config
                devices device r0..2 config interface GigabitEthernet 0/1 description \(word)
                devices device r0..2 config hostname \(word)
                commit

                """
            return try lab.attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: change).text
                .contains("Commit complete")
        }

        /// How many effects a commit has.
        private func effects(_ lab: Lab, _ control: FileEffectsControl) throws -> Int {
            control.begin()
            try lab.startDaemon(more: control.environment(root: lab.directory.path, isJournalled: false))
            try lab.operate("show devices list")
            let before = control.count
            try #require(try commit(lab, "counted"))
            let after = control.count
            try lab.killDaemon()
            return after - before
        }

        /// - Parameter seed: 0: only the daemon is killed; 1: all is lost that was not synced; else drawn by it.
        private func cut(
            _ lab: Lab, _ control: FileEffectsControl, at number: Int, _ seed: UInt64, _ word: String
        ) throws {
            if lab.daemon != nil { try lab.killDaemon() }
            let disk = try PowerCut(lab.directory.path)
            control.begin()
            try lab.startDaemon(more: control.environment(root: lab.directory.path, isJournalled: true))
            try lab.operate("show devices list")
            control.kill(at: control.count + number)
            let isAcknowledged = try commit(lab, word)
            if lab.daemon != nil { try lab.killDaemon() }
            if seed > 0 {
                for (effect, _) in try FileEffect.read(control.journal) { disk.apply(effect) }
                // The process of the network ends when it looks and finds its directory gone.
                let network = try #require(
                    pid_t(try lab.directory.text("run/netsim/.netsim/pid").trimmingCharacters(in: .newlines)))
                kill(network, SIGSTOP)
                defer { kill(network, SIGCONT) }
                let aside = lab.directory.path + ".netsim"
                try ChildProcess.require("mv '\(lab.run)/netsim' '\(aside)' && rm -rf '\(lab.directory.path)'")
                try disk.cut(seed == 1 ? .none : .some(seed &* 1_000 &+ UInt64(number)), to: lab.directory.path)
                try ChildProcess.require("mv '\(aside)' '\(lab.run)/netsim'")
            }
            try lab.startDaemon()
            var disagreeing: [String: String] = [:]
            do {
                try lab.wait(for: "agreement of all routers") {
                    disagreeing = try lab.outOfSync(Self.routers)
                    return disagreeing.isEmpty
                }
            } catch {
                let log = try lab.directory.text("run/logs/devel.log").suffix(2_000)
                throw ProcessFault("\(error)\n\(disagreeing)\n\(try lab.operate("show alarms"))\n\(log)")
            }
            try lab.requireAgreement(Self.routers)
            let having = try Self.routers.filter { try lab.onRouter($0).contains(" description \(word)") }
            guard having.isEmpty || having == Self.routers else { throw ProcessFault("only \(having) have it") }
            guard !isAcknowledged || !having.isEmpty else { throw ProcessFault("it was acknowledged and is gone") }
        }
    }
}
