import Basics
import Foundation
import Testing
import YANG

@Suite struct SystemModelTests {
    private func system() throws -> SchemaCompiler.Outcome {
        let acm = SchemaCompiler.Source(
            path: "ietf-netconf-acm.yang",
            bytes: [UInt8](
                try Data(
                    contentsOf: URL(
                        filePath: "\(ShippedSources.ietfDirectory)/ietf-netconf-acm@2018-02-14.yang"))))
        return ShippedSources.compile(try ShippedSources.yangFiles("yang/tailf") + [acm])
    }

    @Test func compilesWithoutAWord() throws {
        let outcome = try system()
        #expect(outcome.diagnostics.map(\.description) == [])
        #expect(outcome.schema != nil)
    }

    @Test func hasTheMountPointsOfDeviceConfiguration() throws {
        let schema = try #require(try system().schema)
        let devices = try #require(schema.root.dataChild(named: "devices", module: "tailf-ncs"))
        let device = try #require(devices.dataChild(named: "device"))
        #expect(device.dataChild(named: "config")?.kind == .mountPoint)
        let live = try #require(device.dataChild(named: "live-status"))
        #expect(live.dataChild(named: "exec")?.dataChild(named: "any")?.kind == .action)
        let template = try #require(devices.dataChild(named: "template")?.dataChild(named: "ned-id"))
        #expect(template.dataChild(named: "config")?.kind == .mountPoint)
    }

    @Test func keepsPasswordsAsSecrets() throws {
        let schema = try #require(try system().schema)
        let group = try #require(
            schema.root.dataChild(named: "devices", module: "tailf-ncs")?.dataChild(named: "authgroups")?
                .dataChild(named: "group"))
        let password = try #require(group.dataChild(named: "umap")?.dataChild(named: "remote-password"))
        #expect(password.type?.secret == .aes256CFB128)
        let user = try #require(
            schema.root.dataChild(named: "aaa", module: "tailf-aaa")?.dataChild(named: "authentication")?
                .dataChild(named: "users")?.dataChild(named: "user"))
        #expect(user.dataChild(named: "password")?.type?.secret == .cryptHash)
    }

    @Test func hasTheActionsOfDevicesAndPackages() throws {
        let schema = try #require(try system().schema)
        let devices = try #require(schema.root.dataChild(named: "devices", module: "tailf-ncs"))
        let device = try #require(devices.dataChild(named: "device"))
        for name in ["sync-from", "sync-to", "check-sync", "compare-config", "migrate", "connect"] {
            #expect(device.dataChild(named: name)?.kind == .action, "\(name)")
        }
        let ofAll = try #require(devices.dataChild(named: "sync-from")?.dataChild(named: "input"))
        #expect(ofAll.dataChild(named: "device")?.kind == .leafList)
        let packages = try #require(schema.root.dataChild(named: "packages", module: "tailf-ncs"))
        #expect(packages.dataChild(named: "reload")?.kind == .action)
        #expect(packages.dataChild(named: "package")?.isConfig == false)
    }
}
