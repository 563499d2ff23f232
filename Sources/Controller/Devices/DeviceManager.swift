import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import NEDRuntime
import Secrets
import Synchronization
import Transactions

/// Keeps a slot and a record for each device, and makes the access that operations use.
final class DeviceManager: Sendable {
    private let slots = DeviceTable<DeviceSlot>()
    /// Every secret that was heard of in connection with a device. It only grows: a password that was replaced may
    /// still be one elsewhere.
    private let masks = DeviceTable<SecretMask>()
    private let records = DeviceTable<DeviceRecord>()
    let known = KnownDevices()
    private let connected = Mutex<@Sendable (String) -> Void>({ _ in })
    private let database: ConfigurationDatabase
    private let secrets: SecretHandling
    private let rewrites: RewriteStore
    let capabilities: CapabilityStore
    private let alarms: AlarmKeeper
    private let logDirectory: String
    private let host: String
    private let clock: WallClock

    init(
        database: ConfigurationDatabase, secrets: SecretHandling, alarms: AlarmKeeper, logDirectory: String,
        host: String, clock: WallClock
    ) {
        self.host = host
        self.database = database
        self.secrets = secrets
        rewrites = RewriteStore(database: database, secrets: secrets)
        capabilities = CapabilityStore(database: database)
        self.alarms = alarms
        self.logDirectory = logDirectory
        self.clock = clock
        for key in database.operationalKeys(prefix: "device/") {
            guard let bytes = database.operational(key), let record = DeviceRecord(bytes) else { continue }
            records.withValue(of: String(key.dropFirst("device/".count))) { $0 = record }
        }
    }

    private func slot(_ name: String) -> DeviceSlot { slots.value(of: name, orMaking: { DeviceSlot() }) }

    private func mask(_ name: String) -> SecretMask { masks.value(of: name, orMaking: { SecretMask() }) }

    // MARK: Access

    /// The access to a device for a user, from the configuration in `tree`.
    ///
    /// `session` and `traceID` are what the device's trace names.
    func access(
        _ device: Instance, system: LoadedSystem, localUser: String, session: Int = 0, traceID: String? = nil
    ) throws(ControlError) -> DeviceAccess {
        let addressing = try DeviceAddressing(device, localUser: localUser)
        let target = try target(device, addressing)
        guard let driver = system.driver(target.nedID) else {
            throw ControlError(
                .device,
                "Device \(target.name) does not have a Network Element Driver registered: no loaded package has "
                    + "ned-id \(target.nedID.split(separator: ":").last ?? ""); load one with packages reload")
        }
        return access(target, driver, addressing, device, session, traceID)
    }

    /// Where a device is and who logs in. What is missing for that in its configuration is an alarm.
    private func target(
        _ device: Instance, _ addressing: DeviceAddressing
    ) throws(ControlError) -> DeviceTarget {
        let source = KnownDevices.Source(device, localUser: addressing.localUser)
        do throws(ControlError) {
            let found = source.flatMap { known.target(addressing.name, $0) }
            if let found {
                alarms.clear(.configurationError, device: found.name)
                return found
            }
            let target = try addressing.target(open: secrets.open)
            if let source { known.note(target, source) }
            alarms.clear(.configurationError, device: target.name)
            return target
        } catch {
            alarms.raise(.configurationError, device: addressing.name, text: error.message)
            throw error
        }
    }

    /// As `access`, with another driver than the one that the device is configured for: migration looks through it.
    func access(_ device: Instance, driver: Driver, localUser: String) throws(ControlError) -> DeviceAccess {
        let addressing = try DeviceAddressing(device, localUser: localUser)
        return access(try addressing.target(open: secrets.open), driver, addressing, device)
    }

    private func access(
        _ target: DeviceTarget, _ driver: Driver, _ addressing: DeviceAddressing, _ device: Instance,
        _ session: Int = 0, _ traceID: String? = nil
    ) -> DeviceAccess {
        let mask = mask(target.name)
        if !target.password.isEmpty { mask.add(MaskedSecret(target.password)) }
        if let proxy = target.proxy, !proxy.password.isEmpty { mask.add(MaskedSecret(proxy.password)) }
        if let secondary = target.secondaryPassword { mask.add(MaskedSecret(secondary)) }
        let tree = device.child("config")?.mountedTree
        if let tree, !known.isMasked(target.name, tree) { secrets.plainTexts(tree).forEach(mask.add) }
        known.noteMasked(target.name, tree)
        let name = target.name
        let context = TraceFile.Context(
            user: target.localUser, session: session, host: host, device: name, traceID: traceID)
        return DeviceAccess(
            name: name, target: target, driver: driver, slot: slot(name),
            trace: trace(context, driver, addressing.setting("trace") ?? "false", mask), mask: mask,
            noteInSync: { [self] id in noteInSync(name, id) },
            noteAnnouncement: { [self] announcement, uris in
                update(name) { $0.announcement = announcement }
                capabilities.note(announced: uris, of: name)
            },
            rewrites: { [rewrites] in rewrites.rewrites(of: name) },
            noteRewrites: { [rewrites] in rewrites.note($0, of: name) },
            noteConnection: { [self] error in
                noteConnection(name, error.map { mask.mask($0.message) })
            })
    }

    private func trace(
        _ context: TraceFile.Context, _ driver: Driver, _ mode: String, _ mask: SecretMask
    ) -> any DeviceTrace {
        guard mode != "false" else { return NoTrace() }
        let path = logDirectory + "/" + TraceFile.name(nedID: driver.shortID, device: context.device)
        return FileTrace(path: path, isRaw: mode == "raw", mask: mask, secrets: secrets, context: context, clock: clock)
    }

    func disconnect(_ name: String) { slots[name]?.disconnect() }

    /// - Parameter callers: after how long the connection of a device that called home is idle.
    func closeIdle(callers: Duration) {
        for slot in slots.all { slot.closeIdle(.seconds(30), callerLimit: callers) }
    }

    func disconnectAll() {
        for slot in slots.all { slot.disconnect() }
    }

    // MARK: Records

    func record(_ name: String) -> DeviceRecord { records[name] ?? DeviceRecord() }

    private func update(_ name: String, _ change: (inout DeviceRecord) -> Void) {
        let changed = records.withValue(of: name) { present in
            let old = present
            var record = old ?? DeviceRecord()
            change(&record)
            guard record != old else { return (old: DeviceRecord, new: DeviceRecord)?.none }
            present = record
            return (old ?? DeviceRecord(), record)
        }
        guard let changed else { return }
        let stored = OperationalChange(DeviceRecord.key(name), changed.new.encode())
        var known = changed.old
        known.lastInSync = changed.new.lastInSync
        known.operState = changed.new.operState
        known.lastConnected = changed.new.lastConnected
        // That it is in sync still, or can be reached, is no news to wait for: it shows again.
        if known != changed.new {
            try? database.setOperational([stored])
        } else {
            try? database.setOperationalUnsynced([stored])
        }
    }

    func noteInSync(_ name: String, _ transactionID: String) {
        let now = EventTime(microseconds: clock.now()).yangText
        if record(name).transactionID != transactionID { known.note(nil, of: name, configured: nil) }
        update(name) {
            $0.transactionID = transactionID
            $0.lastInSync = now
            $0.doubt = nil
            $0.sentTransactionID = nil
            $0.unsentChanges = 0
        }
        alarms.clear(.outOfSync, device: name)
    }

    /// A queued commit was not brought to the device and will not be: we have something that it does not.
    func noteUnsent(_ name: String) {
        update(name) {
            $0.unsentChanges += 1
            $0.sentTransactionID = $0.sentTransactionID ?? $0.transactionID
            $0.transactionID = nil
        }
        alarms.raise(
            .outOfSync, device: name, text: "Out of sync due to no-networking or failed commit-queue commits.")
    }

    /// Our copy was given up: whether the device agrees with it is no longer known.
    func noteUnknown(_ name: String) {
        update(name) {
            $0.transactionID = nil
            $0.sentTransactionID = nil
            $0.unsentChanges = 0
        }
    }

    /// Changes were committed that will not be sent: `no-networking`, or the device is southbound-locked. A device that
    /// was not in sync before has nothing to lose.
    func noteKept(_ name: String) {
        let record = record(name)
        if record.transactionID != nil || record.unsentChanges > 0 { noteUnsent(name) }
    }

    /// What was not sent is no longer part of the configuration.
    func noteTakenBack(_ name: String) {
        update(name) {
            $0.unsentChanges -= 1
            guard $0.unsentChanges <= 0, let id = $0.sentTransactionID else { return }
            $0.unsentChanges = 0
            $0.transactionID = id
            $0.sentTransactionID = nil
        }
        if record(name).transactionID != nil { alarms.clear(.outOfSync, device: name) }
    }

    /// A queued commit was brought to the device: it is in sync, unless something else was not sent to it.
    func noteSent(_ name: String, _ transactionID: String) {
        guard record(name).unsentChanges > 0 else { return noteInSync(name, transactionID) }
        update(name) { $0.sentTransactionID = transactionID }
    }

    func noteOutOfSync(_ name: String, got: String) {
        let expected = record(name).transactionID ?? ""
        alarms.raise(.outOfSync, device: name, text: "got: \(got) expected: \(expected).")
    }

    /// It is unknown what the device holds: it counts as out of sync until somebody synchronises it.
    ///
    /// - Parameter isDecided: whether it failed to confirm a change, not to take one back.
    func noteInDoubt(_ name: String, reason: String, isDecided: Bool = false) {
        update(name) {
            $0.doubt = reason
            $0.transactionID = nil
        }
        alarms.raise(isDecided ? .finalCommitError : .abortError, device: name, text: "in doubt: \(reason)")
        alarms.raise(.outOfSync, device: name, text: "in doubt: \(reason)")
    }

    func noteResolved(_ name: String) {
        update(name) { $0.doubt = nil }
        alarms.clear(.abortError, device: name)
        alarms.clear(.finalCommitError, device: name)
    }

    /// - Parameter failure: why the device cannot be talked to; nil if it can.
    private func noteConnection(_ name: String, _ failure: String?) {
        if let failure {
            update(name) { $0.operState = "disabled" }
            alarms.raise(.connectionFailure, device: name, text: "Failed to connect to device \(name): \(failure)")
        } else {
            guard record(name).operState != "enabled" else { return }
            let now = EventTime(microseconds: clock.now()).yangText
            update(name) {
                $0.operState = "enabled"
                $0.lastConnected = now
            }
            alarms.clear(.connectionFailure, device: name)
            connected.withLock { $0 }(name)
        }
    }

    /// Who is told when a device can be reached that could not be before.
    func whenConnected(_ tell: @escaping @Sendable (String) -> Void) { connected.withLock { $0 = tell } }

    /// Forgets devices that are no longer configured.
    func retain(_ names: Set<String>) {
        let gone = records.devices.filter { !names.contains($0) }
        for name in gone { records.remove(name) }
        capabilities.forget(capabilities.devices.filter { !names.contains($0) }.map { .device($0) })
        for name in gone {
            slots.remove(name)?.disconnect()
            masks.remove(name)
            rewrites.forget(name)
            known.forget(name)
            try? database.setOperational([OperationalChange(DeviceRecord.key(name), nil)])
        }
    }
}
