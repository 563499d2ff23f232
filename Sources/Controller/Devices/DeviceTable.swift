import Synchronization

/// A value for each device, for many threads that work on a device each.
///
/// Devices are spread over locks: threads on different devices hardly ever wait for each other. With one lock for all, a
/// thread that the system stops while it holds the lock makes the others queue, and the queue outlives it.
final class DeviceTable<Value: Sendable>: Sendable {
    private final class Shard: Sendable {
        let values = Mutex<[String: Value]>([:])
    }

    private let shards = (0..<64).map { _ in Shard() }

    private func shard(_ device: String) -> Shard {
        shards[Int(truncatingIfNeeded: UInt(bitPattern: device.hashValue) % UInt(shards.count))]
    }

    subscript(device: String) -> Value? { shard(device).values.withLock { $0[device] } }

    /// Runs `body` on the device's value, alone among those who use that.
    func withValue<Result>(of device: String, _ body: (inout sending Value?) -> sending Result) -> sending Result {
        shard(device).values.withLock { values in body(&values[device]) }
    }

    /// The device's value, made if there is none.
    func value(of device: String, orMaking make: () -> Value) -> Value {
        shard(device).values.withLock { values in
            if let value = values[device] { return value }
            let value = make()
            values[device] = value
            return value
        }
    }

    /// What was there, which is there no longer.
    @discardableResult
    func remove(_ device: String) -> Value? { shard(device).values.withLock { $0.removeValue(forKey: device) } }

    var devices: [String] { shards.flatMap { $0.values.withLock { Array($0.keys) } } }
    var all: [Value] { shards.flatMap { $0.values.withLock { Array($0.values) } } }
}
