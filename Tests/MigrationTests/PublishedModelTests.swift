import ConfigTree
import Foundation
import Testing
import YANG

@testable import Migration

/// Migrations between published versions of models.
@Suite struct PublishedModelTests {
    private func lines(_ old: Schema, _ new: Schema) -> [String] {
        SchemaComparison(from: old, to: new).changes.map { "\($0.path) \($0.info) \($0.compatibility.rawValue)" }
    }

    @Test(.enabled(if: MigrationModels.isShared("nso-examples/router-nc-1.1")))
    func routerVersionsDiffer() throws {
        let folder = MigrationModels.shared.appending(path: "nso-examples")
        let old = try MigrationModels.folder(folder.appending(path: "router-nc-1.0/src/yang"), policy: .vendor)
        let new = try MigrationModels.folder(folder.appending(path: "router-nc-1.1/src/yang"), policy: .vendor, except: ["router-ann.yang"])
        print(lines(old, new).joined(separator: "\n"))
    }

    @Test(.enabled(if: MigrationModels.isShared("tapi/v2.3.1")))
    func transportModelChangesAsInTheTranscript() throws {
        let folder = MigrationModels.shared.appending(path: "tapi")
        let old = try MigrationModels.folder(folder.appending(path: "v2.1.3"), policy: .vendor)
        let new = try MigrationModels.folder(folder.appending(path: "v2.3.1"), policy: .vendor)
        print(lines(old, new).filter { $0.contains("/virtual-nw-service/") && ($0.contains("vnw-constraint") || $0.contains("layer-protocol-name")) }.prefix(30).joined(separator: "\n"))
    }

    @Test(.enabled(if: MigrationModels.hasDriverModels))
    func ourDriverChangesAsItsTableSays() throws {
        let packages = MigrationModels.root.appending(path: "packages")
        let old = try MigrationModels.folder(packages.appending(path: "openned-ios-cli-1.0/src/yang"))
        let new = try MigrationModels.folder(packages.appending(path: "openned-ios-cli-2.0/src/yang"))
        print(lines(old, new).joined(separator: "\n"))
        let xml = try Data(contentsOf: packages.appending(path: "openned-ios-cli-1.0/test/branch.xml"))
        let decoded = XMLDataDecoder.tree(Array(xml), file: "branch.xml", model: DataModel(old))
        let carried = DataCarrier.carry(try decoded.get(), to: DataModel(new))
        print(carried.losses.map { "\($0.path) \($0.instances) \($0.reason)" }.joined(separator: "\n"))
    }
}
