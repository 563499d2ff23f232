import Foundation
import Synchronization

/// TCP ports that nobody listens on, below those that the system gives out by itself.
package enum FreePorts {
    private static let next = Mutex(20_000 + Int(getpid()) % 97 * 100)
    private static let last = 32_000

    /// The first of `count` free ports in a row. No two calls in one process give the same.
    package static func block(_ count: Int) throws -> Int {
        try next.withLock { next in
            for _ in 0..<2_000 {
                if next + count > last { next = 20_000 }
                let first = next
                guard let taken = (first..<first + count).first(where: { !isFree($0) }) else {
                    next = first + count
                    return first
                }
                next = taken + 1
            }
            throw ProcessFault("no \(count) free ports in a row")
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
