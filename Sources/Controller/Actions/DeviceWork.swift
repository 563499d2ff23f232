import CLIGrammar
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import Secrets
import Synchronization
import Transactions

/// What an action did at one device: leaves of its answer.
struct DeviceResult: Sendable {
    var leaves: [(String, String)] = []
    var fingerprints: [(algorithm: String, value: String)] = []
    var modules: [ModuleComparison] = []
    var isPositive = true
    /// Everything was as it is now.
    var isUnchanged = false

    static func ok(_ info: String? = nil) -> DeviceResult {
        DeviceResult(leaves: [("result", "true")] + (info.map { [("info", $0)] } ?? []))
    }

    static func failed(_ info: String) -> DeviceResult {
        DeviceResult(leaves: [("result", "false"), ("info", info)], isPositive: false)
    }

    func write(to draft: RowDraft) {
        for (name, value) in leaves { draft.put(name, value) }
        for module in modules { module.write(to: draft.item("module", module.name)) }
        for print in fingerprints { draft.item("fingerprint", print.algorithm).put("value", print.value) }
    }
}

/// The device actions themselves, one device at a time. Each ends in a result, never in an error: others go on.
enum DeviceWork {
    typealias Kind = @Sendable (ActionCall, String) -> DeviceResult

    /// How far the work on devices may be ahead of the first that is not done.
    private static let window = 256
    /// On how many devices at a time: mostly they are waited for.
    private static let lanes = 96

    /// For so long results gather before more of them are handed over.
    private static let gathering = 0.01

    /// Works on devices in parallel, and hands their results over in their order, on this thread, as they come: several
    /// at a time where they come fast.
    static func inOrder(
        _ names: [String], _ work: @escaping @Sendable (String) -> DeviceResult,
        take: ([(String, DeviceResult)]) -> Void
    ) {
        let line = ResultLine(count: names.count, window: window)
        for _ in 0..<min(lanes, names.count) {
            let thread = Thread {
                while let index = line.next() { line.put(work(names[index]), at: index) }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        var rest = names[...]
        while !rest.isEmpty {
            let results = line.takeFirst()
            take(Array(zip(rest, results)))
            rest = rest.dropFirst(results.count)
            if rest.count > lanes { Thread.sleep(forTimeInterval: gathering) }
        }
    }

    static func inParallel(_ names: [String], _ work: @escaping @Sendable (String) -> DeviceResult) -> [DeviceResult] {
        var results: [DeviceResult] = []
        inOrder(names, work) { results += $0.map(\.1) }
        return results
    }

    /// The device's access, if it may be talked to.
    static func access(_ call: ActionCall, _ name: String) throws(ControlError) -> (Instance, DeviceAccess) {
        let tree = call.controller.running
        guard let device = tree.device(name) else { throw ControlError(.notFound, "there is no device \(name)") }
        let addressing = try DeviceAddressing(device, localUser: call.session.user.name)
        let isOverridden = call.flag("override-southbound-locked") && addressing.adminState == "southbound-locked"
        if !isOverridden { try addressing.requireUnlocked() }
        let access = try call.controller.devices.access(
            device, system: call.controller.system, localUser: call.session.user.name)
        return (device, access)
    }

    static func perform(
        _ call: ActionCall, _ name: String,
        _ work: (Instance, DeviceAccess) throws(NEDError) -> DeviceResult
    ) -> DeviceResult {
        let found: (Instance, DeviceAccess)
        do throws(ControlError) { found = try access(call, name) } catch { return .failed(error.message) }
        do throws(NEDError) {
            return try work(found.0, found.1)
        } catch {
            return .failed(found.1.masked(error.operatorText))
        }
    }

    // MARK: Connecting

    static let connect: Kind = { call, name in
        perform(call, name) { (_, access) throws(NEDError) in
            let streams = try access.withSession { (session) throws(NEDError) in
                try (session as? NETCONFDeviceSession)?.streams()
            }
            if let streams { call.controller.notifications.note(streams, of: name) }
            let target = access.target
            let place = target.callsHome ? "which called home" : "\(target.address):\(target.port)"
            return .ok("(\(call.session.user.name)) Connected to \(name) - \(place)")
        }
    }

    static let ping: Kind = { call, name in
        guard let device = call.controller.running.device(name), let address = device.value("address") else {
            return .failed("there is no device \(name) with an address")
        }
        return DeviceResult(leaves: [("result", PingProgram.run(address))])
    }

    // MARK: Synchronising

    /// Synchronising in the midst of queued changes would take them for changes of the device's own, or send them twice.
    static func queued(_ call: ActionCall, _ name: String) -> DeviceResult? {
        guard call.dryRunFormat == nil, let first = call.controller.queue.first(of: name) else { return nil }
        return .failed(
            "Device \(name) has changes in the commit queue (item \(first.id)); wait until they are completed, or "
                + "remove them with devices commit-queue prune device \(name)")
    }

    static let syncFrom: Kind = { call, name in
        if let refusal = queued(call, name) { return refusal }
        return perform(call, name) { (device, access) throws(NEDError) in
            let controller = call.controller
            let old = device.child("config")?.mountedTree
            let isWhole = call.dryRunFormat != nil || call.flag("verbose")
            let known = isWhole ? nil : controller.devices.known.reading(name, configured: old)
            let reading = try access.withSession { (session) throws(NEDError) in try session.reading(knowing: known) }
            do throws(ControlError) {
                let new = reading.isKnown ? reading.tree : try controller.secrets.sealed(reading.tree, like: old)
                if let format = call.dryRunFormat {
                    return DeviceResult(leaves: [controller.difference(old, new, format, device)])
                }
                controller.settleDoubt(about: name)
                let kept = try controller.replaceConfiguration(of: name, with: new, by: call.session)
                access.noteInSync(reading.transactionID)
                controller.devices.known.note(reading.mark, of: name, configured: kept)
            } catch {
                return .failed(error.message)
            }
            let info = call.flag("verbose") ? skippedText(reading.skipped) : nil
            return .ok(info)
        }
    }

    static func skippedText(_ skipped: [SkippedLine]) -> String? {
        guard !skipped.isEmpty else { return nil }
        return "lines that the model does not know:\n"
            + skipped.map { "\($0.number): \($0.text)" }.joined(separator: "\n")
    }

    static let syncTo: Kind = { call, name in
        if let refusal = queued(call, name) { return refusal }
        return perform(call, name) { (device, access) throws(NEDError) in
            let controller = call.controller
            var leftOut: [String] = []
            var wanted = controller.secrets.opened(
                device.child("config")?.mountedTree ?? DataTree(access.driver.model))
            let isDryRun = call.dryRunFormat != nil
            let native = try access.withSession { (session) throws(NEDError) -> NativeChange in
                var actual = try session.reading().tree
                // What removes a secret of the device shows it.
                controller.secrets.plainTexts(actual).forEach(access.mask.add)
                do throws(ControlError) {
                    if let view = try controller.view(of: name, access.driver) {
                        let known = view.change(from: actual, to: wanted)
                        leftOut = known.dropped.map { "not sent: \($0.path.keypath): \($0.reason)" }
                        (actual, wanted) = (known.before, known.after)
                    }
                } catch {
                    throw NEDError(.driver, device: name, error.message)
                }
                let native = access.driver.change(from: actual, to: wanted)
                guard !isDryRun else { return try access.driver.outgoing(native, device: name) }
                if !native.isEmpty {
                    try session.prepare(native)
                    try session.commit()
                    try session.persist()
                }
                try access.settle(session, sent: wanted)
                return native
            }
            guard isDryRun else {
                controller.settleDoubt(about: name)
                return .ok(leftOut.isEmpty ? nil : leftOut.joined(separator: "\n"))
            }
            return DeviceResult(leaves: [("data", access.masked(native.text))])
        }
    }

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
    /// The format of a dry run, if the action is to be one.
    var dryRunFormat: String? {
        guard let dryRun = input.child("dry-run"), dryRun.row != nil else { return nil }
        return dryRun.value("outformat") ?? "cli"
    }
}

/// The system's `ping`, one echo.
private enum PingProgram {
    static func run(_ address: String) -> String {
        guard !address.hasPrefix("-") else { return "not an address: \(address)" }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ping", "-c", "1", "-W", "5", address]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return "the system has no ping program" }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output.prefix(4_096), as: UTF8.self)
    }
}
