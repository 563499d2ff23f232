package import ConfigTree
package import YANG

/// One open session with a device, whatever it speaks, in NSO's phases.
///
/// Invariants: used by one thread at a time; once `isUsable` is false the session must be dropped, for nobody knows
/// where the device stands. `revert` and `redo` may be repeated, on a session that knows nothing of what went before.
package protocol DeviceSession: AnyObject {
    var target: DeviceTarget { get }
    var driver: Driver { get }
    /// What the device said of its modules when the session began.
    var announcement: ModuleAnnouncement { get }
    /// Where the session writes what passes. Each operation brings its own: it knows the secrets to mask.
    var trace: any DeviceTrace { get set }
    /// Whether the device stands where the session believes, as far as is known.
    var isUsable: Bool { get }
    /// Whether the device is still there; sends nothing, but notices that it hung up meanwhile.
    func isAlive() -> Bool
    /// Notes that an operation is over and the session waits for the next one.
    func returnToPool()
    func close()

    /// Reads the whole configuration.
    func show() throws(NEDError) -> DeviceReading
    /// The transaction id of what the device holds now.
    func transactionID() throws(NEDError) -> String
    /// Sends a change: to the running configuration, or to the candidate if the device has one.
    func prepare(_ change: NativeChange) throws(NEDError)
    /// Makes a prepared change real.
    func commit() throws(NEDError)
    /// Makes the change outlast a restart of the device.
    func persist() throws(NEDError)
    /// Takes a change back, whatever part of it the device took.
    func revert(_ reverse: ChangeSet) throws(NEDError)
    /// Brings a change to a device that perhaps has it in part already.
    func redo(_ change: ChangeSet) throws(NEDError)
}

extension DeviceSession {
    /// Throws `.outOfSync` if the device holds anything but what that transaction id stands for.
    package func requireTransactionID(_ expected: String?) throws(NEDError) {
        guard try transactionID() != expected else { return }
        throw NEDError(.outOfSync, device: target.name, "out of sync")
    }
}
