import Foundation
import Testing

@testable import OperatorCLI

/// What operators see, as text files: prompts, commands and complete output, as `ncs_cli -n` prints them. A line that
/// begins with a prompt is a command.
///
/// `OPENNED_UPDATE_TRANSCRIPTS=1` writes them anew from what the commands print now.
struct TranscriptTests {
    static let folder = LabModels.repository + "/Tests/OperatorCLITests/Transcripts"

    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".txt") }.sorted()

    @Test(arguments: names) func sessionPrintsWhatTheTranscriptSays(_ name: String) throws {
        let path = "\(Self.folder)/\(name)"
        let expected = try String(contentsOfFile: path, encoding: .utf8)
        let prompt = try Regex(#"^admin@ncs(\([^)]*\))?# "#)
        let commands = expected.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { $0.starts(with: prompt) }.map { $0.replacing(prompt, with: "") }
        let (output, status) = Lab().run(commands.map { $0 + "\n" }.joined(), .script(echoes: true))
        if ProcessInfo.processInfo.environment["OPENNED_UPDATE_TRANSCRIPTS"] == "1" {
            try output.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        #expect(status == 0)
        #expect(output == expected)
    }

    @Test func transcriptsAreThere() { #expect(Self.names.count >= 6) }
}
