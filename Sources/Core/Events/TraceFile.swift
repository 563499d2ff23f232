internal import Foundation

/// The conversation with a device, `ned-NED_ID-DEVICE.trace`: what goes to the driver after `>>`, what comes after `<<`.
///
/// ```
/// >> 9-Dec-2021::17:13:57.506 user: admin/56 thandle 3 hostname h device ce0 PREPARE 1:
/// hostname ce0
/// << 9-Dec-2021::17:13:57.511 user: admin/56 thandle 3 hostname h device ce0 PREPARE OK
/// ```
package final class TraceFile: Sendable {
    package enum Direction: String, Sendable {
        case toDevice = ">>"
        case fromDevice = "<<"
    }

    /// For whom a line was written; appears after its time.
    package struct Context: Hashable, Sendable {
        package var user: String
        package var session: Int
        package var transaction: Int64?
        package var host: String
        package var device: String
        package var traceID: String?

        package init(
            user: String, session: Int, transaction: Int64? = nil, host: String, device: String, traceID: String? = nil
        ) {
            self.user = user
            self.session = session
            self.transaction = transaction
            self.host = host
            self.device = device
            self.traceID = traceID
        }

        var text: String {
            var text = "user: \(user)/\(session)"
            if let transaction { text += " thandle \(transaction)" }
            text += " hostname \(host) device \(device)"
            if let traceID { text += " trace-id=\(traceID)" }
            return ControlCharacters.neutralised(text)
        }
    }

    private let file: AppendingFile
    private let mask: @Sendable (String) -> String

    /// - Parameter mask: replaces secrets; applied to everything that is written.
    /// - Throws: `FileError` if the file cannot be opened.
    package init(_ path: String, mask: @escaping @Sendable (String) -> String) throws {
        file = try AppendingFile(path, mode: 0o640)
        self.mask = mask
    }

    /// The name of a device's file. What may not stand in a file name becomes `_`.
    package static func name(nedID: String, device: String) -> String {
        let safe = [nedID, device].map { part in
            String(part.map { $0 == "/" || $0 == "\0" || $0.isNewline ? "_" : $0 }.prefix(100))
        }
        return "ned-\(safe[0])-\(safe[1]).trace"
    }

    /// Writes a phase with what belongs to it: `PREPARE 1:` and the lines sent, `PREPARE OK` and none.
    package func write(
        _ direction: Direction, _ headline: String, _ body: String = "", context: Context? = nil, at time: EventTime
    ) {
        var text = "\(direction.rawValue) \(time.logText) "
        if let context { text += context.text + " " }
        text += ControlCharacters.neutralised(mask(headline)) + "\n"
        if !body.isEmpty {
            text += ControlCharacters.neutralised(mask(body), keepingLines: true)
            if !text.hasSuffix("\n") { text += "\n" }
        }
        file.append(text)
    }

    /// Continues in a new file if the old one was moved away.
    package func reopen() throws { try file.reopen(rotatingAbove: nil) }

    /// Empties the file (`clear-trace`).
    package func clear() throws { try file.clear() }
}
