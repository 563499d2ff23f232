import Basics
import ConfigTree
import ControlProtocol
import Foundation
import PackageSigning
import TestSupport
import Testing

/// The table of what is accepted and refused: keys, certificates and signatures made by openssl, archives by GNU tar and
/// Python, bundles put together by Python after docs/BUNDLES.md; see `AcceptReject/make.py`. Nothing of ours makes them.
@Suite struct AcceptRejectTests {
    private struct Case: Decodable {
        var name: String
        /// Words of which one is in the refusal, separated by `|`; nil if it is accepted.
        var reason: String?
        /// A directory of trust anchors other than the controller's.
        var trust: String?
        /// What the refusal names instead of the bundle.
        var place: String?

        func isMet(by text: String) -> Bool {
            (reason ?? "").split(separator: "|", omittingEmptySubsequences: false).contains {
                $0.isEmpty || text.contains($0)
            }
        }
    }

    private let workshop: ControllerWorkshop
    var directory: TemporaryDirectory { workshop.directory }
    private let cases: [Case]
    let table: TemporaryDirectory

    /// The table, made once for all tests.
    private static let made = Result {
        let directory = try TemporaryDirectory.untilExit("table")
        try Data(BundleStub.known[0]).write(to: URL(fileURLWithPath: directory.path("stub")))
        let made = try ChildProcess.run(
            "python3",
            [
                Repository.path("Tests/ControllerTests/AcceptReject/make.py"), directory.path("stub"),
                directory.path("table"),
            ], environment: ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 },
            seconds: 600)
        guard made.status == 0 else { throw ProcessFault("\(made)") }
        return directory
    }

    init() throws {
        table = try Self.made.get()
        workshop = try ControllerWorkshop()
        cases = try JSONDecoder().decode([Case].self, from: Data(table.text("table/cases.json").utf8))
        try FileManager.default.copyItem(atPath: table.path("table/trust"), toPath: directory.path("run/trust"))
        try directory.write(
            "run/ncs.conf",
            """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
              <package-signing><load-path-policy>require</load-path-policy></package-signing>
            </ncs-config>
            """)
    }

    private func file(_ one: Case) -> String { table.path("table/made/\(one.name).signed.bin") }

    /// Each is fetched; the good ones are installed, the others put into the load path by hand, and all are reloaded.
    @Test func everyBundleOfTheTableIsAcceptedOrRefusedAsItShould() throws {
        #expect(cases.count >= 150, "\(cases.count) cases")
        let usual = cases.filter { $0.trust == nil }
        _ = try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        var faults: [String] = []
        for one in usual {
            do {
                try session.act("/tailf-ncs:software/packages/fetch", ["package-from-file": file(one)])
                if one.reason != nil { faults.append("\(one.name) was fetched") }
                try session.act("/tailf-ncs:software/packages/install", ["package": one.name])
            } catch let error as ControlError {
                if one.reason == nil || !one.isMet(by: error.message)
                    || !error.message.contains(one.place ?? "made/\(one.name).signed.bin")
                {
                    faults.append("\(one.name) (\(one.reason ?? "accepted")): \(error.message)")
                }
                try FileManager.default.copyItem(
                    atPath: file(one), toPath: directory.path("run/packages/\(one.name).signed.bin"))
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        let accepted = Set(usual.filter { $0.reason == nil }.map(\.name))
        #expect(directory.names(in: "run/state/store").filter { $0 != "objects" }.count == accepted.count)
        #expect(directory.names(in: "run/state/store/objects").count == 2 * accepted.count, "nothing is left behind")
        try reload(session, usual, accepted)
        #expect(!DurableFiles.exists("/tmp/openned-evil"))
    }

    private func reload(_ session: any ControlSession, _ usual: [Case], _ accepted: Set<String>) throws {
        let results = try session.act("/tailf-ncs:packages/reload", ["force": ""]).entries("reload-result")
        var told: [String: String] = [:]
        for result in results {
            let (name, info) = (result.keys[0], result.value("info") ?? "")
            if result.value("result") == "true" {
                #expect(accepted.contains(name), "\(name) was loaded")
            } else {
                #expect(!accepted.contains(name), "\(name): \(info)")
                told[name] = info
            }
        }
        #expect(Set(results.filter { $0.value("result") == "true" }.map { $0.keys[0] }) == accepted)
        let lines = told.values.flatMap { $0.split(separator: "\n").map(String.init) }
        let faults =
            usual.filter { $0.reason != nil }.compactMap { one in
                let place = one.place ?? "packages/\(one.name).signed.bin:"
                let line = told[one.name] ?? lines.first { $0.contains(place) } ?? "nothing"
                return one.isMet(by: line) ? nil : "\(one.name) (\(one.reason ?? "")) at reload: \(line)"
            } as [String]
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        #expect(!lines.contains { $0.contains("packages-in-use") }, "a refusal names the file of the load path")
        let number = directory.names(in: "run/state/packages-in-use").max() ?? ""
        let copies = directory.names(in: "run/state/packages-in-use/\(number)").filter { !$0.hasPrefix(".") }
        #expect(Set(copies) == accepted, "of what was refused nothing is unpacked")
    }

    @Test func directoriesOfAnchorsThatCannotBeTrustedTrustNothing() throws {
        for one in cases {
            guard let trust = one.trust else { continue }
            let error = #expect(throws: SigningError.self, "\(one.name)") {
                _ = try TrustStore(directory: table.path("table/" + trust)).verify(
                    UnverifiedBundle(path: file(one)), at: Date())
            }
            #expect(one.isMet(by: error?.sentence ?? ""), "\(one.name): \(error?.sentence ?? "")")
        }
    }
}
