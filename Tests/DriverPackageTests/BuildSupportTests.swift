import Foundation
import Testing

/// `support/ned-*`: what package Makefiles call.
@Suite struct BuildSupportTests {
    private struct Answer {
        var status: Int32
        var output: String
        var errors: String
    }

    private func run(_ program: String, _ metaData: String, suffix: String = "") throws -> Answer {
        let folder = FileManager.default.temporaryDirectory.appending(path: "openned-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(metaData.utf8).write(to: folder.appending(path: "package-meta-data.xml.in"))
        let process = Process()
        process.executableURL = ShippedSources.url("support/\(program)")
        process.arguments = ["package-meta-data.xml.in"]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "/usr/bin:/bin", "NED_ID_SUFFIX": suffix]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Answer(
            status: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
            errors: String(decoding: complained, as: UTF8.self))
    }

    private func metaData(kind: String = "cli", version: String = "1.0.3") -> String {
        """
        <!-- <name>not this</name> -->
        <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
          <name> router </name>
          <package-version>\(version)</package-version>
          <component>
            <name>other</name>
            <ned><\(kind)><ned-id>to be replaced by build</ned-id></\(kind)></ned>
          </component>
        </ncs-package>
        """
    }

    @Test(arguments: [("cli", "cli"), ("netconf", "nc"), ("generic", "gen"), ("snmp", "snmp")])
    func nedIDFollowsNameKindAndVersion(kind: String, part: String) throws {
        let answer = try run("ned-ncs-ned-id-arg", metaData(kind: kind))
        #expect(answer.status == 0)
        #expect(answer.output == "--ncs-ned-id router-\(part)-1.0:router-\(part)-1.0\n")
    }

    @Test func suffixComesBeforeTheVersion() throws {
        let answer = try run("ned-ncs-ned-id-arg", metaData(), suffix: "-lab")
        #expect(answer.output == "--ncs-ned-id router-cli-lab-1.0:router-cli-lab-1.0\n")
    }

    @Test func packageWithoutDriverHasNoNEDID() throws {
        let text = "<ncs-package><name>service</name><package-version>1.0</package-version></ncs-package>"
        let answer = try run("ned-ncs-ned-id-arg", text)
        #expect(answer.status == 0)
        #expect(answer.output == "")
    }

    @Test(arguments: ["1", "x.1", ""]) func badVersionIsNamed(version: String) throws {
        let answer = try run("ned-ncs-ned-id-arg", metaData(version: version))
        #expect(answer.status == 1)
        #expect(answer.errors.contains("package-version is '\(version)'"))
    }

    @Test func fileCutShortIsRefused() throws {
        let answer = try run("ned-make-package-meta-data", String(metaData().dropLast(30)))
        #expect(answer.status == 1)
        #expect(answer.errors.contains("package-meta-data.xml.in"))
    }
}
