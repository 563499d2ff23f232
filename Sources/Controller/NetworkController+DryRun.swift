import CLIGrammar
import ConfigTree
import ControlProtocol
import NEDRuntime
import Secrets

extension NetworkController {
    /// What a commit would do, without doing it; or what would take it back.
    func dryRun(
        _ format: CommitOptions.DryRunFormat, _ prepared: PreparedCommit, _ changes: [DeviceChange],
        _ options: CommitOptions, _ session: ControllerSession
    ) throws(ControlError) -> DryRun {
        let system = prepared.system
        let (base, candidate) =
            options.isReverse ? (prepared.candidate, prepared.base) : (prepared.base, prepared.candidate)
        return switch format {
        case .cli: .cli(CLIGrammar(model: candidate.model, dialect: .c).curlyDiff(from: base, to: candidate))
        case .cliC:
            .cliC(
                CLIGrammar(model: candidate.model, dialect: .c).commands(
                    from: base, to: candidate, withTags: true
                ).text())
        case .xml: .xml(XMLDiff.editConfig(from: base, to: candidate))
        case .native:
            .native(
                try changes.map { (change) throws(ControlError) in
                    try native(change, options.isReverse, system, session)
                })
        }
    }

    func native(
        _ change: DeviceChange, _ isReverse: Bool, _ system: LoadedSystem, _ session: ControllerSession
    ) throws(ControlError) -> (device: String, data: String) {
        let name = change.name
        let (from, to) = isReverse ? (change.after, change.before) : (change.before, change.after)
        guard let nedID = NEDIDLocation.nedID(of: change.device), let driver = system.driver(nedID) else {
            return (change.name, "")
        }
        let mask = SecretMask(secrets.plainTexts(from) + secrets.plainTexts(to))
        let native: NativeChange
        do throws(NEDError) {
            let change = driver.change(from: secrets.opened(from), to: secrets.opened(to))
            native = try driver.outgoing(change, device: name)
        } catch {
            throw ControlError(.device, mask.mask(error.operatorText))
        }
        // Nobody connects: a device that could not be reached has no trace of it.
        if let access = try? devices.access(change.device, system: system, localUser: session.user.name) {
            (secrets.plainTexts(from) + secrets.plainTexts(to)).forEach(access.mask.add)
            native.traceDryRun(access.trace)
        }
        return (change.name, mask.mask(native.text))
    }
}
