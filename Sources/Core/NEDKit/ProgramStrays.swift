import Foundation

/// Ends what programs leave behind, also where they left their process group: every process that a program starts has
/// its environment, unless it gives itself another.
package enum ProgramStrays {
    static let ownerVariable = "OPENNED_PROGRAM_OWNER"
    static let tagVariable = "OPENNED_PROGRAM_TAG"

    /// What an earlier life of a controller left, for example after a power cut of the daemon alone. To be called once,
    /// when the run directory is claimed and before anything is started.
    ///
    /// - Returns: how many processes were ended.
    @discardableResult
    package static func end(owner: String) -> Int { end("\(ownerVariable)=\(owner)") }

    @discardableResult
    static func end(tag: String) -> Int { end("\(tagVariable)=\(tag)") }

    /// Again until none is found: one may make another while it is being ended.
    private static func end(_ variable: String) -> Int {
        let wanted = Array(variable.utf8)
        var ended = 0
        for _ in 0..<20 {
            let found = processes(with: wanted)
            if found.isEmpty { break }
            for process in found where kill(process, SIGKILL) == 0 { ended += 1 }
        }
        return ended
    }

    /// Living processes whose environment holds the variable. Those of other users cannot be read, and are not ours.
    private static func processes(with variable: [UInt8]) -> [pid_t] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return [] }
        let own = getpid()
        return names.compactMap { pid_t($0) }.filter { process in
            guard process != own, let environment = read("/proc/\(process)/environ") else { return false }
            return environment.split(separator: 0).contains { $0.elementsEqual(variable) }
        }
    }

    /// A process that has ended and waits for its parent has an empty environment.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 21 {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[0..<count]
        }
        return bytes
    }
}
