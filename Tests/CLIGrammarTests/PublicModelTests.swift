import ConfigTree
import Foundation
import Testing
import YANG

@testable import CLIGrammar

/// Real configurations against real models.
struct PublicModelTests {
    /// - Returns: how many lines the model does not know.
    @discardableResult
    private func report(_ model: DataModel, _ dialect: CLIDialect, folders: [String]) throws -> Int {
        let grammar = CLIGrammar(model: model, dialect: dialect)
        let root = try #require(TestModels.sharedData).appending(path: "lab-configs")
        var reasons: [String: Int] = [:]
        for folder in folders {
            let urls = try FileManager.default.contentsOfDirectory(
                at: root.appending(path: folder), includingPropertiesForKeys: nil)
            for url in urls.sorted(by: { $0.path < $1.path }) where url.pathExtension == "txt" {
                let bytes = Array(try Data(contentsOf: url))
                let parsed = try grammar.parse(bytes)
                let text = grammar.render(parsed.tree)
                let again = try grammar.parse(text, strict: false)
                #expect(again.skipped.isEmpty, "\(url.lastPathComponent): \(again.skipped.prefix(3))")
                let difference = parsed.tree.diff(to: again.tree)
                #expect(difference.isEmpty, "\(url.lastPathComponent): \(ChangeSet(difference).json)")
                for line in parsed.skipped {
                    reasons["\(line.mode.last ?? "") > \(line.text): \(line.reason)", default: 0] += 1
                }
                if ProcessInfo.processInfo.environment["OPENNED_REPORT"] != nil {
                    print(
                        "\(folder)/\(url.lastPathComponent): \(parsed.lineCount) lines, \(parsed.skipped.count) skipped"
                    )
                }
            }
        }
        if ProcessInfo.processInfo.environment["OPENNED_REPORT"] != nil {
            for (reason, count) in reasons.sorted(by: { $0.value > $1.value }).prefix(150) { print(count, reason) }
        }
        return reasons.values.reduce(0, +)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfIOSComeBackThroughThePublicModel() throws {
        try report(
            TestModels.netsimIOS.get(), .i,
            folders: ["ios_example_network", "iosxe_bgp_confederation", "iosxe_redistribution"])
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfIOSComeBackThroughOurModels() throws {
        let folders = ["ios_example_network", "iosxe_bgp_confederation", "iosxe_redistribution"]
        try report(TestModels.ownDriver.get(), .i, folders: folders)
        // Each text begins with lines that are no configuration, which `driver.yaml` names.
        let other = ["Building", "Current configuration", "version", "boot-start-marker", "boot-end-marker"]
        #expect(try report(TestModels.ownRouter.get(), .i, folders: folders) == 24 * other.count)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfNXOSComeBackThroughThePublicModel() throws {
        try report(TestModels.netsimNX.get(), .nx, folders: ["nxos_isis", "nxos_redistribution"])
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfNXOSComeBackThroughOurModel() throws {
        // All but the line with the version.
        #expect(try report(TestModels.ownSwitch.get(), .nx, folders: ["nxos_isis", "nxos_redistribution"]) == 8)
    }
}
