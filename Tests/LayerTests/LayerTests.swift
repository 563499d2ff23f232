import Foundation
import Testing

/// The repository that these tests are part of.
enum House {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func manifest() throws -> HouseManifest {
        HouseManifest(try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8))
    }

    /// Swift files below `folder`: paths relative to the root, and texts.
    static func files(below folder: String) throws -> [(path: String, text: String)] {
        let top = root.appending(path: folder)
        guard let all = FileManager.default.enumerator(atPath: top.path) else { return [] }
        return try all.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            ("\(folder)/\(name)", try String(contentsOf: top.appending(path: name), encoding: .utf8))
        }
    }
}

@Suite struct LayerTests {
    @Test func tableIsReadWhole() throws {
        let manifest = try House.manifest()
        let names = Set(manifest.targets.map(\.name))
        #expect(names.isSuperset(of: ["Basics", "YANG", "ConfigTree", "Migration"]))
        for target in manifest.targets {
            let folder = House.root.appending(path: target.folder)
            #expect(FileManager.default.fileExists(atPath: folder.path), "\(target.name) is read as \(target.folder)")
        }
        #expect(manifest.targets.first { $0.name == "ConfigTree" }?.uses == ["Basics", "YANG"])
    }

    @Test func tableKeepsTheLayers() throws {
        #expect(LayerRules.faults(of: try House.manifest()) == [])
    }

    @Test func everyImportIsInTheTable() throws {
        let manifest = try House.manifest()
        let files = try House.files(below: "Sources")
        #expect(files.count > 100)
        #expect(files.flatMap { LayerRules.faults(in: $0.text, at: $0.path, manifest) } == [])
    }

    @Test func sourcesAreTidy() throws {
        for (path, text) in try House.files(below: "Sources") + House.files(below: "Benchmarks") {
            #expect(TidyRules.calls(in: text, at: path) == [])
            #expect(TidyRules.sizes(of: text, at: path) == [])
        }
    }

    @Test func nothingNamesAFolderOfOneMachine() throws {
        for folder in ["Sources", "Benchmarks", "Tests"] {
            for (path, text) in try House.files(below: folder) {
                #expect(TidyRules.machinePaths(in: text, at: path) == [])
            }
        }
    }
}

/// That the checks can fail.
@Suite struct CheckerTests {
    private static let manifest = HouseManifest(
        """
        let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
        let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
        let package = Package(
            name: "OpenNED",
            targets: [
                // target("Old", in: "Old"),
                .systemLibrary(name: "CArchive", path: "Sources/CLibraries/CArchive", pkgConfig: "libarchive"),
                target("Basics", in: "Core/Basics"),
                target(
                    "YANG", in: "Core/YANG",
                    uses: ["Basics", crypto]),
                target("Migration", in: "Migration", uses: ["Basics", "YANG"]),
                target("Netsim", in: "Netsim", uses: ["Basics", "NEDRuntime"]),
                target("NEDRuntime", in: "NEDRuntime", uses: ["Basics", grdb]),
                target("PackageManager", in: "PackageManager", uses: ["Migration", "CArchive"]),
                target("Controller", in: "Controller", uses: ["Basics", "Migration", "OperatorCLI"]),
                target("OperatorCLI", in: "Interfaces/OperatorCLI", uses: ["Basics", "Migration"]),
                target("Events", in: "Core/Events", uses: ["Wire", "Migration", "Nothing"]),
                target("Wire", in: "Core/Wire", uses: ["Basics"]),
                program("ncs", in: "Programs/ncs", uses: ["Basics", "Controller"]),
                tests("YANGTests", uses: ["YANG"]),
            ]
        )
        """)

    private func faults(_ text: String, _ path: String) -> [String] {
        LayerRules.faults(in: text, at: path, Self.manifest)
    }

    @Test func tableIsReadAsWritten() {
        #expect(Self.manifest.targets.count == 13)
        #expect(Self.manifest.target(of: "Sources/Core/YANG/Types/A.swift")?.uses == ["Basics", "Crypto"])
        #expect(Self.manifest.target(of: "Tests/YANGTests/A.swift")?.name == "YANGTests")
    }

    @Test func upwardImportIsAFault() {
        #expect(faults("import Basics\nimport Foundation\npackage import Crypto\n", "Sources/Core/YANG/A.swift") == [])
        #expect(
            faults("import Basics\n\ninternal import Migration\n", "Sources/Core/YANG/A.swift") == [
                "Sources/Core/YANG/A.swift:3: YANG must not import Migration: the table in Package.swift does not allow it"
            ])
        #expect(faults("package import struct GRDB.Row", "Sources/Core/YANG/A.swift").count == 1)
        #expect(faults("@preconcurrency import NIO", "Sources/Core/YANG/A.swift").count == 1)
        #expect(faults("@testable import Basics", "Sources/Core/YANG/A.swift").count == 1)
        #expect(faults("import Basics", "Sources/Attic/A.swift").count == 1)
        #expect(
            faults("let text = \"\"\"\n    import Migration\n    \"\"\"\n// import X", "Sources/Core/YANG/A.swift")
                == [])
    }

    @Test func tableThatBreaksTheLayersIsAFault() {
        let faults = LayerRules.faults(of: Self.manifest).map { $0.replacing("Package.swift: ", with: "") }
        #expect(
            faults == [
                "Netsim must not use NEDRuntime: no heart sees another, except PackageManager Migration",
                "NEDRuntime must not use GRDB: only ConfigDatabase may",
                "Controller must not use OperatorCLI: of the interfaces the controller knows only ControlProtocol",
                "OperatorCLI must not use Migration: a door knows ControlProtocol and Core",
                "Events must not use Wire: in Core a target may use only those that stand before it",
                "Events must not use Migration: Core knows nothing above it",
                "Events uses Nothing, which is no target and no product",
            ])
    }

    @Test func bannedCallsNameTheirReplacement() {
        let text = """
            // print("no")
            let a = "print(1) try! x"
            writer.print(a)
                print(a)
            let b = try! f()
            fatalError("x")
            """
        #expect(
            TidyRules.calls(in: text, at: "Sources/Core/A.swift") == [
                "Sources/Core/A.swift:4: print: return the text, or log an event (Events)",
                "Sources/Core/A.swift:5: try!: let the caller see the error: try in a throwing function",
                "Sources/Core/A.swift:6: fatalError: throw the error of the module, or make the state impossible",
            ])
        #expect(TidyRules.calls(in: "print(a)", at: "Sources/Programs/ncs/main.swift") == [])
        #expect(
            TidyRules.calls(in: "func print(_ a: Int) {}\nfunc all() { print(1) }", at: "Sources/Core/A.swift") == [])
    }

    @Test func longFunctionsAndFilesAreFaults() {
        func function(_ lines: Int) -> String {
            "struct A {\n    package static func long(\n        a: Int\n    ) throws -> Int {\n"
                + String(repeating: "        step()\n", count: lines - 4) + "    }\n    func short() {}\n}\n"
        }
        #expect(TidyRules.sizes(of: function(100), at: "A.swift") == [])
        #expect(
            TidyRules.sizes(of: function(101), at: "A.swift") == [
                "A.swift:2: long has 101 lines, limit 100; split it by its steps"
            ])
        #expect(TidyRules.sizes(of: String(repeating: "x\n", count: 701), at: "A.swift").count == 1)
        #expect(TidyRules.sizes(of: String(repeating: "x\n", count: 700), at: "A.swift") == [])
    }

    @Test func foldersOfOneMachineAreFaults() {
        #expect(TidyRules.machinePaths(in: "a\nlet b = \"/" + "work/main\"", at: "A.swift").count == 1)
        #expect(TidyRules.machinePaths(in: "\"/usr/share\"", at: "A.swift") == [])
    }
}
