import Basics
import Foundation

/// The other side of `ChildSchemaBuilder`: what the program does when it is started to compile.
///
/// Standard input is the request, standard output the findings; the image goes to the path that the request names.
package enum CompileWorker {
    /// The first argument of such a process; the limits follow.
    package static let subcommand = "--compile-schema"

    /// The arguments that follow `subcommand`, for those limits.
    static func arguments(_ limits: CompileProcessLimits) -> [String] {
        [String(limits.memory), String(limits.cpuSeconds)]
    }

    /// Compiles if `arguments` (without the program's name) ask for it, and gives the exit status; else nil.
    package static func run(_ arguments: [String]) -> Int32? {
        guard arguments.first == subcommand else { return nil }
        guard arguments.count == 3, let memory = UInt(arguments[1]), let seconds = UInt(arguments[2]) else { return 2 }
        closeInherited()
        limit(RLIMIT_AS, memory, memory)
        // The first limit ends the process with SIGXCPU, which says why.
        limit(RLIMIT_CPU, seconds, seconds + 5)
        limit(RLIMIT_CORE, 0, 0)
        guard let (request, path) = try? CompileRequest.read(readAll(0)) else { return 2 }
        let diagnostics = DirectSchemaBuilder().build(request, into: path)
        return writeAll(1, DiagnosticList.bytes(diagnostics)) ? 0 : 3
    }

    /// Closes what the parent had open without close-on-exec.
    private static func closeInherited() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { close(descriptor) }
        }
    }

    private static func limit(_ resource: __rlimit_resource, _ soft: UInt, _ hard: UInt) {
        var limits = rlimit(rlim_cur: soft, rlim_max: hard)
        setrlimit(Int32(resource.rawValue), &limits)
    }

    static func readAll(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return bytes }
            bytes += chunk[0..<count]
        }
    }

    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, bytes.count - offset) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            offset += count
        }
        return true
    }
}
