import Basics
import CLIGrammar
import Foundation
package import NEDKit

/// A program of a driver's package that transforms text between device and grammar, for devices whose text no grammar
/// reads. Named in `driver.yaml`; started when it is first needed, shared by the driver's devices.
///
/// It is asked by the name of its `Point`, with `device` and `text`, and answers `{ "text": "..." }`.
package struct TextHook: Sendable {
    /// Where text passes.
    package enum Point: String, Sendable {
        /// The configuration as the device shows it, volatile lines emptied, before it is parsed. The transaction id is
        /// over the text as the device shows it.
        case received
        /// The commands of a change, a line each, before they are sent and in dry runs. Each line of the answer is a
        /// command.
        case sent
    }

    private let pool: ProgramPool

    package init(_ pool: ProgramPool) { self.pool = pool }

    /// - Parameters:
    ///   - file: below `directory`, the package's.
    ///   - owner: the run directory.
    ///   - log: takes what the program says, line by line.
    /// - Throws: `ProgramFileFault` if the file is no program.
    package init(
        package: String, directory: String, file: String, owner: String, log: @escaping @Sendable (String) -> Void
    ) throws(ProgramFileFault) {
        let path = try ProgramFile.path(file, below: directory)
        let program = ProgramDescription(
            package: package, role: "text", path: path,
            directory: URL(fileURLWithPath: directory).resolvingSymlinksInPath().path, owner: owner)
        pool = ProgramPool(program, log: log)
    }

    package func transform(_ text: String, at point: Point, device: String) throws(ProgramError) -> String {
        let question: JSONValue = ["device": .string(device), "text": .string(text)]
        let answer = try pool.lend { (program) throws(ProgramError) in try program.call(point.rawValue, question) }
        guard let text = answer["text"]?.string else {
            throw ProgramError(.garbage, pool.program, "answered '\(point.rawValue)' without a text")
        }
        return text
    }
}

extension TextHook {
    /// The commands as the device is to get them. One of several lines stays one as long as the program leaves it as it
    /// is.
    func outgoing(_ commands: [CLICommand], device: String) throws(ProgramError) -> [CLICommand] {
        guard !commands.isEmpty else { return [] }
        let text = commands.map { $0.text + "\n" }.joined()
        var rest = try transform(text, at: .sent, device: device)[...]
        if rest == text { return commands }
        let long = commands.filter { $0.text.utf8.contains(0x0A) }
        var result: [CLICommand] = []
        while !rest.isEmpty {
            if let command = long.first(where: { rest.hasPrefix($0.text + "\n") }) {
                result.append(command)
                rest = rest.dropFirst(command.text.count + 1)
                continue
            }
            let line = rest.prefix { $0 != "\n" }
            rest = rest.dropFirst(line.count + 1)
            if line.contains(where: { $0 != " " && $0 != "\r" }) { result.append(Self.command(String(line), commands)) }
        }
        return result
    }

    /// A line of the answer, with depth and cause of the command that it was, if it was one.
    private static func command(_ line: String, _ commands: [CLICommand]) -> CLICommand {
        let text = line.hasSuffix("\r") ? String(line.dropLast()) : line
        return commands.first { $0.text == text } ?? CLICommand(text: text, depth: 0, cause: "hooks.sent")
    }
}

extension Driver {
    /// A change as the device is to get it: what the package's program makes of its commands.
    package func outgoing(_ change: NativeChange, device: String) throws(NEDError) -> NativeChange {
        guard let sentHook, case .commands(let commands) = change else { return change }
        do throws(ProgramError) { return .commands(try sentHook.outgoing(commands, device: device)) } catch {
            throw NEDError(.driver, device: device, error.description)
        }
    }
}
