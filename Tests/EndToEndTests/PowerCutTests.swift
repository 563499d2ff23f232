import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Kills and power cuts at effects on the disk, of everything that operators do without devices.
    ///
    /// A long campaign tries `OPENNED_SOAK_SEEDS` cuts; `OPENNED_CUT_SEED` names the first seed, which a failure prints.
    @Suite struct PowerCutTests {
        private static let firstSeed =
            ProcessInfo.processInfo.environment["OPENNED_CUT_SEED"].flatMap { UInt64($0) } ?? 20_261_121

        /// One run is recorded. Each cut takes the effects up to one of them, loses some of what was not synced, and
        /// starts the daemon on the rest.
        @Test func aPowerCutAnywhereLosesNothingThatWasAcknowledgedAndLeavesNothingHalf() throws {
            try Lab.use("power-cut") { lab in
                let campaign = try EffectCampaign(lab)
                try campaign.prepare()
                campaign.control.begin()
                try lab.startDaemon(more: campaign.environment())
                let steps = try campaign.perform()
                try #require(steps.last?.name == "restore", "\(steps.map(\.name))")
                let effects = try FileEffect.read(campaign.control.journal)
                try #require(effects.count > 300, "\(effects.count) effects")
                var faults: [String] = []
                let count = Soak.seeds ?? 8
                for number in 0..<count {
                    let seed = Self.firstSeed &+ UInt64(number)
                    let at = Self.place(number, of: count, effects.count, seed)
                    let fate: PowerCut.Fate = number % 5 == 0 ? .all : number % 5 == 1 ? .none : .some(seed)
                    let what = "seed \(seed): cut after effect \(at) of \(effects.count), \(fate)"
                    do { try cut(campaign, steps, effects, at, fate, what) } catch { faults.append("\(what): \(error)") }
                    if Soak.seeds != nil, number % 50 == 49 { note("\(number + 1) cuts, \(faults.count) faults") }
                }
                #expect(faults == [])
            }
        }

        /// Effects one after the other if there are enough cuts, or spread evenly, shifted by the seed.
        private static func place(_ number: Int, of count: Int, _ effects: Int, _ seed: UInt64) -> Int {
            let stride = max(1, effects / count)
            return (number * stride + Int(seed % UInt64(stride))) % effects + 1
        }

        private func cut(
            _ campaign: EffectCampaign, _ steps: [EffectCampaign.Step],
            _ effects: [(effect: FileEffect, end: Int)], _ at: Int, _ fate: PowerCut.Fate, _ what: String
        ) throws {
            let lab = campaign.lab
            if lab.daemon != nil { try lab.killDaemon() }
            try ChildProcess.require("rm -rf '\(lab.directory.path)' && cp -a '\(campaign.saved)' '\(lab.directory.path)'")
            let disk = try PowerCut(lab.directory.path)
            for index in 0..<at { disk.apply(effects[index].effect) }
            try ChildProcess.require("rm -rf '\(lab.directory.path)'")
            try disk.cut(fate, to: lab.directory.path)
            let acknowledged = steps.lastIndex { $0.position <= effects[at - 1].end } ?? 0
            try campaign.judge(steps, acknowledged: acknowledged, what)
        }

        /// The real programs are killed, and start again on the files that they left.
        @Test func aKillAtAnyEffectLosesNothingThatWasAcknowledgedAndLeavesNothingHalf() throws {
            try Lab.use("effect-kill") { lab in
                let campaign = try EffectCampaign(lab, isJournalled: false)
                try campaign.prepare()
                campaign.control.begin()
                try lab.startDaemon(more: campaign.environment())
                let steps = try campaign.perform()
                try #require(steps.last?.name == "restore", "\(steps.map(\.name))")
                let effects = campaign.control.count
                let count = Soak.seeds.map { max(1, $0 / 5) } ?? 2
                var faults: [String] = []
                for number in 0..<count {
                    let at = Self.place(number, of: count, effects, Self.firstSeed)
                    do { try kill(campaign, steps, at) } catch { faults.append("killed at effect \(at): \(error)") }
                    if Soak.seeds != nil, number % 50 == 49 { note("\(number + 1) kills, \(faults.count) faults") }
                }
                #expect(faults == [])
            }
        }

        private func kill(_ campaign: EffectCampaign, _ steps: [EffectCampaign.Step], _ at: Int) throws {
            try campaign.reset()
            campaign.control.begin(killAt: at)
            var acknowledged = 0
            if try campaign.lab.attempt("ncs", [], more: campaign.environment()).status == 0,
                let reached = try? campaign.perform()
            {
                acknowledged = max(0, reached.count - 1)
            }
            if campaign.lab.daemon != nil { try campaign.lab.killDaemon() }
            campaign.control.begin()
            try campaign.judge(steps, acknowledged: acknowledged, "killed at effect \(at)")
        }

        private func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
    }
}
