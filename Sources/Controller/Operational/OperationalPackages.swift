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
        guard let metaData = package.metaData else { return }
        entry.put("package-version", metaData.version.description)
        if let text = metaData.description { entry.put("description", text) }
        for version in metaData.minimumVersions { entry.put("ncs-min-version", version.description) }
        for component in metaData.components { fill(entry.item("component", component.name), component, package) }
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
        guard case .ned(let ned) = component.kind else { return }
        let outer = entry.inner("ned")
        let kind = outer.inner(ned.type.rawValue)
        if let nedID = ned.nedID {
            let driver = package.drivers.first { $0.nedID.hasSuffix(":" + (ned.identity ?? "")) }
            kind.put("ned-id", driver?.nedID ?? nedID)
        }
        if let name = ned.javaClassName { kind.put("java-class-name", name) }
        let device = outer.node.dataChild(named: "device") == nil ? kind.inner("device") : outer.inner("device")
        if let vendor = ned.vendor { device.put("vendor", vendor) }
        for family in ned.productFamilies { device.put("product-family", family) }
        for system in ned.operatingSystems { device.put("operating-system", system) }
    }
}
