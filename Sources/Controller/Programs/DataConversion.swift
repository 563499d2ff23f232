import ConfigTree
import ControlProtocol
import Migration
import NEDKit
import NEDRuntime
import PackageManager

/// Brings the whole configuration under the models of another generation of packages: by the engine, by the programs of
/// migration maps, device by device, and by upgrade components. The same in a dry run and in the activation.
struct DataConversion: Sendable {
    struct Result: Sendable {
        var tree: DataTree
        var losses: [Loss]
        /// What programs did, for the operator.
        var notes: [String] = []
    }

    let next: LoadedSystem
    let plans: CarryPlans
    /// Of migration maps, by ned-id.
    let programs: [String: MapProgram]
    let components: UpgradeComponents
    /// Of a way back to an earlier generation: what the ways there had lost, the latest first.
    var returns: [CarryReturn] = []

    /// The program of a map, and the drivers that it leads between.
    struct MapProgram: Sendable {
        var program: MigrationMap.Program
        var package: LoadedPackage
        var from: String
        var to: String

        func hook(_ host: ProgramHost) throws(ControlError) -> MigrationHook {
            let pool = try host.pool(
                package, role: "migration", file: program.file, arguments: program.arguments)
            return MigrationHook(pool, from: from, to: to)
        }
    }

    var hasPrograms: Bool { !programs.isEmpty || !components.steps.isEmpty }

    func convert(
        _ data: DataTree, by host: ProgramHost, secrets: SecretHandling
    ) throws(ControlError) -> Result {
        let carried = DataCarrier.carry(data, to: next.model, plans: plans)
        var result = Result(tree: carried.tree, losses: carried.losses)
        for (nedID, program) in programs.sorted(by: { $0.key < $1.key }) {
            try convertDevices(nedID, program, data, &result, host)
        }
        result = try components.run(data, result, by: host)
        takeBack(data, &result)
        result.tree = try secrets.sealed(result.tree, like: carried.tree)
        return result
    }

    /// What was lost on the way to the present models comes back where nothing was changed since.
    private func takeBack(_ data: DataTree, _ result: inout Result) {
        if returns.count == 1 { result.losses = returns[0].losses(of: data, to: next.model, back: plans) }
        var counts = (restored: 0, left: 0)
        for step in returns {
            let back = step.restored(in: result.tree)
            result.tree = back.tree
            counts = (counts.restored + back.restored, counts.left + back.left)
        }
        guard counts.restored + counts.left > 0 else { return }
        let left = counts.left == 0 ? "" : "; \(counts.left) are not, for something was changed there since"
        result.notes.append("\(counts.restored) changes that the upgrade had made to the data are taken back\(left)")
    }

    private func convertDevices(
        _ nedID: String, _ program: MapProgram, _ data: DataTree, _ result: inout Result, _ host: ProgramHost
    ) throws(ControlError) {
        guard let driver = next.driver(nedID) else { return }
        let hook = try program.hook(host)
        defer { hook.pool.end() }
        var count = 0
        for device in data.allDevices() where NEDIDLocation.nedID(of: device) == nedID {
            guard let name = device.keys.first, let before = device.child("config")?.mountedTree else { continue }
            let carried = DataCarrier.carry(before, to: driver.model, plans: plans)
            do {
                let outcome = try hook.carry(name, before, carried)
                result.tree = try result.tree.settingDeviceConfig(name, to: outcome.carried.tree)
                let kept = Set(outcome.carried.losses)
                for loss in carried.losses where !kept.contains(loss) { result.lower(loss) }
                if !outcome.changes.isEmpty { count += 1 }
                result.notes += outcome.notes.map { "device \(name): \($0)" }
            } catch let error as ProgramError {
                throw ControlError(
                    error.code == .refused ? .validation : .internalFault, "device \(name): \(error.description)")
            } catch {
                throw ControlError(.internalFault, "device \(name): \(error)")
            }
        }
        result.notes.append(
            "migration program \(program.program.file) of package \(program.package.name): changed the data of "
                + "\(count) devices")
    }
}

extension DataConversion.Result {
    /// Takes what a program has carried after all off what is lost, for one device.
    fileprivate mutating func lower(_ loss: Loss) {
        for index in losses.indices
        where losses[index].path.hasSuffix("/config" + loss.path) && losses[index].reason == loss.reason {
            losses[index].instances -= loss.instances
        }
        losses.removeAll { $0.instances <= 0 }
    }
}
