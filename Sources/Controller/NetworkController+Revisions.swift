import Basics
import ConfigTree
import ControlProtocol
import NEDRuntime
import YANG

/// Changes as devices of older revisions can take them: what a device does not know is not sent to it.
extension NetworkController {
    /// What of the changes goes to the devices, and what is left out of them, as warnings.
    struct RevisedChanges {
        var changes: [DeviceChange]
        var warnings: [Diagnostic]
    }

    /// With `no-revision-drop` a change that would lose something is refused.
    func revised(
        _ changes: [DeviceChange], _ options: CommitOptions, _ system: LoadedSystem
    ) throws(ControlError) -> RevisedChanges {
        // Nothing is sent, so nothing is left out.
        if options.noNetworking { return RevisedChanges(changes: changes, warnings: []) }
        var result = RevisedChanges(changes: [], warnings: [])
        for var change in changes {
            guard let nedID = NEDIDLocation.nedID(of: change.device), let driver = system.driver(nedID),
                let view = try view(of: change.name, driver)
            else {
                result.changes.append(change)
                continue
            }
            let known = view.change(from: change.before, to: change.after)
            result.warnings += known.dropped.map { Self.warning($0, change) }
            (change.before, change.after) = (known.before, known.after)
            if !change.before.diff(to: change.after).isEmpty { result.changes.append(change) }
        }
        guard options.noRevisionDrop, let first = result.warnings.first else { return result }
        let more = result.warnings.count > 1 ? " (and \(result.warnings.count - 1) more)" : ""
        throw ControlError(
            .validation,
            "\(first.summary)\(more); take it out of the change, or commit without no-revision-drop",
            diagnostics: result.warnings.map { .error($0.summary, remedy: $0.remedy, path: $0.path) })
    }

    /// What a device knows of its driver's model; nil if it knows all of it.
    func view(of device: String, _ driver: Driver) throws(ControlError) -> RevisionView? {
        do throws(DiagnosticsError) {
            return try driver.revisions.view(for: devices.record(device).announcement)
        } catch {
            let reason = error.diagnostics.first?.description ?? "no reason is known"
            throw ControlError(
                .device,
                "Device \(device): the models of the revisions that it announced cannot be compiled: \(reason)")
        }
    }

    private static func warning(_ dropped: RevisionView.Dropped, _ change: DeviceChange) -> Diagnostic {
        let path = change.device.path.keypath + "/config" + (dropped.path.steps.isEmpty ? "" : dropped.path.keypath)
        return .warning("\(path) is not sent to device \(change.name): \(dropped.reason)", path: path)
    }
}
