import CLIGrammar
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import Secrets
import Transactions

/// What compares a device with our copy, and brings one to the other.
extension DeviceWork {
    /// Synchronising in the midst of queued changes would take them for changes of the device's own, or send them twice:
    /// with `wait-for-lock` it waits until they are done, otherwise it is refused.
    static func queued(_ call: ActionCall, _ name: String) -> DeviceResult? {
        let controller = call.controller
        guard !call.isDryRun, let first = controller.queue.first(of: name) else { return nil }
        if call.flag("wait-for-lock") {
            call.step(name, "waiting for the commit queue") {
                _ = controller.queue.wait(until: nil) {
                    controller.isStopping || controller.queue.first(of: name) == nil
                }
            }
            if !controller.isStopping { return nil }
        }
        return .failed(
            "Device \(name) has changes in the commit queue (item \(first.id)); wait until they are completed "
                + "(wait-for-lock), or remove them with devices commit-queue prune device \(name)")
    }

    // MARK: From the device

    static let syncFrom: Kind = { call, name in
        if let refusal = queued(call, name) { return refusal }
        return perform(call, name) { (device, access) throws(NEDError) in
            let controller = call.controller
            let old = device.child("config")?.mountedTree
            let isWhole = call.isDryRun || call.flag("verbose")
            let known = isWhole ? nil : controller.devices.known.reading(name, configured: old)
            let reading = try access.withSession { (session) throws(NEDError) in
                try read(call, session, name, knowing: known)
            }
            do throws(ControlError) {
                let new = reading.isKnown ? reading.tree : try controller.secrets.sealed(reading.tree, like: old)
                if call.isDryRun { return try difference(call, access, device, from: old, to: new, "cli") }
                controller.settleDoubt(about: name)
                let kept = try call.step(name, "storing the configuration") { () throws(ControlError) in
                    try controller.replaceConfiguration(of: name, with: new, by: call.session)
                }
                access.noteInSync(reading.transactionID)
                controller.devices.known.note(reading.mark, of: name, configured: kept)
            } catch {
                return .failed(error.message)
            }
            let info = call.flag("verbose") ? skippedText(reading.skipped) : nil
            return .ok(info)
        }
    }

    static func read(
        _ call: ActionCall, _ session: any DeviceSession, _ name: String, knowing known: KnownReading? = nil
    ) throws(NEDError) -> DeviceReading {
        try call.step(name, "reading the configuration") { () throws(NEDError) in try session.reading(knowing: known) }
    }

    static func skippedText(_ skipped: [SkippedLine]) -> String? {
        guard !skipped.isEmpty else { return nil }
        return "lines that the model does not know:\n"
            + skipped.map { "\($0.number): \($0.text)" }.joined(separator: "\n")
    }

    /// What a dry run answers: the difference of two configurations with sealed secrets, in the format that is asked for.
    private static func difference(
        _ call: ActionCall, _ access: DeviceAccess, _ device: Instance, from old: DataTree?, to new: DataTree,
        _ usual: String
    ) throws(ControlError) -> DeviceResult {
        let controller = call.controller
        let format = call.outformat ?? usual
        guard format == "native" || format == "data" else {
            return DeviceResult(leaves: [controller.difference(old, new, format, device)])
        }
        let before = old ?? DataTree(new.model)
        (controller.secrets.plainTexts(before) + controller.secrets.plainTexts(new)).forEach(access.mask.add)
        let change = access.driver.change(from: controller.secrets.opened(before), to: controller.secrets.opened(new))
        let native: NativeChange
        do throws(NEDError) { native = try access.driver.outgoing(change, device: access.name) } catch {
            throw ControlError(.device, error.operatorText)
        }
        native.traceDryRun(access.trace)
        return DeviceResult(leaves: [(format, access.masked(native.text))])
    }

    /// Our copy of the configuration goes, and nothing is sent: what the device holds then is unknown to us.
    static let deleteConfig: Kind = { call, name in
        let controller = call.controller
        guard let device = controller.running.device(name) else { return .failed("there is no device \(name)") }
        let own = NEDIDLocation.nedID(of: device)
        if let wanted = call.text("ned-id"), wanted != own {
            let short = own?.split(separator: ":").last.map(String.init) ?? "none"
            return .failed("Device \(name) has ned-id \(short): nothing of its configuration belongs to another")
        }
        if let refusal = queued(call, name) { return refusal }
        do throws(ControlError) {
            try controller.changeRunning(by: call.session, label: "delete-config \(name)") {
                (tree) throws(PathError) in
                try tree.settingDeviceConfig(name, to: nil)
            }
            controller.devices.noteUnknown(name)
            return .ok()
        } catch {
            return .failed(error.message)
        }
    }

    // MARK: To the device

    static let syncTo: Kind = { call, name in bring(call, name) { ours, _ in ours } }

    /// What brings a device nearer to our copy, as the device knows its model.
    private struct Approach {
        var from: DataTree
        var to: DataTree
        /// Whether it has all that we have then.
        var isWhole: Bool
        var leftOut: [String] = []
    }

    /// Sends a device what makes its configuration another one.
    ///
    /// - Parameter target: what it is to have, of our copy and of what it has, secrets in plain text.
    static func bring(
        _ call: ActionCall, _ name: String,
        to target: (_ ours: DataTree, _ theirs: DataTree) throws(ControlError) -> DataTree
    ) -> DeviceResult {
        if let refusal = queued(call, name) { return refusal }
        return perform(call, name) { (device, access) throws(NEDError) in
            let controller = call.controller
            let stored = device.child("config")?.mountedTree
            let ours = controller.secrets.opened(stored ?? DataTree(access.driver.model))
            let approach = try access.withSession { (session) throws(NEDError) -> Approach in
                let theirs = try read(call, session, name).tree
                // What removes a secret of the device shows it.
                controller.secrets.plainTexts(theirs).forEach(access.mask.add)
                let approach: Approach
                do throws(ControlError) {
                    let wanted = try target(ours, theirs)
                    approach = try self.approach(
                        call, access,
                        Approach(
                            from: theirs, to: wanted, isWhole: ours.diff(to: wanted).isEmpty))
                } catch {
                    throw NEDError(.driver, device: name, error.message)
                }
                if !call.isDryRun { try send(call, access, session, approach) }
                return approach
            }
            guard call.isDryRun else {
                return .ok(approach.leftOut.isEmpty ? nil : approach.leftOut.joined(separator: "\n"))
            }
            do throws(ControlError) {
                let theirs = try controller.secrets.sealed(approach.from, like: stored)
                let wanted = try controller.secrets.sealed(approach.to, like: theirs)
                return try difference(call, access, device, from: theirs, to: wanted, "data")
            } catch {
                return .failed(error.message)
            }
        }
    }

    /// Without what the device's revisions of the models do not know.
    private static func approach(
        _ call: ActionCall, _ access: DeviceAccess, _ whole: Approach
    ) throws(ControlError) -> Approach {
        guard let view = try call.controller.view(of: access.name, access.driver) else { return whole }
        let known = view.change(from: whole.from, to: whole.to)
        var result = whole
        result.leftOut = known.dropped.map { "not sent: \($0.path.keypath): \($0.reason)" }
        (result.from, result.to) = (known.before, known.after)
        return result
    }

    private static func send(
        _ call: ActionCall, _ access: DeviceAccess, _ session: any DeviceSession, _ approach: Approach
    ) throws(NEDError) {
        let native = access.driver.change(from: approach.from, to: approach.to)
        if !native.isEmpty {
            try call.step(access.name, "sending the changes") { () throws(NEDError) in
                try session.prepare(native)
                try session.commit()
                try session.persist()
            }
        }
        // A device that is brought nearer, but not all the way, is not in sync.
        guard approach.isWhole else {
            _ = try session.learn(sent: approach.to)
            return access.noteRewrites(session.rewrites)
        }
        try access.settle(session, sent: approach.to)
        call.controller.settleDoubt(about: access.name)
    }

    // MARK: Comparing

    static let checkSync: Kind = { call, name in
        let found: (Instance, DeviceAccess)
        do throws(ControlError) { found = try access(call, name) } catch {
            let result = error.code == .locked ? "locked" : "error"
            return DeviceResult(leaves: [("result", result), ("info", error.message)], isPositive: false)
        }
        let expected = call.controller.devices.record(name).transactionID
        do throws(NEDError) {
            let actual = try found.1.withSession { (session) throws(NEDError) in try session.transactionID() }
            guard actual != expected else {
                found.1.noteInSync(actual)
                let length = call.controller.queue.length(of: name)
                let info = "\(length) \(length == 1 ? "change waits" : "changes wait") in the commit queue"
                return DeviceResult(leaves: [("result", "in-sync")] + (length > 0 ? [("info", info)] : []))
            }
            // Nobody has synchronised yet, or what was known was given up on purpose.
            if call.controller.devices.record(name).isUnknown { return DeviceResult(leaves: [("result", "unknown")]) }
            call.controller.devices.noteOutOfSync(name, got: actual)
            let info = "got: \(actual) expected: \(expected ?? "")."
            return DeviceResult(leaves: [("result", "out-of-sync"), ("info", info)], isPositive: false)
        } catch {
            return DeviceResult(
                leaves: [("result", "error"), ("info", found.1.masked(error.operatorText))], isPositive: false)
        }
    }

    static let compareConfig: Kind = { call, name in
        let found: (Instance, DeviceAccess)
        do throws(ControlError) { found = try access(call, name) } catch {
            return DeviceResult(leaves: [("info", error.message)], isPositive: false)
        }
        do throws(NEDError) {
            let reading = try found.1.withSession { (session) throws(NEDError) in try session.reading() }
            let ours = found.0.child("config")?.mountedTree
            do throws(ControlError) {
                let theirs = try call.controller.secrets.sealed(reading.tree, like: ours)
                guard !theirs.diff(to: ours ?? DataTree(found.1.driver.model)).isEmpty else { return DeviceResult() }
                let format = call.text("outformat") ?? "cli"
                let text = call.controller.difference(ours, theirs, format, found.0).1
                return DeviceResult(leaves: [("diff", text)])
            } catch {
                return DeviceResult(leaves: [("info", error.message)], isPositive: false)
            }
        } catch {
            return DeviceResult(leaves: [("info", found.1.masked(error.operatorText))], isPositive: false)
        }
    }
}

extension ActionCall {
    var isDryRun: Bool { input.child("dry-run")?.row != nil }
    /// The format of a dry run, if one was asked for.
    var outformat: String? { input.child("dry-run")?.value("outformat") }
}
