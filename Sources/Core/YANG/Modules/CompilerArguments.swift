/// The command line of `ncsc`, read as its manual page has it.
struct CompilerArguments {
    enum Mode: Equatable {
        case compile, check, tree, bundle, module, version, info, namespace, extractSources, listErrors, java
    }

    struct Fault: Error {
        var message: String
    }

    var mode: Mode?
    var files: [String] = []
    var annotations: [String] = []
    var deviations: [String] = []
    var recipes: [String] = []
    var searchPath: [String] = []
    var dependencies: [String] = []
    var output: String?
    var prefix: String?
    var deviceDirectory: String?
    var deviceType: String?
    var nedID: String?
    var isVerbose = false
    var failsOnWarnings = false
    var isOnlyForImport = false
    var onlyChecks = false
    var skipsDeviationFiles = false
    var appliesDeviations = true
    var supportsNoFeatures = false
    var policy = CompilePolicy.strict
    var treeDepth = Int.max
    var treePath: [String] = []
    var treeLineLength = Int.max
    /// Options that add parts to the tree.
    var treeParts: Set<String> = []
    var ignoresUnknownFeatures = false
    var severities = FaultSeverities()
    private(set) var onlyFeatures: [String: Set<String>] = [:]
    private(set) var withoutFeatures: [String: Set<String>] = [:]

    init(_ arguments: [String]) throws(Fault) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                files += rest
                break
            }
            if !argument.hasPrefix("-") || argument == "-" {
                files.append(argument)
            } else {
                try readOption(argument, &rest)
            }
        }
        try check()
    }

    private mutating func readOption(_ option: String, _ rest: inout ArraySlice<String>) throws(Fault) {
        if try readFlag(option) { return }
        guard Self.valued.contains(option) || Self.ignoredValued.contains(option) else {
            let isForeign = Self.foreign.contains { option.hasPrefix($0) }
            throw Fault(
                message: isForeign
                    ? "\(option) is not offered by this compiler"
                    : "unknown option \(option); 'ncsc' compiles with: ncsc -c [OPTIONS] FILE.yang")
        }
        guard let value = rest.popFirst() else { throw Fault(message: "\(option) needs a value") }
        guard Self.valued.contains(option) else { return }
        try take(value, of: option)
    }

    private mutating func readFlag(_ option: String) throws(Fault) -> Bool {
        switch option {
        case "-c", "--compile": try choose(.compile)
        case "--version": try choose(.version)
        case "--get-info": try choose(.info)
        case "--get-uri": try choose(.namespace)
        case "--check": try choose(.check)
        case "--check-only":
            try choose(.compile)
            onlyChecks = true
        case "--verbose", "-v": isVerbose = true
        case "--fail-on-warnings": failsOnWarnings = true
        case "--skip-deviation-fxs": skipsDeviationFiles = true
        case "--ncs-no-apply-deviations": appliesDeviations = false
        case "--no-features": supportsNoFeatures = true
        case "--list-errors": try choose(.listErrors)
        case "--ignore-unknown-features": ignoresUnknownFeatures = true
        case "--allow-interop-issues": severities.warnings.insert(.xpathConfig)
        case "--tree-print-groupings", "--tree-print-structures", "--tree-print-yang-data": treeParts.insert(option)
        default: return Self.ignored.contains(option)
        }
        return true
    }

    private mutating func take(_ value: String, of option: String) throws(Fault) {
        switch option {
        case "-a", "--annotate": annotations.append(value)
        case "--deviation": deviations.append(value)
        case "--recipes": recipes.append(value)
        case "--yangpath": searchPath += value.split(separator: ":").map(String.init)
        case "-f" where value == "tree": try choose(.tree)
        case "-f", "--fxsdep": dependencies.append(value)
        case "--policy": policy = try Self.policy(value)
        case "--tree-depth": treeDepth = try Self.number(value, of: option)
        case "--tree-line-length": treeLineLength = try Self.number(value, of: option)
        case "--tree-path": treePath = value.split(separator: "/").map(String.init)
        case "-o", "--output": output = value
        case "-p", "--prefix": prefix = value
        case "--ncs-compile-bundle":
            try choose(.bundle)
            files.append(value)
        case "--ncs-compile-module":
            try choose(.module)
            files.append(value)
        case "--extract-yang-source":
            try choose(.extractSources)
            output = value
        case "--emit-java":
            try choose(.java)
            output = value
        case "--ncs-device-dir": deviceDirectory = value
        case "--ncs-device-type": deviceType = value
        case "--ncs-ned-id": nedID = value
        case "-F", "--feature": try addFeatures(value, to: \.onlyFeatures)
        case "--no-feature": try addFeatures(value, to: \.withoutFeatures)
        case "-E", "--error": severities.errors.formUnion(try kinds(value, of: option))
        case "-W", "--warning": severities.warnings.formUnion(try kinds(value, of: option))
        case "-w", "--no-warning": severities.silent.formUnion(try kinds(value, of: option))
        case "-C", "--conformance": isOnlyForImport = value.split(separator: ":").last == "import"
        default: break
        }
    }

    private static func policy(_ text: String) throws(Fault) -> CompilePolicy {
        switch text {
        case "strict": return .strict
        case "vendor": return .vendor
        default: throw Fault(message: "the policy is '\(text)'; expected strict or vendor")
        }
    }

    private static func number(_ text: String, of option: String) throws(Fault) -> Int {
        guard let number = Int(text), number > 0 else {
            throw Fault(message: "\(option) is '\(text)'; expected a number from 1 on")
        }
        return number
    }

    /// The kind of fault that a code names, if the option is for such. Public Makefiles also give codes of the incumbent's
    /// own for what this compiler has nothing to say about.
    private func kinds(_ code: String, of option: String) throws(Fault) -> Set<FaultKind> {
        guard let kind = FaultKind(rawValue: code) else {
            if code.wholeMatch(of: /TAILF_[A-Z0-9_]+/) != nil { return [] }
            throw Fault(message: "\(option) \(code): no such code; 'ncsc --list-errors' lists all")
        }
        let fits: Bool =
            switch option {
            case "-w", "--no-warning": kind.effect == .warned
            case "-W", "--warning": kind.effect != .refused
            default: true
            }
        guard fits else {
            let way = option == "-W" ? "a warning" : "left out"
            throw Fault(message: "\(option) \(code): this is an error that cannot be \(way)")
        }
        return [kind]
    }

    private mutating func choose(_ mode: Mode) throws(Fault) {
        guard self.mode == nil || self.mode == mode else {
            throw Fault(message: "the options ask for two things at once; use one of -c, --ncs-compile-bundle, ...")
        }
        self.mode = mode
    }

    /// `module:feature,feature`; nothing after the colon is no feature.
    private mutating func addFeatures(
        _ text: String, to table: WritableKeyPath<CompilerArguments, [String: Set<String>]>
    ) throws(Fault) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw Fault(message: "'\(text)' names no features; expected MODULE:FEATURE,FEATURE")
        }
        self[keyPath: table][String(parts[0]), default: []].formUnion(parts[1].split(separator: ",").map(String.init))
    }

    private func check() throws(Fault) {
        let ways = [!onlyFeatures.isEmpty, !withoutFeatures.isEmpty, supportsNoFeatures].count { $0 }
        guard ways <= 1 else {
            throw Fault(message: "use only one of --feature, --no-feature and --no-features")
        }
        switch mode {
        case nil: throw Fault(message: "nothing to do; 'ncsc' compiles with: ncsc -c [OPTIONS] FILE.yang")
        case .version, .listErrors: break
        case .compile, .check, .tree, .info, .namespace, .bundle, .module, .extractSources, .java:
            guard !files.isEmpty else { throw Fault(message: "no file was named") }
        }
        if mode == .compile, files.count > 1 { throw Fault(message: "name one file to compile, not \(files.count)") }
        if mode == .bundle || mode == .module {
            guard let deviceType, Self.deviceTypes.contains(deviceType) else {
                throw Fault(
                    message: "--ncs-device-type must be one of \(Self.deviceTypes.sorted().joined(separator: ", "))")
            }
        }
    }

    /// The features for a compilation of `module`.
    func features(for module: String) -> FeatureSelection {
        if supportsNoFeatures { return FeatureSelection(byModule: [module: .only([])]) }
        if !onlyFeatures.isEmpty {
            return FeatureSelection(standard: .only([]), byModule: onlyFeatures.mapValues { .only($0) })
        }
        return FeatureSelection(byModule: withoutFeatures.mapValues { .except($0) })
    }

    static let deviceTypes: Set<String> = ["netconf", "snmp-ned", "generic-ned", "cli-ned"]

    private static let valued: Set<String> = [
        "-a", "--annotate", "--deviation", "--recipes", "--yangpath", "-f", "--fxsdep", "-o", "--output", "-p",
        "--prefix",
        "--ncs-compile-bundle", "--ncs-compile-module", "--extract-yang-source", "--ncs-device-dir",
        "--ncs-device-type", "--ncs-ned-id", "-F", "--feature", "--no-feature", "-C", "--conformance", "-E", "--error",
        "-W", "--warning", "-w", "--no-warning", "--policy", "--tree-depth", "--tree-path",
        "--tree-line-length", "--emit-java",
    ]

    /// Accepted without effect: they choose among messages, or save what this compiler need not save.
    private static let ignored: Set<String> = [
        "--strict-yang", "--no-yang-source", "--include-doc", "--use-description",
        "--ncs-skip-template", "--ncs-skip-statistics", "--ncs-skip-config",
        "--ncs-keep-callpoints", "--lax-revsion-merge", "--lax-revision-merge", "--ncs-apply-deviations",
        "--java-disable-prefix", "--exclude-enums",
    ]

    private static let ignoredValued: Set<String> = [
        "--datastore", "--max-status", "--export",
        "--ncs-depend-package", "--emulator-flags", "--java-package",
    ]

    private static let foreign = [
        "--emit-", "--mib2yang", "--snmpuser", "--ncs-compile-mib", "--revision-merge", "--strip-", "--attach-",
        "--list-",
    ]
}
