import Foundation
import YANG

// scratch
let start = DispatchTime.now().uptimeNanoseconds
let files = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("-p") }
var options = SchemaCompiler.Options()
options.policy = .vendor
options.searchPath = CommandLine.arguments.filter { $0.hasPrefix("-p") }.map { String($0.dropFirst(2)) }
let outcome = SchemaCompiler(options: options).compile(files.map { .init(path: $0, bytes: [UInt8](FileManager.default.contents(atPath: $0) ?? Data())) })
print(outcome.schema?.nodeCount ?? -1, outcome.diagnostics.count, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
for d in outcome.diagnostics.prefix(3) { print(d) }
print((try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.split(separator: "\n").filter { $0.hasPrefix("VmHWM") || $0.hasPrefix("Rss") } ?? [])
