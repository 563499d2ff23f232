import Basics
import Foundation
import PackageManager
import Synchronization
import Testing
import YANG

/// What becomes of packages as a generation of them is loaded.
@Suite struct PackageLoaderTests {
    private let packages: PackageWorkshop
    private var workshop: Workshop { packages.workshop }

    init() throws { packages = try PackageWorkshop() }

    private func add(_ name: String, _ version: String = "1.0", _ more: String = "") throws {
        try packages.directory("packages/\(name)", name, version, more)
    }

    private func requires(_ name: String, _ bounds: String = "") -> String {
        "<required-package><name>\(name)</name>\(bounds)</required-package>"
    }

    private func statuses(_ generation: PackageGeneration) -> [String: String] {
        Dictionary(uniqueKeysWithValues: generation.packages.map { ($0.name, $0.status.leafName) })
    }

    // MARK: Dependencies

    @Test func whatIsMissingFailsAllThatNeedIt() throws {
        try add("base")
        try add("near", "1.0", requires("base"))
        try add("far", "1.0", requires("absent"))
        try add("farther", "1.0", requires("far"))
        let generation = try packages.load()
        #expect(
            statuses(generation) == [
                "base": "up", "near": "up", "far": "missing-dependency", "farther": "missing-dependency",
            ])
        #expect(generation.package("far")?.status == .missingDependency(name: "absent", version: "any"))
        #expect(generation.package("far")?.errorInfo.first?.contains("required package absent") == true)
    }

    @Test(arguments: [
        ("<min-version>1.2</min-version>", true), ("<min-version>1.10</min-version>", false),
        ("<max-version>1.4</max-version>", true), ("<max-version>1.2.9</max-version>", false),
        ("<min-version>1.3</min-version><max-version>1.3</max-version>", true),
    ])
    func theVersionMustBeInTheRange(_ bounds: String, _ isUp: Bool) throws {
        try add("base", "1.3")
        try add("user", "1.0", requires("base", bounds))
        #expect(try packages.load().package("user")?.isUp == isUp)
    }

    @Test func circlesFailWhole() throws {
        try add("a", "1.0", requires("b"))
        try add("b", "1.0", requires("c"))
        try add("c", "1.0", requires("a"))
        try add("self", "1.0", requires("self"))
        try add("onlooker", "1.0", requires("a"))
        try add("other")
        #expect(
            statuses(try packages.load()) == [
                "a": "circular-dependency", "b": "circular-dependency", "c": "circular-dependency",
                "self": "circular-dependency", "onlooker": "missing-dependency", "other": "up",
            ])
    }

    @Test func aPackageForAnotherReleaseIsNotLoaded() throws {
        try add("later", "1.0", "<ncs-min-version>7.1</ncs-min-version>")
        try add("earlier", "1.0", "<ncs-max-version>5.7</ncs-max-version>")
        let generation = try packages.load()
        #expect(statuses(generation) == ["later": "bad-ncs-version", "earlier": "bad-ncs-version"])
        #expect(
            generation.package("later")?.errorInfo == ["Failed to load NCS package: later; requires NCS version 7.1"])
        #expect(generation.package("earlier")?.errorInfo.first?.hasSuffix("at most 5.7") == true)
    }

    @Test func aDuplicateIsReportedUnderItsFileName() throws {
        try add("twin")
        try packages.directory("packages/twin-again", "twin", "2.0")
        let generation = try packages.load()
        #expect(statuses(generation) == ["twin": "up", "twin-again": "package-meta-data-error"])
        #expect(generation.package("twin")?.version == "1.0")
    }

    @Test func faultyMetaDataIsReportedWithItsLine() throws {
        try add("good")
        try workshop.write(
            "packages/bad/package-meta-data.xml", "<ncs-package\n xmlns='http://tail-f.com/ns/ncs-packages'>\n<x/>")
        try workshop.write("packages/none/load-dir/x", "")
        let generation = try packages.load()
        #expect(
            statuses(generation) == [
                "good": "up", "bad": "package-meta-data-error", "none": "package-meta-data-error",
            ])
        #expect(generation.package("bad")?.errorInfo.first?.contains("package-meta-data.xml:3") == true)
        #expect(generation.package("none")?.errorInfo.first?.contains("has no package-meta-data.xml") == true)
    }

    @Test func codeThatIsNotRunIsAWarning() throws {
        try add("scripted", "1.0", "<python-package><vm-name>v</vm-name></python-package>")
        try workshop.write("packages/scripted/python/main.py", "import nothing")
        try add(
            "served", "1.0",
            "<component><name>main</name><application><java-class-name>a.B</java-class-name></application></component>")
        try add(
            "called", "1.0",
            "<component><name>cb</name><callback><java-class-name>a.C</java-class-name></callback></component>")
        let generation = try packages.load()
        #expect(generation.packages.allSatisfy { $0.isUp })
        #expect(generation.package("scripted")?.warnings == ["the code in python/ is not run"])
        #expect(generation.package("served")?.warnings == ["the code of application component main is not run"])
        #expect(generation.package("called")?.warnings == ["the code of callback component cb is not run"])
    }

    @Test func javaThatIsNotBuiltOrNotBuiltAgainIsAWarning() throws {
        for name in ["bare", "built", "stale"] {
            try add(name)
            try workshop.write("packages/\(name)/src/java/src/A.java", "class A {}")
        }
        for name in ["built", "stale"] { try workshop.write("packages/\(name)/private-jar/a.jar", "classes") }
        try workshop.must("touch -d '2026-01-01 10:00' packages/*/src/java/src/A.java packages/built/private-jar/a.jar")
        try workshop.must("touch -d '2026-01-01 09:00' packages/stale/private-jar/a.jar")
        for number in 1...2 {
            let generation = try packages.load(number)
            #expect(
                generation.package("bare")?.warnings == [
                    "the Java part in src/java is not built; the models are loaded without it"
                ])
            #expect(generation.package("built")?.warnings == [])
            #expect(generation.package("stale")?.warnings.first?.hasPrefix("the Java sources are newer") == true)
            #expect(generation.packages.allSatisfy { $0.isUp })
        }
    }

    // MARK: Models

    private static let ned = """
        <component><name>c</name><ned><cli><ned-id>NAME:NAME</ned-id><java-class-name>a.B</java-class-name></cli>\
        <device><vendor>V</vendor></device></ned></component>
        """

    private func model(_ body: String = "leaf hostname { type string; }") -> String {
        "module mini {\n  namespace \"urn:mini\";\n  prefix mini;\n  \(body)\n}\n"
    }

    /// A driver package, compiled by us unless `isForeign`.
    private func driver(
        _ name: String = "mini-cli-1.0", _ text: String? = nil, isForeign: Bool = false
    ) throws {
        let place = "packages/\(name)"
        try packages.directory(place, name, "1.0", Self.ned.replacingOccurrences(of: "NAME", with: name))
        try workshop.write(place + "/src/yang/mini.yang", text ?? model())
        try workshop.must("mkdir -p \(place)/load-dir")
        guard !isForeign else { return try workshop.write(place + "/load-dir/mini.fxs", "FXS of somebody else") }
        let errors = Mutex<[String]>([])
        let status = CompilerCommand.run(
            arguments: [
                "-c", workshop.path(place + "/src/yang/mini.yang"), "-o", workshop.path(place + "/load-dir/mini.fxs"),
                "--ncs-device-type", "cli-ned", "--ncs-ned-id", "\(name):\(name)",
            ], environment: [:], output: { _ in }, errors: { line in errors.withLock { $0.append(line) } })
        try #require(status == 0, "\(errors.withLock { $0 })")
    }

    private func failure(_ name: String = "mini-cli-1.0") throws -> String {
        try add("other")
        let generation = try packages.load()
        #expect(statuses(generation) == ["other": "up", name: "file-load-error"])
        #expect(generation.driverModels.isEmpty)
        return generation.package(name)?.errorInfo.joined(separator: "\n") ?? ""
    }

    @Test func aDriverBringsItsModelAndItsIdentity() throws {
        try driver()
        let generation = try packages.load()
        #expect(statuses(generation) == ["mini-cli-1.0": "up"])
        #expect(generation.driverModels.map(\.driver.nedID) == ["mini-cli-1.0:mini-cli-1.0"])
        #expect(generation.driverModels.first?.driver.schema.root.dataChild(named: "hostname") != nil)
        #expect(generation.systemSchema.modules.contains { $0.name == "mini-cli-1.0" })
    }

    @Test func foreignFilesAreCompiledFromTheirSources() throws {
        try driver(isForeign: true)
        try workshop.write(
            "packages/mini-cli-1.0/src/yang/mini.yang", model("include mini-part;\n  leaf hostname { type string; }"))
        try workshop.write(
            "packages/mini-cli-1.0/src/yang/mini-part.yang",
            "submodule mini-part { belongs-to mini { prefix mini; } leaf part { type string; } }")
        let generation = try packages.load()
        let package = try #require(generation.package("mini-cli-1.0"))
        #expect(package.isUp, "\(package.errorInfo)")
        #expect(package.warnings.contains { $0.contains("made by another compiler") })
        #expect(package.drivers.first?.schema.root.dataChild(named: "part") != nil)
    }

    @Test func foreignModulesOfAPackageWithoutDriverGoIntoTheSystem() throws {
        try add("extra")
        try workshop.write("packages/extra/load-dir/extra.fxs", "FXS of somebody else")
        try workshop.write(
            "packages/extra/src/yang/extra.yang",
            "module extra { namespace 'urn:extra'; prefix e; container extra { leaf x { type string; } } }")
        let generation = try packages.load()
        #expect(statuses(generation) == ["extra": "up"])
        #expect(generation.systemSchema.root.dataChild(named: "extra") != nil)
    }

    @Test func foreignFilesWithoutSourcesAreRefusedWithTheRemedy() throws {
        try driver(isForeign: true)
        try workshop.must("rm -r packages/mini-cli-1.0/src")
        let reason = try failure()
        #expect(reason.contains("made by another compiler") && reason.contains("make -C src"))
    }

    @Test func aDamagedModuleIsRefusedByName() throws {
        try driver()
        var bytes = try workshop.read("packages/mini-cli-1.0/load-dir/mini.fxs")
        bytes[bytes.count - 20] ^= 1
        try workshop.write("packages/mini-cli-1.0/load-dir/mini.fxs", bytes)
        let reason = try failure()
        #expect(reason.contains("mini.fxs: the file is damaged"))
    }

    @Test func aModelThatDoesNotCompileIsReportedWithItsLines() throws {
        try driver("mini-cli-1.0", model("leaf a { type nonsense; }\n  leaf b { type string\n"), isForeign: true)
        #expect(try failure().contains("mini.yang:"))
    }

    @Test func aSystemModuleThatDoesNotFitFailsItsPackageAlone() throws {
        try add("extra")
        try workshop.write("packages/extra/load-dir/extra.fxs", "FXS of somebody else")
        try workshop.write(
            "packages/extra/src/yang/extra.yang",
            "module extra { namespace 'urn:extra'; prefix e; import absent { prefix a; } uses a:x; }")
        try add("needy", "1.0", requires("extra"))
        try add("other")
        #expect(
            statuses(try packages.load()) == [
                "extra": "file-load-error", "needy": "missing-dependency", "other": "up",
            ])
    }

    @Test func aNEDIDBelongsToOnePackage() throws {
        try driver()
        try packages.directory(
            "packages/thief", "thief", "1.0", Self.ned.replacingOccurrences(of: "NAME", with: "mini-cli-1.0"))
        let generation = try packages.load()
        #expect(statuses(generation) == ["mini-cli-1.0": "up", "thief": "package-meta-data-error"])
        #expect(generation.package("thief")?.errorInfo.first?.contains("is that of package mini-cli-1.0") == true)
    }

    // MARK: What has not changed

    @Test func whatHasNotChangedIsTakenOver() throws {
        try driver()
        let first = try packages.load(1)
        try workshop.write("packages/mini-cli-1.0/templates/t.xml", "<config-template version='2'/>")
        let second = try packages.load(2, previous: first)
        #expect(first.package("mini-cli-1.0")?.digest != second.package("mini-cli-1.0")?.digest)
        #expect(first.driverModels.first?.driver.schema === second.driverModels.first?.driver.schema)
        #expect(first.systemSchema === second.systemSchema)
        try driver("mini-cli-1.0", model("leaf name { type string; }"))
        let third = try packages.load(3, previous: second)
        #expect(third.driverModels.first?.driver.schema !== second.driverModels.first?.driver.schema)
        #expect(third.systemSchema === second.systemSchema)
    }

    @Test func theSameContentHasTheSameDigestInEveryForm() throws {
        try packages.directory("made/p", "p")
        try workshop.must("cp -r made/p packages/p")
        let directory = try packages.load(1)
        try workshop.must("rm -r packages/p && tar czf packages/p-1.0.tar.gz -C made p")
        let archive = try packages.load(2)
        #expect(directory.digest == archive.digest)
        try workshop.must("chmod +x made/p/templates/t.xml && tar czf packages/p-1.0.tar.gz -C made p")
        #expect(try packages.load(3).digest != archive.digest)
    }
}
