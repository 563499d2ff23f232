import Basics
import Foundation

/// The git of the machine, as a project uses it.
struct ProjectGit {
    var environment: [String: String]
    /// Is told each command.
    var say: (String) -> Void

    /// Whether the directory is a working tree of its own, and not a directory of the project's.
    func isClone(_ directory: String) -> Bool { DurableFiles.exists(directory + "/.git") }

    /// Clones a repository into a directory that is not there yet; on a fault nothing of it is.
    func clone(_ repository: String, _ reference: ProjectMetaData.Reference?, to directory: String) throws {
        let temporary = "\(DurableFiles.parent(of: directory))/.\(DurableFiles.lastComponent(directory)).new"
        try DurableFiles.removeTree(temporary)
        do {
            say("git clone \"\(repository)\" \"\(directory)\"")
            try run(["clone", "-q", "--", repository, temporary])
            if let reference {
                say("git checkout -q \"\(reference.name)\"")
                try run(["checkout", "-q", reference.name, "--"], in: temporary)
            }
            try DurableFiles.rename(temporary, to: directory)
        } catch {
            try? DurableFiles.removeTree(temporary)
            throw error
        }
    }

    /// Brings a working tree to what the reference is in its origin; what was changed by hand is stashed.
    func update(_ directory: String, _ reference: ProjectMetaData.Reference?) throws {
        func step(_ shown: String, _ arguments: [String]) throws {
            say("git " + shown)
            try run(arguments, in: directory)
        }
        say("cd \(directory)")
        try step("stash   # (to save any local changes)", ["stash"])
        try step("fetch", ["fetch", "-q", "--tags", "--force", "origin"])
        if let reference {
            try step("checkout -q \"\(reference.name)\"", ["checkout", "-q", reference.name, "--"])
        }
        let goal: String =
            switch reference {
            case .branch(let name): "origin/\(name)"
            case .tag(let name): "refs/tags/\(name)"
            case .commit(let name): name
            case nil: "origin/HEAD"
            }
        try step("reset --hard \(goal)", ["reset", "-q", "--hard", goal, "--"])
    }

    @discardableResult
    func run(_ arguments: [String], in directory: String? = nil) throws -> String {
        let outcome = try ProjectProgram.run(["git"] + arguments, in: directory, environment)
        guard outcome.status == 0 else {
            throw PackageError(
                .transferFailed, directory ?? "git",
                "git \(arguments.joined(separator: " ")) failed: "
                    + outcome.text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return outcome.text
    }
}

/// A program of the machine that a project calls.
enum ProjectProgram {
    /// Runs it to its end; what it writes comes back, or goes where ours goes if `isShown`.
    static func run(
        _ words: [String], in directory: String?, _ environment: [String: String], isShown: Bool = false
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = environment
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        let pipe = Pipe()
        if !isShown {
            process.standardOutput = pipe
            process.standardError = pipe
        }
        do { try process.run() } catch {
            throw PackageError(.buildFailed, words[0], "cannot be started: \(error)", remedy: "install it")
        }
        var text = Data()
        if !isShown { text = (try? pipe.fileHandleForReading.readToEnd()) ?? Data() }
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
