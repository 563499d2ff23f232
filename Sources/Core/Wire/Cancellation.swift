internal import CSSH
internal import Foundation
internal import Synchronization

/// Lets another thread end a wait: a flag, and a descriptor that wakes poll(2).
final class Cancellation: Sendable {
    let descriptor: Int32
    private let flag = Atomic(false)

    init() throws(WireError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if descriptor < 0 {
            throw WireError(
                .system, peer: "", "cannot make an event descriptor: \(String(cString: strerror(errno)))",
                remedy: "raise the limit of open files")
        }
    }

    deinit { close(descriptor) }

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() {
        flag.store(true, ordering: .releasing)
        wake()
    }

    /// Makes waits under way look again.
    func wake() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Takes back a `wake`; a cancellation stays.
    func drain() {
        guard !isCancelled else { return }
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        if isCancelled { wake() }
    }
}

/// How a wait on a socket ended.
enum SocketReadiness {
    /// Bytes, an end or an error to read; only room to write; a wake or a signal; the deadline.
    case readable, writable, woken, timedOut
}

/// Waits for `events` on the socket, a wake, or the deadline; `atMost` milliseconds if given.
func waitForSocket(
    _ socket: Int32, events: Int16, wakened: Cancellation, deadline: Deadline, atMost: Int32? = nil
) -> SocketReadiness {
    var entries = [
        pollfd(fd: socket, events: events, revents: 0),
        pollfd(fd: wakened.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    var timeout = deadline.pollMilliseconds
    if let atMost { timeout = timeout < 0 ? atMost : min(timeout, atMost) }
    let count = poll(&entries, 2, timeout)
    if count < 0 { return .woken }
    if entries[1].revents != 0 {
        wakened.drain()
        return .woken
    }
    if count == 0 { return .timedOut }
    return entries[0].revents & ~Int16(POLLOUT) == 0 ? .writable : .readable
}
