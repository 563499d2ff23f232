import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Kills and power cuts at effects on the disk, of everything that operators do without devices.
    ///
    /// A long campaign tries `OPENNED_SOAK_SEEDS` cuts, and a fifth as many kills or `OPENNED_SOAK_KILLS`; `OPENNED_CUT_SEED`
    /// names the first seed, which a failure prints.
    @Suite struct PowerCutTests {
        private static let firstSeed =
            ProcessInfo.processInfo.environment["OPENNED_CUT_SEED"].flatMap { UInt64($0) } ?? 20_261_121

        private static let kills =
            ProcessInfo.processInfo.environment["OPENNED_SOAK_KILLS"].flatMap { Int($0) }
            ?? Soak.seeds.map { $0 / 5 } ?? 1

        /// One run is recorded. Each cut takes the effects up to one of them, loses some of what was not synced, and
        /// starts the daemon on the rest. Some kills are real: the run is made again, and the programs killed.
        @Test func aPowerCutOrAKillAnywhereLosesNothingAcknowledgedAndLeavesNothingHalf() throws {
            try Lab.use("power-cut") { lab in
                let campaign = try EffectCampaign(lab)
                try campaign.prepare()
                campaign.control.begin()
                try lab.startDaemon(more: campaign.environment())
                let steps = try campaign.perform()
                try #require(steps.last?.name == "restore", "\(steps.map(\.name))")
                try campaign.keepImages()
                let effects = try FileEffect.read(campaign.control.journal)
                let count = campaign.control.count
                try #require(effects.count > 300 && count >= effects.count, "\(effects.count) effects")
                note("\(effects.count) effects of \(steps.count - 1) operations")
                var faults: [String] = []
                for number in 0..<UInt64(Soak.seeds ?? 5) {
                    let seed = Self.firstSeed &+ number
                    let at = Self.place(seed, effects.count)
                    let fate: PowerCut.Fate = seed % 5 == 0 ? .all : seed % 5 == 1 ? .none : .some(seed)
                    let what = "seed \(seed): cut after effect \(at) of \(effects.count), \(fate)"
                    let isWarm = Soak.seeds != nil && seed % 9 > 0
                    do { try cut(campaign, steps, effects, at, fate, what, isWarm) } catch {
                        report(what, error, &faults)
                    }
                    if number % 50 == 49 { note("\(number + 1) cuts, \(faults.count) faults") }
                }
                for number in 0..<UInt64(Self.kills) {
                    let at = Self.place(Self.firstSeed &+ number, count)
                    do { try kill(campaign, steps, at) } catch { report("killed at effect \(at)", error, &faults) }
                    if number % 50 == 49 { note("\(number + 1) kills, \(faults.count) faults") }
                }
                #expect(faults == [])
                // On a disk that takes no notice of syncs the same search finds losses.
                let careless = effects.filter { if case .sync = $0.effect { false } else { true } }
                #expect(throws: (any Error).self) {
                    try cut(campaign, steps, careless, careless.count * 2 / 3, .none, "without syncs")
                }
            }
        }

        private func report(_ what: String, _ error: any Error, _ faults: inout [String]) {
            faults.append("\(what): \(error)")
            note(faults[faults.count - 1])
        }

        /// Every effect in turn, scattered, so that few seeds meet all operations.
        private static func place(_ seed: UInt64, _ effects: Int) -> Int { Int(seed &* 7_919 % UInt64(effects)) + 1 }

        private func cut(
            _ campaign: EffectCampaign, _ steps: [EffectCampaign.Step],
            _ effects: [(effect: FileEffect, end: Int)], _ at: Int, _ fate: PowerCut.Fate, _ what: String,
            _ isWarm: Bool = false
        ) throws {
            let lab = campaign.lab
            try campaign.reset()
            let disk = try PowerCut(lab.directory.path)
            for index in 0..<at { disk.apply(effects[index].effect) }
            try ChildProcess.require("rm -rf '\(lab.directory.path)'")
            try disk.cut(fate, to: lab.directory.path)
            if isWarm { try campaign.warmUp() }
            let acknowledged = steps.lastIndex { $0.position <= effects[at - 1].end } ?? 0
            try campaign.judge(steps, acknowledged: acknowledged, what)
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
            try campaign.lab.endDaemon()
            campaign.control.begin()
            if Soak.seeds != nil { try campaign.warmUp() }
            try campaign.judge(steps, acknowledged: acknowledged, "killed at effect \(at)")
        }

        private func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
    }
}
