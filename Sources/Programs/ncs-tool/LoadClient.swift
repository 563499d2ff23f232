import Basics
import ControlProtocol
import Foundation

/// `ncs_load`: prints the configuration, or loads documents (manual page ncs_load.1).
enum LoadClient {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        let start = Date()
        do {
            let options = try LoadClientOptions(arguments)
            if options.isHelp {
                print(LoadClientOptions.usage)
                return 0
            }
            try requireOwnTransaction(environment)
            let status = try perform(options, environment)
            if options.isTimed {
                let seconds = String(format: "%.3f", Date().timeIntervalSince(start))
                ToolPrograms.complain("elapsed time: \(seconds) s")
            }
            return status
        } catch {
            let reason = (error as? ControlError)?.message ?? (error as? LoadClientOptions.Fault)?.message ?? "\(error)"
            ToolPrograms.complain("ncs_load: \(reason)")
            return 1
        }
    }

    private static func requireOwnTransaction(_ environment: [String: String]) throws {
        for name in ["NCS_MAAPI_USID", "NCS_MAAPI_THANDLE"] where environment[name]?.isEmpty == false {
            throw LoadClientOptions.Fault(
                message: "\(name) is set, but this daemon lends no transaction of another session; unset it")
        }
    }

    private static func perform(_ options: LoadClientOptions, _ environment: [String: String]) throws -> Int32 {
        var hello = Hello(purpose: .control, user: options.user, groups: options.groups)
        hello.context = options.context
        let path = ControlClient.socketPath(environment: environment)
        if options.debugLevel > 0 { ToolPrograms.complain("ncs_load: connecting to \(path) as \(options.who)") }
        let meter = LoadMeter()
        let inputs = options.isLoading ? try options.inputs() : []
        let output = try LoadOutput(options.isLoading ? nil : options.outputFile)
        let connection = try ControlClient.open(path, hello: hello)
        let reply = try ControlClient.perform(
            options.command(inputs.map(\.name), isWatched: meter.isShown),
            documents: inputs.map { input in { try input.next(meter) } }, on: connection,
            output: { try output.write($0) }, progress: { meter.say($0) })
        meter.clear()
        if options.debugLevel > 0 {
            ToolPrograms.complain(
                "ncs_load: \(inputs.reduce(0) { $0 + $1.count }) bytes sent, \(output.count) received")
        }
        if !reply.text.isEmpty { ToolPrograms.complain(reply.isDone ? reply.text : "ncs_load: \(reply.text)") }
        return reply.isDone ? 0 : 1
    }
}

/// A file that is loaded, or standard input, read piece by piece.
final class LoadInput {
    let name: String
    private(set) var count = 0
    private let handle: FileHandle
    private let size: Int?
    private static let pieceSize = 1 << 18

    init(standardInput: Void) {
        name = "standard input"
        handle = .standardInput
        size = nil
    }

    init(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        let status = try FileStatus(descriptor: descriptor, path: path)
        guard status.kind != .directory else { throw FileError(operation: "read", path: path, errno: EISDIR) }
        name = path
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        size = status.kind == .file ? status.size : nil
    }

    func next(_ meter: LoadMeter) throws -> [UInt8]? {
        guard let piece = try handle.read(upToCount: Self.pieceSize), !piece.isEmpty else { return nil }
        count += piece.count
        meter.show(name, count, of: size)
        return Array(piece)
    }
}

/// Where what is printed goes: standard output, or a file of the caller's.
final class LoadOutput {
    private(set) var count = 0
    private let handle: FileHandle
    private let path: String

    init(_ path: String?) throws {
        self.path = path ?? "standard output"
        guard let path else {
            handle = .standardOutput
            return
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(operation: "write", path: path, errno: errno) }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func write(_ bytes: [UInt8]) throws {
        count += bytes.count
        do { try handle.write(contentsOf: bytes) } catch {
            throw LoadClientOptions.Fault(message: "\(path): cannot write: \(error.localizedDescription)")
        }
    }
}

/// Says on a terminal how far a load is, in one line that is written again.
final class LoadMeter {
    let isShown = isatty(2) == 1
    private var last = Date.distantPast
    private var isLineOpen = false
    private static let interval = 0.2

    func show(_ name: String, _ count: Int, of size: Int?) {
        guard isShown, Date().timeIntervalSince(last) >= Self.interval else { return }
        last = Date()
        let amount = String(format: "%.1f MB", Double(count) / 1e6)
        let share = size.map { $0 > 0 ? ", \(count * 100 / $0)%" : "" } ?? ""
        write("\(name): \(amount) sent\(share)")
    }

    func say(_ line: String) {
        guard isShown else { return }
        write(line)
        last = Date()
    }

    func clear() {
        guard isLineOpen else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
        isLineOpen = false
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
        isLineOpen = true
    }
}
