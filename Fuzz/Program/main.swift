import Foundation
import FuzzChecks

// openned-fuzz TARGET [libFuzzer options] [corpus directories]
// openned-fuzz TARGET --write-seeds DIRECTORY      seeds and, beside it, DIRECTORY.words: a dictionary

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private func stop(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(2)
}

guard CommandLine.arguments.count > 1, let chosen = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    stop("usage: openned-fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [OPTION...] [CORPUS...]")
}
private let target = chosen

private func writeSeeds(to directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (number, seed) in target.seeds.enumerated() {
        try Data(seed).write(to: URL(filePath: "\(directory)/seed-\(number)"))
    }
    let lines = target.words.map { word in
        "\""
            + word.utf8.map { "\\x" + (String($0 + 0, radix: 16).count == 1 ? "0" : "") + String($0, radix: 16) }
            .joined() + "\""
    }
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: "\(directory).words"))
}

if CommandLine.arguments.count == 4, CommandLine.arguments[2] == "--write-seeds" {
    do { try writeSeeds(to: CommandLine.arguments[3]) } catch { stop("\(error)") }
    exit(0)
}

var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
exit(
    runFuzzer(&count, &arguments) { bytes, length in
        let input = bytes.map { Array(UnsafeBufferPointer(start: $0, count: length)) } ?? []
        if let fault = target.fault(on: input) {
            FileHandle.standardError.write(Data("FAULT: \(fault)\n".utf8))
            abort()
        }
        return 0
    })
