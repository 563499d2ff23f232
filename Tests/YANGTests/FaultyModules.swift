import Basics
import Foundation

@testable import YANG

/// A small module set of `Faulty/*.txt` with what compilers say about it.
///
///     == NAME [: 1.0 | : raw] [< IMPORTS]
///     expect: error CODE FILE:LINE:COLUMN SUMMARY      (or `warning ...`, or `clean`)
///     yanglint: refuses                                (or `accepts`)
///     pyang: refuses
///     ... body of module a ...
///     -- b [: 1.0 | : raw] [< IMPORTS]
///     ... body of module b ...
///
/// A body is written into a module of YANG 1.1 from its second line on; a `raw` one is the whole text.
struct FaultyModule {
    struct Text {
        var name: String
        var form: String?
        var imports: [String]
        var body: [String] = []

        var source: String {
            let body = body.joined(separator: "\n")
            if form == "raw" { return body + "\n" }
            let imported = imports.map { "import \($0) { prefix \($0); }" }.joined(separator: " ")
            let version = form == "1.0" ? "" : "yang-version 1.1; "
            return "module \(name) { \(version)namespace \"urn:\(name)\"; prefix \(name); \(imported)\n\(body)\n}\n"
        }

        var isSubmodule: Bool { form == "raw" && body.first?.hasPrefix("submodule") == true }
    }

    var file: String
    var name: String
    var expectation = ""
    var verdicts: [String: String] = [:]
    var texts: [Text]

    var testDescription: String { "\(file): \(name)" }

    var sources: [SchemaCompiler.Source] {
        texts.sorted { $0.name < $1.name }.map {
            SchemaCompiler.Source(path: "\($0.name).yang", bytes: Array($0.source.utf8))
        }
    }

    func compile(_ policy: CompilePolicy) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.policy = policy
        return SchemaCompiler(options: options).compile(sources)
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Faulty")

    static let all: [FaultyModule] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().flatMap { name -> [FaultyModule] in
            let data = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path) ?? Data()
            return read(String(decoding: data, as: UTF8.self), file: name)
        }
    }()

    static func read(_ text: String, file: String) -> [FaultyModule] {
        var result: [FaultyModule] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("== ") {
                let head = Head(line.dropFirst(3))
                let text = Text(name: "a", form: head.form, imports: head.imports)
                result.append(FaultyModule(file: file, name: head.name, texts: [text]))
            } else if !result.isEmpty {
                result[result.count - 1].take(line)
            }
        }
        return result
    }

    private mutating func take(_ line: String) {
        if line.hasPrefix("expect: ") {
            expectation = String(line.dropFirst(8))
        } else if line.hasPrefix("yanglint: ") || line.hasPrefix("pyang: ") {
            let parts = line.split(separator: ":", maxSplits: 1)
            verdicts[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
        } else if line.hasPrefix("-- ") {
            let head = Head(line.dropFirst(3))
            texts.removeAll { $0.name == head.name }
            texts.append(Text(name: head.name, form: head.form, imports: head.imports))
        } else if !line.isEmpty {
            texts[texts.count - 1].body.append(line)
        }
    }

    private struct Head {
        var name: String
        var form: String?
        var imports: [String] = []

        init(_ line: Substring) {
            let parts = line.split(separator: "<", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            name = parts[0]
            for form in ["raw", "1.0"] where name.hasSuffix(" : \(form)") {
                self.form = form
                name = String(name.dropLast(form.count + 3))
            }
            if parts.count > 1 { imports = parts[1].split(separator: " ").map(String.init) }
        }
    }
}
