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
    /// On how many to begin with: devices that answer at once keep the processors busy, and more of them at a time only
    /// crowd each other out of the caches.
    private static let firstLanes = 32
    /// A device that takes longer than this is waited for: then there is room for one more.
    private static let waitedFor = Duration.milliseconds(40)

    /// For so long results gather before more of them are handed over.
    private static let gathering = 0.01

    /// Works on devices in parallel, and hands their results over in their order, on this thread, as they come: several
    /// at a time where they come fast.
    static func inOrder(
        _ names: [String], _ work: @escaping @Sendable (String) -> DeviceResult,
        take: ([(String, DeviceResult)]) -> Void
    ) {
        let line = ResultLine(count: names.count, window: window)
        let crew = Crew(limit: min(lanes, names.count)) { crew in
            while let index = line.next() {
                let start = ContinuousClock.now
                line.put(work(names[index]), at: index)
                if ContinuousClock.now - start > waitedFor { crew.grow() }
            }
        }
        for _ in 0..<firstLanes { crew.grow() }
        var rest = names[...]
        while !rest.isEmpty {
            let results = line.takeFirst()
            take(Array(zip(rest, results)))
            rest = rest.dropFirst(results.count)
            if rest.count > lanes { Thread.sleep(forTimeInterval: gathering) }
        }
    }

    /// Threads that all do the same, more of them as they find that they could do with more.
    private final class Crew: Sendable {
        private let left: Atomic<Int>
        private let body: @Sendable (Crew) -> Void

        init(limit: Int, _ body: @escaping @Sendable (Crew) -> Void) {
            left = Atomic(limit)
            self.body = body
        }

        func grow() {
            guard left.load(ordering: .relaxed) > 0, left.subtract(1, ordering: .relaxed).oldValue > 0 else { return }
            let thread = Thread { [self] in body(self) }
            thread.stackSize = 8 << 20
            thread.start()
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
