import Foundation

// One program under many names: which one it is, is the name it was called by.

signal(SIGPIPE, SIG_IGN)

let called = (CommandLine.arguments[0] as NSString).lastPathComponent
let environment = ProcessInfo.processInfo.environment
var words = Array(CommandLine.arguments.dropFirst())
var name = called
if called == "ncs-tool", let first = words.first {
    name = first
    words.removeFirst()
}
guard let program = ToolPrograms.all[name] else {
    let names = ToolPrograms.all.keys.sorted().joined(separator: ", ")
    FileHandle.standardError.write(Data("ncs-tool: call it by one of its names: \(names)\n".utf8))
    exit(2)
}
let status = program(words, environment)
// At exit(3) libraries clean up after themselves, while threads of sessions may still be leaving them.
fflush(nil)
_exit(status)
