import Basics
import Foundation
import PackageManager
import Testing

@Suite struct PackageMetaDataTests {
    private func parse(_ body: String) throws -> (metaData: PackageMetaData, warnings: [Diagnostic]) {
        let text = "<ncs-package xmlns=\"http://tail-f.com/ns/ncs-packages\">\n\(body)\n</ncs-package>\n"
        return try PackageMetaData.parse(Array(text.utf8), file: "package-meta-data.xml")
    }

    private func findings(_ body: String) -> [String] {
        do {
            return try parse(body).warnings.map(\.description)
        } catch {
            return "\(error)".split(separator: "\n").map(String.init)
        }
    }

    private static let head = "<name>p</name><package-version>1.0</package-version>"

    @Test func everyElementIsRead() throws {
        let (metaData, warnings) = try parse(
            """
            <name>router-cli-1.0</name>
            <package-version>1.0.2-beta</package-version>
            <display-name>Router</display-name>
            <description> A driver </description>
            <ncs-min-version>6.0</ncs-min-version>
            <ncs-min-version>6.4.1</ncs-min-version>
            <ncs-max-version>7.0</ncs-max-version>
            <single-sign-on-url>https://x/</single-sign-on-url>
            <python-package>
              <vm-name>v</vm-name><callpoint-model>multiprocessing</callpoint-model>
            </python-package>
            <directory>./state/packages-in-use/1/router-cli-1.0</directory>
            <templates>a</templates>
            <template-loading-mode>strict</template-loading-mode>
            <supported-ned-id>a:a</supported-ned-id>
            <supported-ned-id-match>router-nc-1.\\d+:router-nc-1.\\d+</supported-ned-id-match>
            <required-package>
              <name>base</name><min-version>1.1</min-version><max-version>2.0</max-version>
            </required-package>
            <component>
              <name>cli</name><description>d</description><entitlement-tag>t</entitlement-tag>
              <ned>
                <cli><ned-id>router-cli-1.0:router-cli-1.0</ned-id><java-class-name>
                  com.example.X
                </java-class-name></cli>
                <device><vendor>Acme</vendor><product-family>f1</product-family><product-family>f2</product-family>
                  <operating-system>os</operating-system></device>
                <option><name>show-tag</name><value>interface</value></option>
                <option><name>something-new</name></option>
              </ned>
            </component>
            <component><name>g</name>
              <ned><generic><ned-id>g-gen-1.0</ned-id><java-class-name>X</java-class-name>
              <management-protocol>rest</management-protocol></generic><device><vendor>V</vendor></device></ned>
            </component>
            <component><name>n</name><ned><netconf/><device><vendor>V</vendor></device></ned></component>
            <component><name>s</name>
              <ned><snmp><ned-id>s:s</ned-id></snmp><device><vendor>V</vendor></device></ned>
            </component>
            <component><name>u</name><upgrade><java-class-name>U</java-class-name></upgrade></component>
            <component><name>c</name>
              <callback><java-class-name>A</java-class-name><java-class-name>B</java-class-name></callback>
            </component>
            <component><name>a</name>
              <application><python-class-name></python-class-name><start-phase>phase1</start-phase></application>
            </component>
            """)
        #expect(warnings.isEmpty)
        #expect(metaData.name == "router-cli-1.0")
        #expect(metaData.version.description == "1.0.2-beta")
        #expect(metaData.displayName == "Router")
        #expect(metaData.description == "A driver")
        #expect(metaData.minimumVersions.map(\.description) == ["6.0", "6.4.1"])
        #expect(metaData.maximumVersions.map(\.description) == ["7.0"])
        #expect(metaData.python?.callpointModel == "multiprocessing")
        #expect(metaData.supportedNEDIDMatches == ["router-nc-1.\\d+:router-nc-1.\\d+"])
        #expect(metaData.requiredPackages.first?.maximumVersion?.description == "2.0")
        #expect(metaData.neds.map(\.type) == [.cli, .generic, .netconf, .snmp])
        let cli = try #require(metaData.neds.first)
        #expect(cli.identity == "router-cli-1.0")
        #expect(cli.javaClassName == "com.example.X")
        #expect(cli.productFamilies == ["f1", "f2"])
        #expect(cli.options.map(\.name) == ["show-tag", "something-new"])
        #expect(metaData.neds[1].managementProtocol == "rest")
        #expect(metaData.neds[2].nedID == nil)
        #expect(
            metaData.components.suffix(3).map(\.kind) == [
                .upgrade(javaClassName: "U", pythonClassName: nil), .callback(javaClassNames: ["A", "B"]),
                .application(.init(javaClassName: nil, pythonClassName: "", startPhase: "phase1")),
            ])
    }

    @Test func anotherOrderIsOnlyAWarning() throws {
        let (metaData, warnings) = try parse(
            "<description>d</description>\n<package-version>1.0</package-version>\n<name>p</name>")
        #expect(metaData.name == "p")
        #expect(
            warnings.map(\.description) == [
                "package-meta-data.xml:3:1: warning: <package-version> stands after <description>; "
                    + "other systems insist on the other order",
                "package-meta-data.xml:4:1: warning: <name> stands after <description>; "
                    + "other systems insist on the other order",
            ])
    }

    @Test(arguments: [
        ("<name>p</name>", "<ncs-package> has no <package-version>"),
        ("<package-version>1.0</package-version>", "<ncs-package> has no <name>"),
        ("<name>p</name><package-version>one</package-version>", "'one' is no version"),
        ("<name>../p</name><package-version>1.0</package-version>", "'../p' is not allowed"),
        ("<name>-p</name><package-version>1.0</package-version>", "'-p' is not allowed"),
        (head + "<name>q</name>", "<name> is there twice"),
        (head + "\n<requird-package/>", ":3:1: error: <requird-package> is not known in <ncs-package>"),
        (head + "<x:y xmlns:x='other'/>", "<y> is not known"),
        (head + "<ncs-min-version>new</ncs-min-version>", "'new' is no version"),
        (head + "<component><name>c</name></component>", "exactly one of ned, upgrade"),
        (
            head
                + "<component><name>c</name><upgrade/><callback><java-class-name>X</java-class-name></callback>"
                + "</component>",
            "exactly one of ned, upgrade"
        ),
        (head + "<component><upgrade/></component>", "<component> has no <name>"),
        (head + "<component><name>c</name><ned/></component>", "<ned> is exactly one of"),
        (head + "<component><name>c</name><ned><cli/></ned></component>", "<cli> has no <ned-id>"),
        (
            head + "<component><name>c</name><ned><cli><ned-id>replaced by build</ned-id></cli></ned></component>",
            "'replaced by build' is no ned-id; build the package"
        ),
        (head + "<component><name>c</name><ned><netconf/><cli/></ned></component>", "<ned> is exactly one of"),
        (head + "<component><name>c</name><callback/></component>", "<callback> has no <java-class-name>"),
        (head + "<component><name>c</name><application/></component>", "<application> has one of"),
        (
            head + "<component><name>c</name><upgrade/></component><component><name>c</name><upgrade/></component>",
            "two <component> with the name 'c'"
        ),
        (
            head
                + "<required-package><name>b</name></required-package>"
                + "<required-package><name>b</name></required-package>",
            "two <required-package>"
        ),
        (head + "<python-package><callpoint-model>x</callpoint-model></python-package>", "'x' is not allowed"),
        ("<name>p</name><package-version>1.0</package-version", "package-meta-data.xml:"),
    ])
    func aFaultIsReportedWithItsPlace(_ body: String, _ expected: String) {
        #expect(throws: DiagnosticsError.self) { try parse(body) }
        let found = findings(body)
        #expect(found.contains { $0.contains(expected) && $0.contains("package-meta-data.xml:") }, "\(found)")
    }

    @Test func allFaultsComeTogether() {
        #expect(findings("<name>-p</name>\n<package-version>x</package-version>\n<foo/>\n<bar/>").count == 4)
    }

    @Test func anotherRootIsRefused() {
        for text in [
            "<x/>", "<ncs-package/>", "", "<ncs-package xmlns='http://tail-f.com/ns/ncs-packages'><name>", "\u{0}",
        ] {
            #expect(throws: (any Error).self) { try PackageMetaData.parse(Array(text.utf8), file: "f") }
        }
        let doctype =
            "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ncs-package "
            + "xmlns='http://tail-f.com/ns/ncs-packages'><name>&a;</name>"
            + "<package-version>1.0</package-version></ncs-package>"
        #expect(throws: (any Error).self) { try PackageMetaData.parse(Array(doctype.utf8), file: "f") }
    }

    @Test(arguments: [
        ([String](), [String](), true), (["6.0"], [], true), (["6.7"], [], true), (["6.7.1"], [], false),
        (["6.8"], [], false), (["5.7", "6.8"], [], true), (["5.7", "6.7.2"], [], false), ([], ["6.6"], false),
        ([], ["6.7"], true), ([], ["6.8"], true), (["7.0"], [], false),
    ])
    func theReleaseIsJudged(_ minimum: [String], _ maximum: [String], _ runs: Bool) {
        var metaData = PackageMetaData(name: "p", version: Version("1.0"))
        metaData.minimumVersions = minimum.map { Version($0) }
        metaData.maximumVersions = maximum.map { Version($0) }
        #expect(metaData.runs(on: Version("6.7")) == runs)
    }

    @Test func aPatchOfTheHighestReleaseIsAllowed() {
        var metaData = PackageMetaData(name: "p", version: Version("1.0"))
        metaData.maximumVersions = [Version("6.7")]
        #expect(metaData.runs(on: Version("6.7.1")))
        #expect(!metaData.runs(on: Version("6.8")))
    }

    @Test func templatesAreFilled() throws {
        let text = """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
            <name>r</name><package-version>2.3.1</package-version><component><name>c</name><ned>
            <cli><ned-id>replaced by build</ned-id><java-class-name>X</java-class-name></cli>
            <device><vendor>V</vendor></device></ned></component></ncs-package>
            """
        let template = try PackageTemplate(Array(text.utf8), file: "in")
        #expect(template.identity == "r-cli-2.3")
        let filled = try PackageMetaData.parse(template.filled(), file: "out").metaData
        #expect(filled.name == "r-cli-2.3")
        #expect(filled.neds.first?.nedID == "r-cli-2.3:r-cli-2.3")
        #expect(filled.neds.first?.javaClassName == "X")
        let options = PackageTemplate.Options(
            environment: ["NED_ID_MAJOR": "9", "NED_ID_MINOR": "8", "NED_ID_SUFFIX": "_x"])
        #expect(try PackageTemplate(Array(text.utf8), file: "in", options: options).identity == "r-cli-9.8_x")
        let plain = text.replacingOccurrences(of: "<cli>.*</cli>", with: "<netconf/>", options: .regularExpression)
        let netconf = try PackageTemplate(Array(plain.utf8), file: "in")
        #expect(
            try PackageMetaData.parse(netconf.filled(), file: "o").metaData.neds.first?.nedID == "r-nc-2.3:r-nc-2.3")
    }

    @Test func publicTemplatesAreFilledAndRead() throws {
        let root =
            ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"]
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path
        let folder = root + "/nso-examples"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let file = "\(folder)/\(name)/src/package-meta-data.xml.in"
            guard FileManager.default.fileExists(atPath: file) else { continue }
            let template = try PackageTemplate(DurableFiles.read(file), file: file)
            #expect(template.identity == name)
            let (metaData, warnings) = try PackageMetaData.parse(template.filled(), file: file)
            #expect(metaData.name == name)
            #expect(warnings.isEmpty)
        }
    }

    @Test func buildInformationIsTolerant() throws {
        let text = """
            <ncs-pkg-build xmlns="http://tail-f.com/ns/ncs-pkg-build"><date>2026</date><odd/>
            <ncs><version>6.7</version></ncs><package><sha1>x</sha1><name>p</name></package></ncs-pkg-build>
            """
        let (info, warnings) = try BuildMetaData.parse(Array(text.utf8), file: "b")
        #expect(info.values.map(\.path) == ["date", "package/name", "package/sha1", "ncs/version"])
        #expect(warnings.count == 1)
        #expect(throws: DiagnosticsError.self) { try BuildMetaData.parse(Array("<x/>".utf8), file: "b") }
    }
}

@Suite struct PackageFileNameTests {
    @Test(arguments: [
        ("ncs-6.7-router-1.0.tar.gz", "6.7", "router-1.0", ".tar.gz"), ("router-1.0.tgz", nil, "router-1.0", ".tgz"),
        ("ncs-6.4-router-nc-1.0.2", "6.4", "router-nc-1.0.2", ""), ("router", nil, "router", ""),
        ("/a/ncs-6.7.1-r-1.0-beta.signed.bin", "6.7.1", "r-1.0-beta", ".signed.bin"),
        ("ncs-tool-1.0.tar.zst", nil, "ncs-tool-1.0", ".tar.zst"), ("r_x-1.0.tar", nil, "r_x-1.0", ".tar"),
    ])
    func namesAreTakenApart(_ text: String, _ release: String?, _ stem: String, _ suffix: String) {
        let name = PackageFileName(text)
        #expect(name.release?.description == release)
        #expect(name.stem == stem)
        #expect(name.suffix == suffix)
        #expect(name.description == text.split(separator: "/").last.map(String.init))
    }

    @Test func theBuildersNamesHaveTheUsualShape() {
        func name(_ package: String, _ version: String) -> String {
            PackageFileName(package: package, version: Version(version)).description
        }
        #expect(name("router", "1.0") == "ncs-6.7-router-1.0.tar.gz")
        #expect(name("router-nc-1.0", "1.0.2") == "ncs-6.7-router-nc-1.0.2.tar.gz")
        #expect(name("router-nc-1.0", "1.1") == "ncs-6.7-router-nc-1.0-1.1.tar.gz")
    }

    @Test func whatMayBeLeftOutMayBeLeftOut() {
        let file = PackageFileName("ncs-6.7-router-nc-1.0.2.tar.gz")
        for typed in [
            "ncs-6.7-router-nc-1.0.2.tar.gz", "ncs-6.7-router-nc-1.0.2", "router-nc-1.0.2", "router-nc-1.0.2.tar.gz",
        ] {
            #expect(file.isMeant(by: typed), "\(typed)")
        }
        for typed in ["ncs-6.4-router-nc-1.0.2", "router-nc", "router-nc-1.0", "router-nc-1.0.2.tar", "router"] {
            #expect(!file.isMeant(by: typed), "\(typed)")
        }
        #expect(file.isMeant(by: "router-nc", withoutVersion: true))
        #expect(!file.isMeant(by: "router", withoutVersion: true))
        #expect(!file.isMeant(by: "router-nc-1", withoutVersion: true))
    }
}
