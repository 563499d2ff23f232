import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import PackageManager
import Synchronization
import Transactions

extension NetworkController {
    /// What `ncs --status` prints: one fact a line, `key: value`.
    package func statusText() -> String {
        let (system, number, tree) = head.withLock { ($0.system, $0.number, $0.tree) }
        var lines = ["vsn: \(Product.compatibleVersion)", "OpenNED: \(Product.version)", "status: started"]
        lines.append("cdb: \(database.path), transaction \(number)")
        lines.append("devices: \(tree.allDevices().count)")
        lines.append("packages (generation \(system.generation.number)):")
        for package in system.generation.packages {
            lines.append("  \(package.name) \(package.version) \(package.status.leafName)")
        }
        lines.append("participants in doubt: \(doubts.all.count)")
        for doubt in doubts.all { lines.append("  \(doubt.item.participant): \(doubt.reason)") }
        lines.append("sessions:")
        for session in sessions.all { lines.append("  \(session.id) \(session.user.name) \(session.user.context)") }
        return lines.joined(separator: "\n")
    }
}
