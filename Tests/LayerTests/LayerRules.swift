/// Who may import whom. Faults are sentences with `file:line`.
enum LayerRules {
    /// What comes with the toolchain.
    static let system: Set<String> = ["Foundation", "Synchronization", "Glibc", "Dispatch", "Swift"]

    static let hearts: Set<String> = ["PackageManager", "NEDRuntime", "Migration", "Netsim"]

    /// The targets that may know a library of others. Digests are needed in many places, so `Crypto` is free.
    static let homes: [String: Set<String>] = [
        "GRDB": ["ConfigDatabase"], "_CryptoExtras": ["PackageSigning"], "X509": ["PackageSigning"],
        "SwiftASN1": ["PackageSigning"], "Yams": ["NEDRuntime", "Netsim"], "CSSH": ["Wire"],
        "CArchive": ["PackageManager"], "CCrypt": ["Secrets"], "CLaunch": ["NEDKit"],
    ]

    // MARK: The table

    /// Faults of the table itself.
    static func faults(of manifest: HouseManifest) -> [String] {
        var faults: [String] = []
        var earlier: Set<String> = []
        let byName = Dictionary(manifest.targets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for target in manifest.targets where target.folder.hasPrefix("Sources/") {
            for use in target.uses {
                if let reason = obstacle(target, use, byName[use], earlier) {
                    faults.append("Package.swift: \(target.name) must not use \(use): \(reason)")
                } else if byName[use] == nil, !manifest.products.contains(use) {
                    faults.append("Package.swift: \(target.name) uses \(use), which is no target and no product")
                }
            }
            earlier.insert(target.name)
        }
        return faults
    }

    private static func obstacle(
        _ target: HouseManifest.Target, _ use: String, _ used: HouseManifest.Target?, _ earlier: Set<String>
    ) -> String? {
        if target.folder.hasPrefix("Sources/"), let homes = homes[use], !homes.contains(target.name) {
            return "only \(homes.sorted().joined(separator: ", ")) may"
        }
        guard let used else { return nil }
        let layer = self.layer(of: target)
        let below = self.layer(of: used)
        switch layer {
        case .core where below > .core: return "Core knows nothing above it"
        case .core where used.folder.hasPrefix("Sources/Core/") && !earlier.contains(use):
            return "in Core a target may use only those that stand before it"
        case .heart where below == .heart && !(target.name == "PackageManager" && use == "Migration"):
            return "no heart sees another, except PackageManager Migration"
        case .heart where below > .heart: return "a heart knows only Core"
        case .controller where below > .interface: return "nothing uses a program"
        case .controller where below == .interface && use != "ControlProtocol":
            return "of the interfaces the controller knows only ControlProtocol"
        case .interface where below == .heart || below == .controller: return "a door knows ControlProtocol and Core"
        case .interface where below == .program: return "nothing uses a program"
        default: return nil
        }
    }

    enum Layer: Int, Comparable {
        case core, heart, controller, interface, program, outside

        static func < (a: Layer, b: Layer) -> Bool { a.rawValue < b.rawValue }
    }

    static func layer(of target: HouseManifest.Target) -> Layer {
        let parts = target.folder.split(separator: "/")
        guard parts.first == "Sources", parts.count > 1 else { return .outside }
        switch parts[1] {
        case "Core", "CLibraries": return .core
        case "Controller": return .controller
        case "Interfaces": return .interface
        case "Programs": return .program
        default: return .heart
        }
    }

    // MARK: Imports

    /// Faults of the imports of one file. `path` is relative to the root of the package.
    static func faults(in text: String, at path: String, _ manifest: HouseManifest) -> [String] {
        guard let target = manifest.target(of: path) else {
            return ["\(path): lies in the folder of no target of Package.swift; move it, or add the target"]
        }
        let allowed = system.union(target.uses)
        return imports(of: text).compactMap { line, module, isTestable in
            if isTestable { return "\(path):\(line): @testable is for tests; make what you need package" }
            if module == target.name || allowed.contains(module) { return nil }
            return
                "\(path):\(line): \(target.name) must not import \(module): the table in Package.swift does not allow it"
        }
    }

    static func imports(of text: String) -> [(line: Int, module: String, isTestable: Bool)] {
        var found: [(Int, String, Bool)] = []
        var isInText = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.matches(of: /"""/).count % 2 == 1 { isInText.toggle() }
            guard !isInText, line.contains("import "),
                let match = line.firstMatch(
                    of:
                        /^\s*((?:@\w+(?:\([^)]*\))? +|(?:package|internal|public|private|fileprivate) +)*)import +(?:(?:struct|class|enum|protocol|func|var|let|typealias) +)?(\w+)/
                )
            else { continue }
            found.append((index + 1, String(match.2), match.1.contains("@testable")))
        }
        return found
    }
}
