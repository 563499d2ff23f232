import Synchronization

/// When input counts as read at a device that reads slowly.
final class InputPace: Sendable {
    private let readUntil = Mutex(ContinuousClock.now)

    /// How long the device takes until it has read so many bytes more, in milliseconds.
    func pause(for count: Int, _ doors: FaultInjector.Doors) -> Int {
        guard let rate = doors.readingRate else { return 0 }
        let now = ContinuousClock.now
        return readUntil.withLock { end in
            end = max(end, now) + .microseconds(count * 1_000_000 / rate)
            return max(1, Int((end - now) / .milliseconds(1)))
        }
    }
}
