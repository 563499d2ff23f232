import Basics
import ConfigTree
import Foundation
import NEDRuntime
import PackageManager
import YANG

/// `/packages/package` as `show packages` prints it.
struct OperationalPackages: OperationalProvider {
    let path = "/packages"
    let runDirectory: String

    func fill(_ packages: RowDraft, _ moment: OperationalMoment) {
        for package in moment.system.generation.packages {
            fill(packages.item("package", package.name), package, runDirectory)
        }
    }

    private func fill(_ entry: RowDraft, _ package: LoadedPackage, _ runDirectory: String) {
        let place = package.directory
        entry.put("directory", place.hasPrefix(runDirectory + "/") ? "." + place.dropFirst(runDirectory.count) : place)
        entry.put("signature", package.signature)
        if let signer = package.signer { fill(entry.inner("signer"), signer) }
        entry.put("content-digest", package.digest)
        let status = entry.inner("oper-status")
        switch package.status {
        case .missingDependency(let name, let version):
            let missing = status.inner("missing-dependency")
            missing.put("package-name", name)
            missing.put("package-version", version)
        default: status.put(package.status.leafName, "")
        }
        for info in package.errorInfo { status.put("error-info", info) }
        for warning in package.warnings { status.put("warnings", warning) }
        for (path, value) in package.buildInfo?.values ?? [] { fill(entry.inner("build-info"), path, value) }
        guard let metaData = package.metaData else { return }
        fill(entry, metaData)
        for component in metaData.components { fill(entry.item("component", component.name), component, package) }
    }

    private func fill(_ info: RowDraft, _ path: String, _ value: String) {
        let names = path.split(separator: "/").map(String.init)
        let place = names.dropLast().reduce(info) { $0.inner($1) }
        if let leaf = names.last { place.put(leaf, value) }
    }

    private func fill(_ entry: RowDraft, _ metaData: PackageMetaData) {
        entry.put("package-version", metaData.version.description)
        if let text = metaData.displayName { entry.put("display-name", text) }
        if let text = metaData.description { entry.put("description", text) }
        for version in metaData.minimumVersions { entry.put("ncs-min-version", version.description) }
        for version in metaData.maximumVersions { entry.put("ncs-max-version", version.description) }
        if let url = metaData.singleSignOnURL { entry.put("single-sign-on-url", url) }
        if let python = metaData.python {
            let place = entry.inner("python-package")
            if let name = python.vmName { place.put("vm-name", name) }
            place.put("callpoint-model", python.callpointModel)
        }
        for nedID in metaData.supportedNEDIDs { entry.put("supported-ned-id", nedID) }
        for pattern in metaData.supportedNEDIDMatches { entry.put("supported-ned-id-match", pattern) }
        for required in metaData.requiredPackages {
            let item = entry.item("required-package", required.name)
            if let version = required.minimumVersion { item.put("min-version", version.description) }
            if let version = required.maximumVersion { item.put("max-version", version.description) }
        }
    }

    private func fill(_ entry: RowDraft, _ signer: PackageSigner) {
        entry.put("subject", signer.subject)
        entry.put("issuer", signer.issuer)
        entry.put("serial-number", signer.serialNumber)
        entry.put("fingerprint", signer.fingerprint)
        entry.put("not-after", signer.notAfter.formatted(.iso8601))
        entry.put("judged-at", signer.judgedAt.formatted(.iso8601))
        entry.put("manifest-digest", signer.manifestSHA256)
    }

    private func fill(_ entry: RowDraft, _ component: PackageMetaData.Component, _ package: LoadedPackage) {
        if let text = component.description { entry.put("description", text) }
        if let tag = component.entitlementTag { entry.put("entitlement-tag", tag) }
        switch component.kind {
        case .ned(let ned): fill(entry.inner("ned"), ned, package)
        case .upgrade(let java, let python, let program):
            let place = entry.inner("upgrade")
            if let java { place.put("java-class-name", java) }
            if let python { place.put("python-class-name", python) }
            if let program { place.put("program", program) }
        case .callback(let classes):
            let place = entry.inner("callback")
            for name in classes { place.put("java-class-name", name) }
        case .application(let application):
            let place = entry.inner("application")
            if let name = application.javaClassName { place.put("java-class-name", name) }
            if let name = application.pythonClassName { place.put("python-class-name", name) }
            place.put("start-phase", application.startPhase)
        }
    }

    private func fill(_ outer: RowDraft, _ ned: PackageMetaData.NED, _ package: LoadedPackage) {
        let kind = outer.inner(ned.type.rawValue)
        if let nedID = ned.nedID {
            let driver = package.drivers.first { $0.nedID.hasSuffix(":" + (ned.identity ?? "")) }
            kind.put("ned-id", driver?.nedID ?? nedID)
        }
        if let name = ned.javaClassName { kind.put("java-class-name", name) }
        if let name = ned.managementProtocol { kind.put("management-protocol", name) }
        let device = outer.node.dataChild(named: "device") == nil ? kind.inner("device") : outer.inner("device")
        if let vendor = ned.vendor { device.put("vendor", vendor) }
        for family in ned.productFamilies { device.put("product-family", family) }
        for system in ned.operatingSystems { device.put("operating-system", system) }
        for option in ned.options {
            let item = outer.item("option", option.name)
            if let value = option.value { item.put("value", value) }
        }
    }
}
