internal import CSSH
internal import Synchronization

extension SSHSession {
    /// A login shell on a terminal, as an operator would see it; without one, as a script would.
    package func openShell(terminal: SSHTerminal? = SSHTerminal()) throws(WireError) -> SSHClientChannel {
        let channel = try openChannel()
        if let terminal {
            try request(channel, "a terminal") {
                ssh_channel_request_pty_size($0, terminal.type, Int32(terminal.columns), Int32(terminal.rows))
            }
        }
        try request(channel, "a shell") { ssh_channel_request_shell($0) }
        return wrap(channel)
    }

    /// One command, without a terminal.
    package func openExec(_ command: String) throws(WireError) -> SSHClientChannel {
        let channel = try openChannel()
        try request(channel, "a command") { ssh_channel_request_exec($0, command) }
        return wrap(channel)
    }

    /// A subsystem by name, such as `netconf`.
    package func openSubsystem(_ name: String) throws(WireError) -> SSHClientChannel {
        let channel = try openChannel()
        try request(channel, "the subsystem \(name)") { ssh_channel_request_subsystem($0, name) }
        return wrap(channel)
    }

    /// A connection that the server makes from where it stands: `direct-tcpip` of RFC 4254, section 7.2.
    ///
    /// Throws `unreachable` with the server's reason if it cannot, or does not want to.
    package func openForward(to address: SocketAddress) throws(WireError) -> SSHClientChannel {
        let handle = try newChannel()
        do {
            let deadline = Deadline.after(options.connectTimeout)
            try wait(deadline, "no connection to \(address) within the connect time-out") {
                state throws(WireError) -> Void? in
                let rc = ssh_channel_open_forward(handle.native, address.host, Int32(address.port), "127.0.0.1", 0)
                if rc == SSH_AGAIN { return nil }
                if rc == SSH_OK { return () }
                if Self.isOver(state.native) { return nil }
                let reason = String(cString: ssh_get_error(UnsafeMutableRawPointer(state.native)))
                throw WireError(
                    .unreachable, peer: self.peer, "no connection to \(address) from there (\(reason))",
                    remedy: "check the address, and that the server may forward TCP connections")
            }
        } catch {
            lock.withLock { if !$0.isDisconnected { ssh_channel_free(handle.native) } }
            throw error
        }
        return wrap(handle)
    }

    /// A channel whose use is guarded by the session's lock.
    private struct Handle: @unchecked Sendable {
        let native: ssh_channel
    }

    private func wrap(_ handle: Handle) -> SSHClientChannel { SSHClientChannel(self, handle.native) }

    private func newChannel() throws(WireError) -> Handle {
        try lock.withLock { state throws(WireError) -> Handle in
            guard let native = ssh_channel_new(state.native) else {
                throw WireError(.system, peer: peer, "cannot make a channel: out of memory")
            }
            return Handle(native: native)
        }
    }

    private func openChannel() throws(WireError) -> Handle {
        let handle = try newChannel()
        try request(handle, "a session channel") { ssh_channel_open_session($0) }
        return handle
    }

    /// Runs a request to its answer; frees the channel if it fails.
    private func request(_ handle: Handle, _ what: String, _ call: (ssh_channel) -> Int32) throws(WireError) {
        do {
            let deadline = Deadline.after(options.readTimeout)
            try wait(deadline, "no answer to the request for \(what)") { state throws(WireError) -> Void? in
                let rc = call(handle.native)
                if rc == SSH_AGAIN { return nil }
                if rc == SSH_OK { return () }
                if Self.isOver(state.native) { return nil }
                throw WireError(
                    .protocolFailure, peer: self.peer, "the server refuses \(what)",
                    remedy: "check what the user may do on the device")
            }
        } catch {
            lock.withLock { if !$0.isDisconnected { ssh_channel_free(handle.native) } }
            throw error
        }
    }
}
