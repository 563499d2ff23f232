internal import CSSH
internal import Foundation
internal import Synchronization

/// One listening socket, its host key and who decides behind it.
///
/// `bind` only lends options and key to each accepted session; it never listens, so that thousands of ports are plain
/// sockets in epoll. Both descriptor and `bind` are used under the lock: accept runs on one loop, sessions on any.
final class SSHServerListener: Sendable {
    let id: SSHListenerID
    let handler: any SSHServerHandler
    let address: SocketAddress
    let sessions = Atomic(0)
    private let state: Mutex<State>

    private struct State: @unchecked Sendable {
        var descriptor: Int32
        let bind: ssh_bind
    }

    init(
        id: SSHListenerID, address: SocketAddress, hostKey: SSHPrivateKey, algorithms: SSHAlgorithms,
        handler: any SSHServerHandler
    ) throws(WireError) {
        self.id = id
        self.handler = handler
        let bind = try Self.makeBind(hostKey, algorithms, peer: address.description)
        do {
            let descriptor = try Self.listen(address)
            self.address = SocketAddress(host: address.host, port: Self.localPort(descriptor))
            state = Mutex(State(descriptor: descriptor, bind: bind))
        } catch {
            ssh_bind_free(bind)
            throw error
        }
    }

    deinit {
        close()
        state.withLock { ssh_bind_free($0.bind) }
    }

    /// -1 once closed.
    var descriptor: Int32 { state.withLock(\.descriptor) }

    /// Frees the port. Closing also takes the descriptor out of epoll.
    func close() {
        state.withLock { state in
            if state.descriptor >= 0 { Foundation.close(state.descriptor) }
            state.descriptor = -1
        }
    }

    enum Accepted {
        case connection(descriptor: Int32, client: String)
        case none
        /// Out of descriptors or memory: try again later.
        case exhausted
    }

    func accept() -> Accepted {
        state.withLock { state in
            guard state.descriptor >= 0 else { return .none }
            while true {
                var storage = sockaddr_storage()
                var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        openned_accept(state.descriptor, $0, &size)
                    }
                }
                if descriptor >= 0 { return .connection(descriptor: descriptor, client: Self.text(storage, size)) }
                switch errno {
                case EINTR, ECONNABORTED: continue
                case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
                default: return .none
                }
            }
        }
    }

    /// Gives the session its socket, options and a copy of the host key.
    func equip(_ native: ssh_session, _ descriptor: Int32) -> Bool {
        state.withLock { state in
            ssh_bind_accept_fd(state.bind, native, descriptor) == SSH_OK
        }
    }

    private static func makeBind(
        _ hostKey: SSHPrivateKey, _ algorithms: SSHAlgorithms, peer: String
    ) throws(WireError) -> ssh_bind {
        guard let bind = ssh_bind_new() else { throw WireError(.system, peer: peer, "cannot listen: out of memory") }
        var isDone = false
        defer { if !isDone { ssh_bind_free(bind) } }
        var no: Int32 = 0
        ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no)
        let key = try hostKey.duplicate()
        guard ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, UnsafeRawPointer(key)) == SSH_OK else {
            ssh_key_free(key)
            throw WireError(
                .invalidArgument, peer: peer, "the host key can't be used", remedy: "use an Ed25519, ECDSA or RSA key")
        }
        for (option, names) in [
            (SSH_BIND_OPTIONS_KEY_EXCHANGE, algorithms.keyExchange), (SSH_BIND_OPTIONS_CIPHERS_C_S, algorithms.ciphers),
            (SSH_BIND_OPTIONS_CIPHERS_S_C, algorithms.ciphers), (SSH_BIND_OPTIONS_HMAC_C_S, algorithms.macs),
            (SSH_BIND_OPTIONS_HMAC_S_C, algorithms.macs), (SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, algorithms.hostKeys),
        ] where !names.isEmpty {
            let value = names.joined(separator: ",")
            guard ssh_bind_options_set(bind, option, value) == SSH_OK else {
                throw WireError(
                    .invalidArgument, peer: peer, "unusable algorithms \"\(value)\"",
                    remedy: "give names that libssh \(String(cString: ssh_version(0))) knows")
            }
        }
        isDone = true
        return bind
    }

    static func listen(_ address: SocketAddress) throws(WireError) -> Int32 {
        guard let candidate = try address.resolved(passive: true).first else {
            throw WireError(.addressUnavailable, peer: address.description, "no address")
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(candidate.family, type, 0)
        guard descriptor >= 0 else { throw .system("cannot make a socket", errno, peer: address.description) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let isBound = candidate.withAddress { bind(descriptor, $0, $1) } == 0
        guard isBound, Foundation.listen(descriptor, 512) == 0 else {
            let reason = String(cString: strerror(errno))
            Foundation.close(descriptor)
            throw WireError(
                .addressUnavailable, peer: address.description, "cannot listen: \(reason)",
                remedy: "choose another port or address, or stop what listens there")
        }
        return descriptor
    }

    static func localPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }
    }

    private static func text(_ storage: sockaddr_storage, _ size: socklen_t) -> String {
        var storage = storage
        var host = [CChar](repeating: 0, count: 64)
        let rc = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo($0, size, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
        }
        let port = withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }
        let name = rc == 0 ? String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "?"
        return SocketAddress(host: name, port: port).description
    }
}
