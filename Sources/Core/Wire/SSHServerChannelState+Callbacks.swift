internal import CSSH

extension SSHServerChannelState {
    private static func from(_ context: UnsafeMutableRawPointer?) -> SSHServerChannelState {
        Unmanaged<SSHServerChannelState>.fromOpaque(context!).takeUnretainedValue()
    }

    /// 0 accepts a request; the session holds this object while libssh runs.
    func fill(_ callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>) {
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.channel_data_function = { _, _, data, length, isError, context in
            let bytes = UnsafeRawBufferPointer(start: data, count: Int(length))
            return Int32(SSHServerChannelState.from(context).received(bytes, isError: isError != 0))
        }
        callbacks.pointee.channel_close_function = { _, _, context in
            SSHServerChannelState.from(context).remoteClosed()
        }
        callbacks.pointee.channel_pty_request_function = { _, _, type, columns, rows, _, _, context in
            let terminal = SSHTerminal(
                type: type.map { String(cString: $0) } ?? "dumb", columns: Int(columns), rows: Int(rows))
            return SSHServerChannelState.from(context).setTerminal(terminal) ? 0 : -1
        }
        callbacks.pointee.channel_pty_window_change_function = { _, _, columns, rows, _, _, context in
            SSHServerChannelState.from(context).windowChanged(columns: Int(columns), rows: Int(rows))
            return 0
        }
        callbacks.pointee.channel_shell_request_function = { _, _, context in
            SSHServerChannelState.from(context).open(.shell) ? 0 : 1
        }
        callbacks.pointee.channel_exec_request_function = { _, _, command, context in
            guard let command else { return 1 }
            return SSHServerChannelState.from(context).open(.exec(command: String(cString: command))) ? 0 : 1
        }
        callbacks.pointee.channel_subsystem_request_function = { _, _, name, context in
            guard let name else { return 1 }
            return SSHServerChannelState.from(context).open(.subsystem(name: String(cString: name))) ? 0 : 1
        }
    }
}
