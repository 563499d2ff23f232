import Migration
import PackageManager

/// What a migration does to each device. Its digest is that of the inputs, and approves it.
///
/// A change of the data that alters nothing of what is lost or converted leaves the plan what it is.
struct MigrationPlan: Sendable {
    static let refused = "refused: "

    /// By what to call them: devices by what becomes of their data, packages by their content.
    private(set) var inputs: [String: String] = [:]

    var digest: String { ActivationPlan.digest(inputs) }

    mutating func note(
        _ device: String, from oldID: String, to newID: String, _ carried: CarriedData, _ packages: [LoadedPackage]
    ) {
        let counts = carried.counts
        let losses = carried.losses.map { "\($0.path) \($0.instances) \($0.reason)" }
        let lines = ["\(oldID) \(newID)", "\(counts.converted) \(counts.defaulted) \(counts.dropped)"] + losses
        // Of many devices, as little as possible.
        inputs["device \(device)"] = ActivationPlan.digest(["": lines.joined(separator: "\n")])
        for package in packages { inputs["package \(package.name)"] = package.digest }
    }

    mutating func note(_ device: String, refusal: String) { inputs["device \(device)"] = Self.refused + refusal }
}
