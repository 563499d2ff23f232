/// A part of an item that is carried out as a whole: all devices of an atomic item, one of any other.
package struct QueueRun: Hashable, Sendable {
    package var item: Int64
    package var devices: [String]

    package init(item: Int64, devices: [String]) {
        self.item = item
        self.devices = devices
    }
}

/// How a run came out.
package enum QueueRunOutcome: Hashable, Sendable {
    /// Every device has the change.
    case done
    /// No device has it; those named failed, for a reason that may pass or for good.
    case failed([String: QueueFailure])
}

package struct QueueFailure: Hashable, Sendable {
    package var reason: String
    /// Whether it may pass: the device could not be reached, or was busy.
    package var isTransient: Bool

    package init(_ reason: String, isTransient: Bool) {
        self.reason = reason
        self.isTransient = isTransient
    }
}

/// Decides which queued commit may go to which device next; performs and stores nothing.
///
/// Invariants:
/// - A device gets the changes of the items in the order of their ids: none is begun at a device while an earlier item is
///   not over there, is locked, or is held after a failure.
/// - Of an atomic item all devices are begun together.
/// - What is being carried out is neither deleted nor pruned, and is in no second run.
package struct CommitQueue: Hashable, Sendable {
    /// In the order of their ids.
    package private(set) var items: [QueueItem] = []

    package init() {}

    /// What a restart finds. What was being carried out waits again: the log says what became of it at the devices.
    package init(restoring items: [QueueItem]) {
        self.items = items.sorted { $0.id < $1.id }
        for index in self.items.indices {
            for place in self.items[index].devices.indices where self.items[index].devices[place].state == .executing {
                self.items[index].devices[place].state = .waiting
            }
        }
    }

    package subscript(id: Int64) -> QueueItem? {
        get { items.first { $0.id == id } }
        set {
            guard let index = items.firstIndex(where: { $0.id == id }) else { return }
            if let newValue { items[index] = newValue } else { items.remove(at: index) }
        }
    }

    package mutating func add(_ item: QueueItem) {
        let place = items.firstIndex { $0.id > item.id } ?? items.endIndex
        items.insert(item, at: place)
    }

    package func items(of device: String) -> [QueueItem] {
        items.filter { item in item.devices.contains { $0.name == device && (!$0.hasEnded || item.isHeld) } }
    }

    // MARK: Running

    /// The devices at which something before the item is not over.
    package func waitsFor(_ item: QueueItem) -> [String] {
        item.devices.filter { !$0.hasEnded && isBlocked($0.name, before: item.id) }.map(\.name)
    }

    private func isBlocked(_ device: String, before id: Int64) -> Bool { blocker(of: device, before: id) != nil }

    /// The item that a later one waits for at a device.
    package func blocker(of device: String, before id: Int64) -> QueueItem? {
        items.first { item in
            guard item.id < id, let own = item[device: device] else { return false }
            return item.isFictive || item.isHeld || !own.hasEnded
        }
    }

    /// Begins what may begin, at most `limit` runs, the earliest items first.
    package mutating func begin(at time: Int64, limit: Int = .max) -> [QueueRun] {
        var runs: [QueueRun] = []
        for index in items.indices where runs.count < limit {
            let item = items[index]
            guard !item.isLocked, !item.isFictive, !item.hasEnded else { continue }
            let ready = item.devices.filter {
                $0.state == .waiting && $0.retryAt <= time && !isBlocked($0.name, before: item.id)
            }
            if item.isAtomic {
                guard ready.count == item.devices.count else { continue }
                runs.append(QueueRun(item: item.id, devices: ready.map(\.name)))
            } else {
                for device in ready.prefix(limit - runs.count) {
                    runs.append(QueueRun(item: item.id, devices: [device.name]))
                }
            }
        }
        for run in runs { set(run) { $0.state = .executing } }
        return runs
    }

    /// When there is something to be begun that could not be yet; nil if nothing waits for a time.
    package func nextDue(after time: Int64) -> Int64? {
        items.filter { !$0.isLocked && !$0.isFictive }
            .flatMap(\.devices).filter { $0.state == .waiting && $0.retryAt > time }.map(\.retryAt).min()
    }

    private mutating func set(_ run: QueueRun, _ change: (inout QueueDevice) -> Void) {
        guard var item = self[run.item] else { return }
        for name in run.devices {
            guard var device = item[device: name] else { continue }
            change(&device)
            item[device: name] = device
        }
        self[run.item] = item
    }

    /// Takes note of a run's end and returns the item as it then is; nil if there is no such item. An item that has
    /// ended stays until it is removed.
    package mutating func end(
        _ run: QueueRun, _ outcome: QueueRunOutcome, at time: Int64, policy: RetryPolicy
    ) -> QueueItem? {
        switch outcome {
        case .done:
            set(run) {
                $0.state = .done
                $0.reason = nil
            }
        case .failed(let failures): fail(run, failures, at: time, policy)
        }
        return self[run.item]
    }

    private mutating func fail(
        _ run: QueueRun, _ failures: [String: QueueFailure], at time: Int64, _ policy: RetryPolicy
    ) {
        var isOver = failures.isEmpty
        set(run) { device in
            guard let failure = failures[device.name] else { return }
            device.reason = failure.reason
            if failure.isTransient {
                device.attempts += 1
                device.failingSince = device.failingSince ?? time
                device.retryAt = time + policy.delay(afterAttempts: device.attempts)
            }
            if !failure.isTransient || policy.isExhausted(device, at: time) { isOver = true }
        }
        set(run) { device in
            guard isOver else {
                device.state = .waiting
                return
            }
            device.state = failures[device.name] == nil ? .aborted : .failed
        }
    }

    // MARK: What operators do

    /// Devices of an item that are tried again at once, all or those named.
    package mutating func retry(_ id: Int64? = nil, devices: [String] = []) {
        for item in items where id == nil || item.id == id {
            let names = item.devices.filter { $0.transientError != nil }.map(\.name)
            set(QueueRun(item: item.id, devices: devices.isEmpty ? names : names.filter(devices.contains))) {
                $0.retryAt = 0
            }
        }
    }

    package mutating func setLocked(_ id: Int64, _ isLocked: Bool) { self[id]?.isLocked = isLocked }
    package mutating func setAtomic(_ id: Int64, _ isAtomic: Bool) {
        // Once a device has the change, they no longer come together.
        guard let item = self[id], !item.isExecuting, !isAtomic || item.devices.allSatisfy({ !$0.hasEnded }) else {
            return
        }
        self[id]?.isAtomic = isAtomic
    }

    /// Takes an item out. Nil if there is none, or if it is being carried out.
    package mutating func remove(_ id: Int64) -> QueueItem? {
        guard let item = self[id], !item.isExecuting else { return nil }
        self[id] = nil
        return item
    }

    /// Takes devices out of an item, and the item if it has no other; returns those taken out. An atomic item is left as
    /// it is unless all its devices go.
    package mutating func prune(_ id: Int64, _ names: Set<String>) -> [String] {
        guard var item = self[id] else { return [] }
        let going = item.devices.filter { names.contains($0.name) && ($0.state == .waiting || item.isHeld) }
        guard !going.isEmpty, !item.isAtomic || going.count == item.devices.count else { return [] }
        item.devices.removeAll { going.contains($0) }
        self[id] = item.devices.isEmpty ? nil : item
        return going.map(\.name)
    }
}
