import Foundation
import TestSupport

/// A NETCONF client over TCP with base 1.1 that looks at texts only.
final class PlainNETCONF {
    private let descriptor: Int32
    private static let base = "urn:ietf:params:xml:ns:netconf:base:1.0"

    init(port: UInt16) throws {
        descriptor = try Self.connected(to: port)
        _ = try listen(to: "]]>]]>")
        try say(
            "<hello xmlns=\"\(Self.base)\"><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability>"
                + "</capabilities></hello>]]>]]>")
    }

    deinit { close(descriptor) }

    /// A connection to a port of this machine, on which nothing has been said yet; the caller closes it.
    static func connected(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ProcessFault("no socket: \(errno)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            throw ProcessFault("cannot connect to port \(port): \(errno)")
        }
        return descriptor
    }

    /// Carries out an operation; the reply with its framing.
    func ask(_ operation: String) throws -> String {
        let message = "<rpc message-id=\"1\" xmlns=\"\(Self.base)\">\(operation)</rpc>"
        try say("\n#\(message.utf8.count)\n\(message)\n##\n")
        return try listen(to: "\n##\n")
    }

    private func say(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw ProcessFault("the server has closed the connection") }
            bytes = bytes.dropFirst(count)
        }
    }

    private func listen(to end: String) throws -> String {
        let end = Array(end.utf8)
        var heard: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !heard.suffix(end.count).elementsEqual(end) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw ProcessFault("closed after: \(String(decoding: heard, as: UTF8.self))") }
            heard += buffer[..<count]
        }
        return String(decoding: heard, as: UTF8.self)
    }
}
