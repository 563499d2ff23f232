import Synchronization

/// A value in an object of its own, so that an atomic reference can hold it.
final class Box<Value: Sendable>: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Values that are made when they are first asked for, from any thread; two threads may make one twice, and one stays.
///
/// `@unchecked Sendable`: the slots are atomic, and the pointer to them never changes.
final class LazyTable<Value: Sendable>: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<AtomicLazyReference<Box<Value>>>
    let count: Int

    init(count: Int) {
        self.count = count
        slots = .allocate(capacity: max(count, 1))
        for index in 0..<count { (slots + index).initialize(to: AtomicLazyReference()) }
    }

    deinit {
        slots.deinitialize(count: count)
        slots.deallocate()
    }

    func value(at index: Int, _ make: () -> Value) -> Value {
        precondition(index >= 0 && index < count)
        if let known = slots[index].load() { return known.value }
        return slots[index].storeIfNil(Box(make())).value
    }
}
