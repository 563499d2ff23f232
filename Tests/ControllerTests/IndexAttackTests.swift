import Basics
import Foundation
import PackageManager
import PackageSigning
import TestSupport
import Testing

extension AcceptRejectTests {
    private struct Scenario: Decodable {
        struct Visit: Decodable {
            var reason: String?
            var fetch: String?
            var acceptsNewIndex: Bool?
        }

        var name: String
        var visits: [Visit]
    }

    /// Signed indexes made by Python and openssl, shown one after the other by a server to one who remembers.
    @Test func everyIndexOfARepositoryIsAcceptedOrRefusedAsItShould() throws {
        let scenarios = try JSONDecoder().decode([Scenario].self, from: Data(table.text("table/scenarios.json").utf8))
        #expect(scenarios.count >= 50, "\(scenarios.count) scenarios")
        let server = try RepositoryServer(table.path("table/www"))
        var faults: [String] = []
        for scenario in scenarios {
            let place = directory.path("visits/" + scenario.name)
            for (number, visit) in scenario.visits.enumerated() {
                let said = try attempt(scenario.name, number, visit, place, server.url)
                let isMet = visit.reason.map { words in
                    words.split(separator: "|").contains { said?.contains($0) == true }
                }
                guard isMet ?? (said == nil) else {
                    faults.append(
                        "\(scenario.name), visit \(number) (\(visit.reason ?? "accepted")): \(said ?? "accepted")")
                    continue
                }
                if visit.reason != nil, visit.fetch != nil {
                    #expect(directory.names(in: "visits/\(scenario.name)/store/objects").isEmpty, "\(scenario.name)")
                    #expect(!DurableFiles.exists(place + "/store/.partial"), "\(scenario.name)")
                }
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    /// Why it is refused; nil if it is not.
    private func attempt(
        _ name: String, _ number: Int, _ visit: Scenario.Visit, _ place: String, _ url: String
    ) throws -> String? {
        let shown = "\(table.path("table/www"))/\(name)"
        let bytes = try DurableFiles.read("\(shown)/\(number)")
        try DurableFiles.replace("\(shown)/\(RepositoryIndex.fileName)", with: bytes)
        var address = try RepositoryAddress(name: "north", url: "\(url)/\(name)")
        address.proxy = ""
        let trust = directory.path("run/trust")
        let repository = PackageRepository(
            address, policy: .require, partial: place + "/store/.partial",
            ledger: RepositoryLedger(directory: place + "/state"), now: { Date() },
            verify: { try TrustStore(directory: trust).verify(index: $0, at: Date()) })
        let store = PackageStore(
            directory: place + "/store", links: place + "/packages",
            ledger: SignerLedger(directory: place + "/state")
        ) { try TrustStore(directory: trust).verify(UnverifiedBundle(path: $0), at: Date()) }
        let isNew = visit.acceptsNewIndex ?? false
        do {
            if let package = visit.fetch {
                _ = try repository.fetch(package, into: store, acceptsNewIndex: isNew)
            } else {
                _ = try repository.list(acceptsNewIndex: isNew)
            }
            return nil
        } catch let error as PackageError {
            return error.sentence
        } catch let error as SigningError {
            return error.sentence
        }
    }
}
