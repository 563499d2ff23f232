// swift-tools-version: 6.2
import PackageDescription

// The house, as a table: every target, its folder, and what it may import.
// `LayerTests` compares each `import` in Sources/ with this table.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "_CryptoExtras", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

func target(_ name: String, in folder: String, uses: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses, path: "Sources/\(folder)", exclude: ["README.md"], swiftSettings: settings)
}

func program(_ name: String, in folder: String, uses: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: uses, path: "Sources/\(folder)", swiftSettings: settings)
}

func benchmark(_ name: String, in folder: String, uses: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: uses, path: "Benchmarks/\(folder)", exclude: ["README.md"], swiftSettings: settings)
}

func tests(_ name: String, uses: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(name: name, dependencies: uses, path: "Tests/\(name)", exclude: data, swiftSettings: settings)
}

let package = Package(
    name: "OpenNED",
    products: [.library(name: "FileEffects", type: .dynamic, targets: ["FileEffects"])],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // MARK: C libraries
        .target(name: "CSSH", path: "Sources/CLibraries/CSSH", linkerSettings: [.linkedLibrary("ssh")]),
        .target(name: "CLaunch", path: "Sources/CLibraries/CLaunch"),
        .target(
            name: "CSQLiteTestVFS", path: "Sources/CLibraries/CSQLiteTestVFS",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .systemLibrary(name: "CArchive", path: "Sources/CLibraries/CArchive", pkgConfig: "libarchive"),
        .systemLibrary(name: "CCrypt", path: "Sources/CLibraries/CCrypt"),
        .systemLibrary(name: "CCurl", path: "Sources/CLibraries/CCurl", pkgConfig: "libcurl"),

        // MARK: Core, lowest first
        target("Basics", in: "Core/Basics"),
        target("YANG", in: "Core/YANG", uses: ["Basics", crypto]),
        target("ConfigTree", in: "Core/ConfigTree", uses: ["Basics", "YANG"]),
        target("Events", in: "Core/Events", uses: ["Basics"]),
        target("Secrets", in: "Core/Secrets", uses: ["Basics", "YANG", "CCrypt", crypto]),
        target("Transactions", in: "Core/Transactions", uses: ["Basics"]),
        target("ConfigDatabase", in: "Core/ConfigDatabase", uses: ["Basics", "Transactions", grdb, sqlite, crypto]),
        target("CLIGrammar", in: "Core/CLIGrammar", uses: ["Basics", "YANG", "ConfigTree"]),
        target("NETCONF", in: "Core/NETCONF", uses: ["Basics", "YANG", "ConfigTree"]),
        target("TerminalSession", in: "Core/TerminalSession"),
        target("Wire", in: "Core/Wire", uses: ["Basics", "CSSH"]),
        target("NEDKit", in: "Core/NEDKit", uses: ["Basics", "CLaunch"]),

        target("PackageSigning", in: "Core/PackageSigning", uses: ["Basics", crypto, cryptoExtras, x509, asn1]),

        // MARK: Hearts
        target("Migration", in: "Migration", uses: ["Basics", "YANG", "ConfigTree", "NEDKit"]),
        target(
            "PackageManager", in: "PackageManager",
            uses: [
                "Basics", "YANG", "ConfigTree", "NEDKit", "Migration", "PackageSigning", "CArchive", "CCurl", crypto,
            ]),
        target(
            "NEDRuntime", in: "NEDRuntime",
            uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "NETCONF", "Wire", "NEDKit", crypto, yams]),
        target(
            "Netsim", in: "Netsim",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "Events", "NETCONF", "TerminalSession", "Transactions",
                "Wire", yams,
            ]),

        // MARK: Controller
        target(
            "Controller", in: "Controller",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "ConfigDatabase", "Transactions", "Secrets", "Events",
                "PackageSigning", "Wire", "NEDKit", "Migration", "NEDRuntime", "PackageManager", "ControlProtocol",
                crypto,
            ]),

        // MARK: Interfaces
        target(
            "ControlProtocol", in: "Interfaces/ControlProtocol",
            uses: ["Basics", "YANG", "ConfigTree", "Events", "TerminalSession"]),
        target(
            "BulkData", in: "Interfaces/BulkData",
            uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "ControlProtocol"]),
        target(
            "OperatorCLI", in: "Interfaces/OperatorCLI",
            uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "Events", "TerminalSession", "ControlProtocol"]),

        // MARK: Programs
        program(
            "ncs", in: "Programs/ncs",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "Events", "Controller", "ControlProtocol", "BulkData",
                "OperatorCLI",
            ]),
        program(
            "ncs-tool", in: "Programs/ncs-tool",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "Migration", "NEDRuntime", "Netsim", "PackageManager",
                "ControlProtocol", "Controller", "Wire",
            ]),

        // MARK: Benchmarks
        benchmark("CommitPath", in: "CommitPath", uses: ["Basics", "ConfigDatabase", "CSQLiteTestVFS", grdb]),
        benchmark(
            "bench-concurrent-commits", in: "ConcurrentCommits",
            uses: ["Basics", "ConfigTree", "ControlProtocol", "Controller", "CSQLiteTestVFS", grdb]),
        benchmark("bench-commit-peers", in: "CommitPeers", uses: []),
        benchmark("bench-migrate", in: "Migrate", uses: ["YANG", "ConfigTree", "Migration"]),
        benchmark("bench-netsim", in: "Netsim", uses: ["Transactions", "Wire"]),
        benchmark("bench-netconf-server", in: "NETCONFServer", uses: []),
        benchmark("bench-patterns", in: "Patterns", uses: ["YANG"]),
        benchmark("bench-data-codec", in: "DataCodec", uses: ["Basics", "YANG", "ConfigTree"]),
        benchmark(
            "bench-package-add", in: "PackageAdd",
            uses: ["Basics", "YANG", "ConfigTree", "ControlProtocol", "Controller"]),
        benchmark("bench-package-reload", in: "PackageReload", uses: ["Basics", "YANG", "PackageManager"]),
        benchmark("bench-packed-tree", in: "PackedTree", uses: ["YANG", "ConfigTree"]),
        benchmark("bench-schema-diff", in: "SchemaDiff", uses: ["Basics", "YANG", "Migration"]),
        benchmark("bench-schema-load", in: "SchemaLoad", uses: ["Basics", "YANG"]),
        benchmark(
            "bench-start-up", in: "StartUp", uses: ["Basics", "YANG", "ConfigTree", "ControlProtocol", "Controller"]),
        benchmark("bench-validated-edit", in: "ValidatedEdit", uses: ["YANG", "ConfigTree"]),
        benchmark("bench-ssh-server", in: "SSHServer", uses: ["Wire"]),
        benchmark("bench-cli-parse", in: "CLIParse", uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar"]),

        // MARK: Tests
        .executableTarget(
            name: "cdb-crash-helper", dependencies: ["Basics", "ConfigDatabase", "Transactions", "CSQLiteTestVFS"],
            path: "Tests/cdb-crash-helper", swiftSettings: settings),
        .target(name: "FileEffects", path: "Tests/FileEffects"),
        .target(
            name: "TestSupport", dependencies: ["Basics", "YANG", "ConfigTree", "FileEffects", "Wire"],
            path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("BasicsTests", uses: ["Basics"]),
        .executableTarget(
            name: "schema-compile-helper", dependencies: ["YANG"], path: "Tests/schema-compile-helper",
            swiftSettings: settings),
        tests("YANGTests", uses: ["Basics", "YANG", "schema-compile-helper"], data: ["Faulty", "Recipes", "Trees"]),
        tests("ConfigTreeTests", uses: ["Basics", "YANG", "ConfigTree", "TestSupport"], data: ["XPath"]),
        .target(
            name: "FuzzChecks",
            dependencies: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "NETCONF", "NEDRuntime", "Netsim", "Wire"],
            path: "Fuzz/Checks",
            swiftSettings: settings),
        tests("FuzzTests", uses: ["FuzzChecks"]),
        tests("EventsTests", uses: ["Events"]),
        tests("SecretsTests", uses: ["Secrets", "TestSupport", "YANG"]),
        tests("TransactionsTests", uses: ["Transactions"]),
        tests(
            "ConfigDatabaseTests",
            uses: ["Basics", "ConfigDatabase", "Transactions", "CSQLiteTestVFS", grdb, "cdb-crash-helper"]),
        tests("CLIGrammarTests", uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "NEDRuntime", "Netsim"]),
        tests("NETCONFTests", uses: ["Basics", "YANG", "ConfigTree", "NETCONF"]),
        tests("TerminalSessionTests", uses: ["TerminalSession"]),
        tests("WireTests", uses: ["Wire", "Basics", "TestSupport"]),
        tests("NEDKitTests", uses: ["Basics", "NEDKit", "TestSupport"]),
        tests("PackageSigningTests", uses: ["PackageSigning", "Basics"]),
        tests("PackageManagerTests", uses: ["PackageManager", "PackageSigning", "Basics", "YANG", "TestSupport"]),
        tests("DriverPackageTests", uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "NEDRuntime", "Netsim"]),
        tests("MigrationTests", uses: ["Basics", "YANG", "ConfigTree", "Migration", "TestSupport"]),
        tests("LayerTests", uses: []),
        tests(
            "NEDRuntimeTests",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "NETCONF", "Wire", "NEDKit", "NEDRuntime", "TestSupport",
            ]),
        tests("NetsimTests", uses: ["Basics", "YANG", "ConfigTree", "CLIGrammar", "Netsim", "TestSupport"]),
        tests(
            "ControllerTests",
            uses: [
                "Basics", "YANG", "ConfigTree", "PackageSigning", "PackageManager", "NEDRuntime", "Transactions",
                "Wire", "ConfigDatabase", "ControlProtocol", "Controller", "Events", "TestSupport", "CLIGrammar",
                "TerminalSession", "OperatorCLI",
            ], data: ["AcceptReject", "Transcripts"]),
        tests("ControlProtocolTests", uses: ["Basics", "TerminalSession", "ControlProtocol", "TestSupport"]),
        tests(
            "OperatorCLITests",
            uses: [
                "Basics", "YANG", "ConfigTree", "CLIGrammar", "Events", "TerminalSession", "ControlProtocol",
                "OperatorCLI",
            ],
            data: ["Transcripts"]),
        tests("EndToEndTests", uses: ["TestSupport"]),
    ]
)

// The fuzzer needs libFuzzer, which ordinary builds do not link: `make fuzz` sets the variable.
if Context.environment["OPENNED_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "openned-fuzz", dependencies: ["FuzzChecks"], path: "Fuzz/Program", swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]))
}
