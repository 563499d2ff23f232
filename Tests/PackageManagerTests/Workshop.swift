import Foundation
import PackageManager
import PackageSigning
import Testing

/// A directory of its own for a test, and the programs of the system.
final class Workshop {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "openned-packages-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        _ = try? run("chmod -R u+w .")
        try? FileManager.default.removeItem(atPath: directory)
    }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try FileManager.default.createDirectory(
            atPath: (path(name) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    struct Outcome {
        var status: Int32
        var output: String
    }

    /// Runs a command line with `sh -c` in the directory; output and errors together.
    @discardableResult
    func run(_ command: String, environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }

    /// Runs a command that must succeed.
    func must(_ command: String) throws {
        let outcome = try run(command)
        try #require(outcome.status == 0, "\(command): \(outcome.output)")
    }

    /// Makes `name` with Python's tarfile; `lines` use `t` (the TarFile) and the helpers `file`, `dir`, `odd`.
    func tar(_ name: String, mode: String = "w:gz", format: String = "PAX_FORMAT", _ lines: String) throws {
        let script = """
            import tarfile, io
            t = tarfile.open('\(name)', '\(mode)', format=tarfile.\(format))
            def file(name, data=b'x', mode=0o644, **more):
                i = tarfile.TarInfo(name); i.size = len(data); i.mode = mode
                for k, v in more.items(): setattr(i, k, v)
                t.addfile(i, io.BytesIO(data))
            def dir(name, mode=0o755):
                i = tarfile.TarInfo(name); i.type = tarfile.DIRTYPE; i.mode = mode
                t.addfile(i)
            def odd(name, type, link='', **more):
                i = tarfile.TarInfo(name); i.type = type; i.linkname = link
                for k, v in more.items(): setattr(i, k, v)
                t.addfile(i)
            \(lines)
            t.close()

            """
        try write("make.py", script)
        try must("python3 make.py")
    }
}
