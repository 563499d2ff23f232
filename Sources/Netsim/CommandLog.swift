import Basics
import Events

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
        let line = "\(EventTime(microseconds: clock.now()).shortText) \(client) \(mode) \(shown)\n"
        // A full disk must not stop the device from answering.
        try? PlainFiles.append(path, Array(line.utf8), mode: 0o600, limit: Self.sizeLimit)
    }
}
