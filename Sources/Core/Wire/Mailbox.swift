internal import CSSH
internal import Foundation
internal import Synchronization

/// Hands items to one thread that waits in epoll: a locked queue and a descriptor that turns readable.
///
/// Invariant: while items wait that other threads have posted, the descriptor is readable. The owner's own posts do not
/// wake it, so it asks `hasItems` before it sleeps. Outlives its loop if somebody still holds it; what is posted then is
/// dropped.
final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isOpen = true
        /// The descriptor is readable, or is about to be made so by the thread that set this.
        var isWoken = false
        var owner: pthread_t?
    }

    let descriptor: Int32
    private let state = Mutex(State())

    init() throws(WireError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if descriptor < 0 { throw .system("cannot make an event descriptor", errno) }
    }

    deinit { close(descriptor) }

    /// Called once by the thread that takes.
    func adopt() { state.withLock { $0.owner = pthread_self() } }

    /// Whether something waits; for the owner, before it sleeps.
    var hasItems: Bool { state.withLock { !$0.items.isEmpty } }

    /// False if the loop has ended; the item is then dropped.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let (isOpen, needsWake) = state.withLock { state -> (Bool, Bool) in
            guard state.isOpen else { return (false, false) }
            state.items.append(item)
            let isOwn = state.owner.map { pthread_equal($0, pthread_self()) != 0 } ?? false
            if isOwn || state.isWoken { return (true, false) }
            state.isWoken = true
            return (true, true)
        }
        if needsWake {
            var one: UInt64 = 1
            _ = write(descriptor, &one, 8)
        }
        return isOpen
    }

    func take() -> [Item] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return state.withLock { state in
            defer {
                state.items = []
                state.isWoken = false
            }
            return state.items
        }
    }

    /// Takes the last items and refuses later ones.
    func end() -> [Item] {
        state.withLock { state in
            defer { state.items = [] }
            state.isOpen = false
            return state.items
        }
    }
}

extension WireError {
    static func system(_ what: String, _ reason: Int32, peer: String = "") -> WireError {
        WireError(
            .system, peer: peer, "\(what): \(String(cString: strerror(reason)))",
            remedy: "raise the limits of open files and threads")
    }
}
