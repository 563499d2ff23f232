import Basics
import ConfigTree
import NEDRuntime
import Testing
import YANG

@Suite struct DriverModelTests {
    private func decode(_ path: String, _ schema: Schema) throws -> Decoded<DataTree> {
        let text = String(decoding: try ShippedSources.bytes(path), as: UTF8.self).replacing("%NAME%", with: "r0")
        return XMLDataDecoder.tree(Array(text.utf8), file: path, model: DataModel(schema))
    }

    @Test(arguments: ShippedSources.drivers) func compilesWithoutAWord(driver: String) throws {
        let outcome = ShippedSources.compile(try ShippedSources.yangFiles("packages/\(driver)/src/yang"))
        #expect(outcome.diagnostics.map(\.description) == [])
    }

    @Test(arguments: ShippedSources.drivers, ["test/branch.xml", "netsim"])
    func sampleIsValid(driver: String, place: String) throws {
        let file = place == "netsim" ? "netsim/\(driver.dropLast("-cli-1.0".count)).xml" : place
        let schema = try ShippedSources.driver(driver)
        let decoded = try decode("packages/\(driver)/\(file)", schema)
        #expect(decoded.diagnostics.map(\.description) == [])
        let faults = Validator(DataModel(schema)).violations(in: decoded.content)
        #expect(faults.map(\.description) == [])
    }

    @Test func firstVersionsSampleDoesNotFitTheSecond() throws {
        let decoded = try decode(
            "packages/openned-ios-cli-1.0/test/branch.xml", try ShippedSources.driver("openned-ios-cli-2.0"))
        let faults = decoded.diagnostics.filter { $0.severity == .error }.map(\.description).joined(separator: "\n")
        for name in ["pad", "trap"] { #expect(faults.contains(name)) }
    }

    @Test func interfaceOfAMissingVLANIsRefused() throws {
        let schema = try ShippedSources.driver("openned-ios-cli-1.0")
        let xml = """
            <config xmlns="http://tail-f.com/ns/config/1.0">
              <interface xmlns="urn:openned:ned:openned-ios"><Vlan><name>7</name></Vlan></interface>
            </config>
            """
        let decoded = XMLDataDecoder.tree(Array(xml.utf8), file: "x.xml", model: DataModel(schema))
        #expect(decoded.diagnostics == [])
        #expect(Validator(DataModel(schema)).violations(in: decoded.content).count == 1)
    }

    @Test func dialogueOfStatementsIsReadWithoutFault() throws {
        let path = "packages/openned-junos-cli-1.0/driver/driver.yaml"
        let description = try DriverDescription(yaml: try ShippedSources.bytes(path), file: path)
        #expect(description.transactionClass == .confirmed)
        #expect(description.operationalPrompt.matches("admin@r0> "))
        #expect(!description.operationalPrompt.matches("admin@r0# "))
        #expect(description.configurationPrompt.matches("admin@r0#"))
        #expect(description.unprivilegedPrompt?.matches("root@r0:~ # ") == true)
        #expect(!description.configurationPrompt.matches("root@r0:~ # "))
        for line in ["syntax error.", "error: configuration check-out failed", "unknown command."] {
            #expect(description.refusals.contains { $0.matches(line) })
        }
        #expect(description.volatileLines.contains(matchOf: "version 20.4R1;"))
        #expect(!description.volatileLines.contains(matchOf: "        version v2;"))
    }

    @Test(arguments: ShippedSources.drivers.filter { !$0.contains("-junos-") })
    func dialogueIsReadWithoutFault(driver: String) throws {
        let path = "packages/\(driver)/driver/driver.yaml"
        let description = try DriverDescription(yaml: try ShippedSources.bytes(path), file: path)
        #expect(description.transactionClass == .direct)
        #expect(description.operationalPrompt.matches("r0#"))
        #expect(!description.operationalPrompt.matches("r0(config)#"))
        #expect(description.configurationPrompt.matches("r0(config-if)# "))
        #expect(description.unprivilegedPrompt?.matches("r0>") == true)
        let refused = "% Invalid input detected at '^' marker."
        #expect(description.refusals.contains { $0.matches(refused) })
        #expect(!description.warnings.contains { $0.matches(refused) })
        #expect(description.volatileLines.contains(matchOf: "Current configuration : 4223 bytes"))
        #expect(!description.volatileLines.contains(matchOf: "hostname end"))
    }
}
