package import ConfigTree
package import YANG

/// One open session with a device, whatever it speaks, in NSO's phases.
///
/// Invariants: used by one thread at a time; once `isUsable` is false the session must be dropped, for nobody knows
/// where the device stands. `revert` and `redo` may be repeated, on a session that knows nothing of what went before.
package protocol DeviceSession: AnyObject {
    var target: DeviceTarget { get }
    var driver: Driver { get }
    /// By which traces tell the sessions of a device apart.
    var number: Int { get }
    /// What the device said of its modules when the session began.
    var announcement: ModuleAnnouncement { get }
    /// The capabilities that the device announced, as URIs; none where its protocol has no such thing.
    var capabilities: [String] { get }
    /// Where the session writes what passes. Each operation brings its own: it knows the secrets to mask.
    var trace: any DeviceTrace { get set }
    /// What the device is known to make of what it is told. Each operation brings it, and may learn more.
    var rewrites: DeviceRewrites { get set }
    /// Whether the device stands where the session believes, as far as is known.
    var isUsable: Bool { get }
    /// Whether the device is still there; sends nothing, but notices that it hung up meanwhile.
    func isAlive() -> Bool
    func close()
    /// A phase of the work begins: what goes wrong from here on is reported under its name.
    func begin(phase: String)

    /// Reads the whole configuration, as the device shows it.
    func show() throws(NEDError) -> DeviceReading
    /// The same, with what is known of it if the device shows that again: then nothing has to be made of what it shows.
    func show(knowing known: KnownReading?) throws(NEDError) -> DeviceReading
    /// The transaction id of what the device holds now.
    func transactionID() throws(NEDError) -> String
    /// The transaction id of a device that is known to hold what was sent. A driver whose devices rewrite what they are
    /// told remembers what this one made of it.
    func learn(sent: DataTree) throws(NEDError) -> String
    /// Sends a change: to the running configuration, or to the candidate if the device has one.
    func prepare(_ change: NativeChange) throws(NEDError)
    /// Makes a prepared change real.
    func commit() throws(NEDError)
    /// Makes the change outlast a restart of the device.
    func persist() throws(NEDError)
    /// Sends one command of the device's operational mode; its answer.
    func perform(_ command: String) throws(NEDError) -> String
    /// Reads operational data at and below `paths`, in the driver's model; all of it without paths. A list may have
    /// fewer keys than it has, from the first on: then all entries that have those.
    func state(at paths: [InstancePath]) throws(NEDError) -> StateReading
    /// Carries out an operation or action of the device's own.
    func carryOut(_ operation: DeviceOperation) throws(NEDError) -> DeviceAnswer
    /// Takes a change back, whatever part of it the device took.
    func revert(_ reverse: ChangeSet) throws(NEDError)
    /// Brings a change to a device that perhaps has it in part already.
    func redo(_ change: ChangeSet) throws(NEDError)
}

extension DeviceSession {
    package var capabilities: [String] { [] }

    package func begin(phase: String) {}

    /// Notes that an operation is over and the session waits for the next one.
    package func returnToPool() {
        trace.phase(.toDriver, "CLOSE \(number): (Pool: true)")
        trace.phase(.fromDriver, "CLOSED")
    }

    /// Traces a phase around its work: `>> PREPARE 1:` with what belongs to it, `<< PREPARE OK`.
    func phase<Result>(
        _ name: String, _ details: String = "", lines: [String] = [], _ work: () throws(NEDError) -> Result
    ) throws(NEDError) -> Result {
        let headline = "\(name) \(number):" + (details.isEmpty ? "" : " " + details)
        trace.phase(.toDriver, ([headline] + lines).joined(separator: "\n"))
        begin(phase: name)
        do {
            let result = try work()
            trace.phase(.fromDriver, "\(name) OK")
            return result
        } catch {
            var fault = error
            fault.phase = name
            trace.phase(.fromDriver, "\(name) ERROR: \(fault.message)")
            throw fault
        }
    }

    /// What the device holds, in the words in which it was sent: what it is known to rewrite is taken back.
    ///
    /// - Parameter known: an earlier reading, with what was made of it.
    package func reading(knowing known: KnownReading? = nil) throws(NEDError) -> DeviceReading {
        var reading = try show(knowing: known)
        guard !reading.isKnown else { return reading }
        reading.tree = rewrites.applied(to: reading.tree)
        reading.mark?.rewrites = rewrites
        return reading
    }

    package func show(knowing known: KnownReading?) throws(NEDError) -> DeviceReading { try show() }

    package func learn(sent: DataTree) throws(NEDError) -> String { try transactionID() }

    package func perform(_ command: String) throws(NEDError) -> String {
        throw NEDError(.driver, device: target.name, "the device has no command line that its driver could use")
    }

    package func state(at paths: [InstancePath]) throws(NEDError) -> StateReading {
        throw NEDError(
            .driver, device: target.name, "the driver \(driver.shortID) does not read operational data of its devices")
    }

    package func carryOut(_ operation: DeviceOperation) throws(NEDError) -> DeviceAnswer {
        throw NEDError(
            .driver, device: target.name, "the driver \(driver.shortID) does not carry out operations of its devices")
    }

    /// What the device holds, and that with `change` laid over it.
    func held(with change: ChangeSet) throws(NEDError) -> (now: DataTree, wanted: DataTree) {
        let now = try reading().tree
        do {
            return (now, try now.applying(change))
        } catch {
            throw NEDError(.driver, device: target.name, "the change does not fit the driver's model: \(error)")
        }
    }

    /// Throws `.outOfSync` if the device holds anything but what that transaction id stands for.
    package func requireTransactionID(_ expected: String?) throws(NEDError) {
        guard try transactionID() != expected else { return }
        throw NEDError(.outOfSync, device: target.name, "out of sync")
    }
}
