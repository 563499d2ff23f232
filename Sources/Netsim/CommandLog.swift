import Basics
import Foundation

/// What a device was told, in order: one line a command, with the time, the client and the mode in which it came.
///
/// The file is opened for each line: ten thousand devices do not hold ten thousand descriptors.
struct CommandLog {
    let path: String
    let clock: WallClock

    /// A log that has grown beyond this goes to `NAME.1`, which replaces the one before.
    private static let sizeLimit = 8 << 20

    func record(_ command: String, mode: String, client: String) {
        let isPlain = command.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        let shown =
            isPlain
            ? command
            : String(command.unicodeScalars.map { $0.properties.generalCategory == .control ? "." : Character($0) })
        let line = "\(Self.time(clock.now())) \(client) \(mode) \(shown)\n"
        if let status = try? FileStatus(path: path), status.size > Self.sizeLimit { _ = rename(path, path + ".1") }
        // A full disk must not stop the device from answering.
        try? PlainFiles.append(path, Array(line.utf8), mode: 0o600)
    }

    /// `2026-11-21T01:02:03.456Z`.
    private static func time(_ microseconds: Int64) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
        return "\(date)T\(time).\(digits(Int32(microseconds % 1_000_000 / 1_000), 3))Z"
    }
}
