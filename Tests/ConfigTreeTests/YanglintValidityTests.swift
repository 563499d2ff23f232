import ConfigTree
import Foundation
import Testing
import YANG

/// libyang's command, where it is installed.
private enum Yanglint {
    static let program = ["/usr/bin/yanglint", "/usr/local/bin/yanglint"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Whether it takes `document` for valid configuration under the module, and what it said.
    static func accepts(_ document: URL, _ module: URL) throws -> (verdict: Bool, words: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program ?? "")
        process.arguments = ["-t", "config", module.path, document.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus == 0, String(decoding: said, as: UTF8.self))
    }
}

/// Our verdict on random documents beside that of libyang.
///
/// Left out is what libyang 2.1 sees otherwise than RFC 7950: it evaluates a `when` before defaults that have a `when`
/// themselves are there (section 7.6.1 has them in use), evaluates that of a `uses` at the top level as false, and counts
/// for `unique` a default whose `when` is false (section 7.8.3 counts those in use).
@Test(.enabled(if: Yanglint.program != nil, "yanglint is not installed"), arguments: ["net", "when", "refs"])
func documentsAreAsValidAsYanglintFindsThem(name: String) throws {
    var text = try #require(DenseModels.all.first { $0.name == name }?.text)
    let left = [
        ("../b = 3", "../a = 'true'"), ("../c = 'x'", "../a = 'true'"), ("unique \"u\"; unique \"v w\";", ""),
        ("w:a = 'false'", "1"),
    ]
    for (here, instead) in left { text = text.replacingOccurrences(of: here, with: instead) }
    let model = DataModel(try TreeModels.compile([text]))
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("yanglint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let module = folder.appendingPathComponent("\(name).yang")
    try Data(text.utf8).write(to: module)
    let soak = ProcessInfo.processInfo.environment["OPENNED_SOAK_EDITS"] != nil
    var (valid, invalid) = (0, 0)
    for seed in 1...UInt64(soak ? 400 : 12) {
        var agreement = ValidationAgreement(model, seed: seed &+ 1_000)
        try agreement.run(edits: 40 + Int(seed % 60))
        var tree = agreement.tree
        // Something that is likely to be a fault.
        if seed % 2 == 0 { tree = try agreement.edited() }
        if tree.isEmpty { continue }
        let document = folder.appendingPathComponent("\(seed).xml")
        try Data(fragment(tree)).write(to: document)
        let faults = Validator(model).violations(in: tree)
        let peer = try Yanglint.accepts(document, module)
        if faults.isEmpty { valid += 1 } else { invalid += 1 }
        #expect(
            peer.verdict == faults.isEmpty,
            "seed \(seed): \(faults) but \(peer.words)of\n\(tree.lines.joined(separator: "\n"))")
    }
    print("\(name): \(valid) valid and \(invalid) invalid documents")
    #expect(valid > 0 && invalid > 0)
}

/// The top-level elements alone, as yanglint wants them.
private func fragment(_ tree: DataTree) -> [UInt8] {
    let bytes = XMLDataEncoder.bytes(tree)
    let text = String(decoding: bytes, as: UTF8.self)
    guard let start = text.range(of: "<config"), let head = text[start.upperBound...].firstIndex(of: ">"),
        let end = text.range(of: "</config>", options: .backwards)
    else { return bytes }
    return Array(text[text.index(after: head)..<end.lowerBound].utf8)
}
