import Basics
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
