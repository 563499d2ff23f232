/// What a program may use. A program that uses more is ended, and the call that it was serving fails.
package struct ProgramLimits: Hashable, Sendable {
    /// Of processor time, over its whole life.
    package var cpuSeconds = 600
    /// Of address space, in bytes. Its children each have as much.
    package var memory = 2 << 30
    /// Of any file that it writes, in bytes.
    package var fileSize = 1 << 30
    package var descriptors = 256
    /// Until the hand-shake line.
    package var startSeconds: Double = 30
    /// From a request to its answer; what the program asks meanwhile does not prolong it.
    package var callSeconds: Double = 120
    /// From the end of its input to its own end.
    package var endSeconds: Double = 5
    /// Of one message on standard output, in bytes.
    package var messageLength = 64 << 20
    /// Of all that it writes on standard output in answer to one request, in bytes.
    package var outputLength = 128 << 20
    /// Of standard error over its life, in bytes; more is read and thrown away.
    package var errorLength = 4 << 20

    package init() {}
}

/// A program to start: a file of a package, the role it plays and what it may use.
package struct ProgramDescription: Sendable {
    /// The package, by which its log and its faults are named.
    package var package: String
    /// What it is started for, as the hand-shake says it: `migration`, `upgrade`, `text`.
    package var role: String
    /// An absolute path.
    package var path: String
    package var arguments: [String]
    /// Where it runs: the directory of the package.
    package var directory: String
    /// Beside the few variables that every program has.
    package var environment: [String: String]
    package var limits: ProgramLimits
    /// Whose programs these are: the run directory of the controller. What is left of them is found by it.
    package var owner: String

    package init(
        package: String, role: String, path: String, arguments: [String] = [], directory: String,
        environment: [String: String] = [:], limits: ProgramLimits = ProgramLimits(), owner: String
    ) {
        self.package = package
        self.role = role
        self.path = path
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
        self.limits = limits
        self.owner = owner
    }

    /// The file below its package, for texts.
    package var name: String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }

    /// Its whole environment: nothing of the controller's own but the search path and the language.
    func variables(tag: String) -> [String: String] {
        var all = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": "/",
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
            "OPENNED_PROTOCOL": "\(RunningProgram.version)", "OPENNED_ROLE": role, "OPENNED_PACKAGE": package,
        ]
        all.merge(environment) { _, own in own }
        all[ProgramStrays.ownerVariable] = owner
        all[ProgramStrays.tagVariable] = tag
        return all
    }
}
