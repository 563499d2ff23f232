import Basics
import Controller
import Foundation

/// `ncs --cdb-debug-dump` and `--cdb-compact`: what is done with the files of a database, without a daemon.
enum DatabaseCommands {
    /// The words are a directory, options and subtrees, in the incumbent's form.
    static func dump(_ words: [String]) -> Int32 {
        guard let directory = words.first, directory != "help", !words.contains("help") else {
            print(DatabaseDump.Options.help, terminator: "")
            return words.isEmpty ? 2 : 0
        }
        var options = DatabaseDump.Options()
        for word in words.dropFirst() where !options.take(word) {
            return fail("\(word): no such option; try ncs --cdb-debug-dump help", 2)
        }
        // Large databases have many lines.
        var pending: [UInt8] = []
        func flush() {
            FileHandle.standardOutput.write(Data(pending))
            pending.removeAll(keepingCapacity: true)
        }
        do throws(StartupError) {
            let status = try DatabaseDump.run(directory: absolute(directory), options: options) { text in
                pending += text.utf8
                if pending.count > 1 << 16 { flush() }
            }
            flush()
            return status
        } catch {
            flush()
            return fail(error.description, error.exitStatus)
        }
    }

    /// How much history stays is said by the `ncs.conf` given with `-c`, or beside the directory; else the default.
    static func compact(_ arguments: DaemonArguments, _ environment: [String: String]) -> Int32 {
        guard let word = arguments.databaseWords.first else { return fail("--cdb-compact needs a directory", 2) }
        let directory = absolute(word)
        let above = DurableFiles.parent(of: directory)
        let file = arguments.configurationFile.map(absolute) ?? above + "/ncs.conf"
        var historySize = 35
        if DurableFiles.exists(file) {
            do {
                let configuration = try SystemConfiguration(file: file, runDirectory: above, environment: environment)
                historySize = configuration.rollback.historySize
            } catch {
                return fail("\(error)", 21)
            }
        } else if arguments.configurationFile != nil {
            return fail("\(file): no such file", 21)
        }
        do throws(StartupError) {
            try OfflineCompaction(directory: directory, historySize: historySize) { print($0) }.run()
            return 0
        } catch {
            return fail(error.description, error.exitStatus)
        }
    }

    private static func absolute(_ path: String) -> String {
        let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return URL(fileURLWithPath: full).standardized.path
    }

    private static func fail(_ message: String, _ status: Int32) -> Int32 {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        return status
    }
}
