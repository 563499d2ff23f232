internal import CSSH
internal import Foundation
internal import Synchronization

/// A shell, command or subsystem on the peer, as a byte stream.
package final class SSHClientChannel: ByteStream {
    package let session: SSHSession
    package let peer: String
    /// Guarded by the session's lock, as every use of it is.
    private nonisolated(unsafe) let native: ssh_channel
    private nonisolated(unsafe) let output: OutputState
    private let isClosed = Atomic(false)

    /// What came beside standard output; guarded by the session's lock.
    private final class OutputState {
        var errors: [UInt8] = []
    }

    /// Standard error kept for `standardError`; the rest is read and dropped, or the peer's window would close.
    private static let errorLimit = 1 << 16

    init(_ session: SSHSession, _ native: ssh_channel) {
        self.session = session
        self.native = native
        peer = "ssh \(session.options.user)@\(session.options.address)"
        output = OutputState()
    }

    deinit {
        session.lock.withLock { state in
            if !state.isDisconnected { ssh_channel_free(native) }
        }
    }

    package func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
        try checkOpen()
        return try session.wait(deadline, "no data within the read time-out") { state throws(WireError) -> [UInt8]?? in
            try checkOpen()
            drainErrors()
            let bytes = Self.take(native, isError: false)
            if !bytes.isEmpty { return .some(bytes) }
            if ssh_channel_is_eof(native) != 0 { return .some(nil) }
            if SSHSession.isOver(state.native) { return nil }
            return ssh_channel_is_closed(native) != 0 ? .some(nil) : nil
        }
    }

    package func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) {
        try checkOpen()
        var offset = 0
        try session.wait(deadline, "data not taken within the write time-out") { state throws(WireError) -> Void? in
            try checkOpen()
            while offset < bytes.count, ssh_get_status(state.native) & SSH_WRITE_PENDING == 0 {
                let count = bytes.withUnsafeBytes {
                    ssh_channel_write(native, $0.baseAddress! + offset, UInt32(min($0.count - offset, 1 << 15)))
                }
                if count < 0 {
                    if SSHSession.isOver(state.native) { return nil }
                    throw WireError(
                        .closedByPeer, peer: peer, "channel closed by the peer while writing",
                        remedy: "open a new session; look at the device's log")
                }
                if count == 0 { return nil }
                offset += Int(count)
            }
            let isFlushed = ssh_get_status(state.native) & SSH_WRITE_PENDING == 0
            return isFlushed && offset == bytes.count ? () : nil
        }
    }

    /// Tells the peer that no more input comes; reading goes on.
    package func sendEndOfInput() throws(WireError) {
        try checkOpen()
        session.lock.withLock { if !$0.isDisconnected { ssh_channel_send_eof(native) } }
    }

    /// Tells the peer that the terminal has another size.
    package func changeWindow(columns: Int, rows: Int) throws(WireError) {
        try checkOpen()
        session.lock.withLock { state in
            if !state.isDisconnected { ssh_channel_change_pty_size(native, Int32(columns), Int32(rows)) }
        }
    }

    /// The exit status of a command, waiting for the channel's end; nil if the peer gave none. Output not read is lost.
    package func waitForExit(deadline: Deadline) throws(WireError) -> Int32? {
        while try read(deadline: deadline) != nil {}
        return try session.wait(deadline, "no exit status within the read time-out") { state -> Int32?? in
            let status = ssh_channel_get_exit_status(native)
            if status >= 0 { return .some(status) }
            let isOver = ssh_channel_is_closed(native) != 0 || SSHSession.isOver(state.native)
            return isOver ? .some(nil) : nil
        }
    }

    /// The first 64 KiB of what the peer wrote to standard error so far.
    package var standardError: [UInt8] {
        session.lock.withLock { state in
            if !state.isDisconnected { drainErrors() }
            return output.errors
        }
    }

    package func close() {
        guard isClosed.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        session.lock.withLock { state in
            if !state.isDisconnected, ssh_is_connected(state.native) != 0 { ssh_channel_close(native) }
        }
        session.cancellation.wake()
    }

    /// Aborts the whole session: what is half done on one channel leaves the device in an unknown mode.
    package func abort() { session.abort() }

    private func checkOpen() throws(WireError) {
        if isClosed.load(ordering: .acquiring) { throw WireError(.cancelled, peer: session.peer, "channel closed") }
    }

    private func drainErrors() {
        let bytes = Self.take(native, isError: true)
        output.errors += bytes.prefix(Self.errorLimit - output.errors.count)
    }

    private static func take(_ native: ssh_channel, isError: Bool) -> [UInt8] {
        let available = ssh_channel_poll(native, isError ? 1 : 0)
        guard available > 0 else { return [] }
        let wanted = min(Int(available), 1 << 16)
        return [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            count = max(
                0, Int(ssh_channel_read_nonblocking(native, buffer.baseAddress, UInt32(wanted), isError ? 1 : 0)))
        }
    }
}
