package import Basics
import PackageSigning

extension PackageMetaData {
    /// Reads a `package-meta-data.xml`.
    ///
    /// Elements out of order are warnings; unknown, missing, doubled or malformed ones are errors. All faults come
    /// together, with their lines.
    ///
    /// - Throws: `DiagnosticsError` with all findings if there is an error among them.
    package static func parse(_ bytes: [UInt8], file: String) throws -> (
        metaData: PackageMetaData, warnings: [Diagnostic]
    ) {
        var limits = XMLLimits()
        limits.totalLength = 1 << 20
        limits.depth = 32
        let root = try XMLElement.parse(bytes, file: file, limits: limits)
        guard root.name == "ncs-package", root.namespace == namespace else {
            throw DiagnosticsError(
                .error(
                    "the root element is <\(root.name.visible())>",
                    remedy: "<ncs-package xmlns=\"\(namespace)\"> was expected",
                    place: root.place))
        }
        var reader = MetaDataReader()
        let metaData = reader.package(root)
        let findings = reader.findings.sorted { ($0.place?.line ?? 0) < ($1.place?.line ?? 0) }
        guard let metaData, !findings.contains(where: { $0.severity == .error }) else {
            throw DiagnosticsError(findings)
        }
        return (metaData, findings)
    }
}

/// Turns elements into meta-data and notes what is wrong with them.
private struct MetaDataReader: ElementReader {
    var findings: [Diagnostic] = []

    // MARK: Elements

    mutating func package(_ root: XMLElement) -> PackageMetaData? {
        check(
            root,
            [
                "name", "package-version", "display-name", "description", "ncs-min-version*", "ncs-max-version*",
                "single-sign-on-url", "python-package", "directory", "templates*", "template-loading-mode",
                "supported-ned-id*", "supported-ned-id-match*", "required-package*", "component*",
            ])
        let name = required("name", in: root)
        let version = required("package-version", in: root)
        if let name, !PackageNameRules.isPackageName(name) {
            error(
                "the package name '\(name.visible())' is not allowed", "use letters, digits, '_', '-' and '.'", root,
                "name")
        }
        if let version, !Version(version).isWellFormed {
            error("'\(version.visible())' is no version", "write it as 1.0 or 1.0.2-beta", root, "package-version")
        }
        guard let name, let version else { return nil }
        var metaData = PackageMetaData(name: name, version: Version(version))
        metaData.displayName = text("display-name", in: root)
        metaData.description = text("description", in: root)
        metaData.minimumVersions = versions("ncs-min-version", in: root)
        metaData.maximumVersions = versions("ncs-max-version", in: root)
        metaData.singleSignOnURL = text("single-sign-on-url", in: root)
        metaData.python = root.child("python-package").map { pythonPackage($0) }
        metaData.supportedNEDIDs = root.children("supported-ned-id").map(\.trimmedText)
        metaData.supportedNEDIDMatches = root.children("supported-ned-id-match").map(\.trimmedText)
        metaData.requiredPackages = root.children("required-package").compactMap { requiredPackage($0) }
        metaData.components = root.children("component").compactMap { component($0) }
        unique(metaData.requiredPackages.map(\.name), "required-package", in: root)
        unique(metaData.components.map(\.name), "component", in: root)
        return metaData
    }

    private mutating func pythonPackage(_ element: XMLElement) -> PackageMetaData.PythonPackage {
        check(element, ["vm-name", "callpoint-model"])
        let model = choice("callpoint-model", of: ["threading", "multiprocessing"], in: element)
        return .init(vmName: text("vm-name", in: element), callpointModel: model)
    }

    private mutating func requiredPackage(_ element: XMLElement) -> PackageMetaData.RequiredPackage? {
        check(element, ["name", "min-version", "max-version"])
        return required("name", in: element).map {
            .init(
                name: $0, minimumVersion: versions("min-version", in: element).first,
                maximumVersion: versions("max-version", in: element).first)
        }
    }

    private mutating func component(_ element: XMLElement) -> PackageMetaData.Component? {
        let kinds = ["ned", "upgrade", "callback", "application"]
        check(element, ["name", "description", "entitlement-tag"] + kinds)
        let name = required("name", in: element)
        let present = element.children.filter { kinds.contains($0.name) && $0.namespace == element.namespace }
        guard let first = present.first, present.count == 1 else {
            error("a component is exactly one of ned, upgrade, callback, application", "", element)
            return nil
        }
        guard let name, let kind = kind(first) else { return nil }
        return .init(
            name: name, description: text("description", in: element),
            entitlementTag: text("entitlement-tag", in: element), kind: kind)
    }

    private mutating func kind(_ element: XMLElement) -> PackageMetaData.Kind? {
        switch element.name {
        case "ned":
            return ned(element).map { .ned($0) }
        case "upgrade":
            check(element, ["java-class-name", "python-class-name", "program"])
            return .upgrade(
                javaClassName: text("java-class-name", in: element),
                pythonClassName: text("python-class-name", in: element), program: text("program", in: element))
        case "callback":
            check(element, ["java-class-name*"])
            let names = element.children("java-class-name").map(\.trimmedText)
            if names.isEmpty { error("<callback> has no <java-class-name>", "name the class", element) }
            return .callback(javaClassNames: names)
        default:
            check(element, ["java-class-name", "python-class-name", "start-phase"])
            let (java, python) = (text("java-class-name", in: element), text("python-class-name", in: element))
            if (java == nil) == (python == nil) {
                error("<application> has one of <java-class-name> and <python-class-name>", "", element)
            }
            let phase = choice("start-phase", of: ["phase2", "phase1"], in: element)
            return .application(.init(javaClassName: java, pythonClassName: python, startPhase: phase))
        }
    }

    private mutating func ned(_ element: XMLElement) -> PackageMetaData.NED? {
        let types = PackageMetaData.NEDType.allCases.map(\.rawValue)
        check(element, types + ["device", "option*"], unordered: Set(types))
        let present = element.children.filter { types.contains($0.name) && $0.namespace == element.namespace }
        guard let first = present.first, present.count == 1, let type = PackageMetaData.NEDType(rawValue: first.name)
        else {
            error("<ned> is exactly one of \(types.joined(separator: ", "))", "", element)
            return nil
        }
        switch type {
        case .netconf, .snmp: check(first, ["ned-id"])
        case .cli: check(first, ["ned-id", "java-class-name"])
        case .generic: check(first, ["ned-id", "java-class-name", "management-protocol"])
        }
        var ned = PackageMetaData.NED(type: type)
        ned.nedID = type == .cli || type == .generic ? required("ned-id", in: first) : text("ned-id", in: first)
        if let identity = ned.nedID, !PackageNameRules.isIdentity(identity) {
            error(
                "'\(identity.visible(limit: 60))' is no ned-id",
                "build the package, which puts it in, or write module:identity",
                first, "ned-id")
        }
        ned.javaClassName = text("java-class-name", in: first)
        ned.managementProtocol = text("management-protocol", in: first)
        if let device = element.child("device") {
            check(device, ["vendor", "product-family*", "operating-system*"])
            ned.vendor = required("vendor", in: device)
            ned.productFamilies = device.children("product-family").map(\.trimmedText)
            ned.operatingSystems = device.children("operating-system").map(\.trimmedText)
        }
        for option in element.children("option") {
            check(option, ["name", "value"])
            guard let name = required("name", in: option) else { continue }
            ned.options.append(.init(name: name, value: text("value", in: option)))
        }
        unique(ned.options.map(\.name), "option", in: element)
        return ned
    }
}
