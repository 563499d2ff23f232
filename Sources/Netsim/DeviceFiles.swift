import Basics

/// Where the files of one device lie.
///
/// `cdb/` holds what it starts with (`*.xml` of the package, names filled in), and in `cdb/running.xml` and
/// `cdb/startup.xml` what became of it; `reset` takes these two and the journal away.
package struct DeviceFiles: Hashable, Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    package var database: String { directory + "/cdb" }
    package var running: String { directory + "/cdb/running.xml" }
    /// State data that the device was given.
    package var operational: String { directory + "/cdb/operational.xml" }
    package var startup: String { directory + "/cdb/startup.xml" }
    package var journal: String { directory + "/cdb/journal.json" }
    package var logs: String { directory + "/logs" }
    package var commandLog: String { directory + "/logs/cli.log" }
    package var hostKey: String { directory + "/ssh/ssh_host_ed25519_key" }
    package var publicHostKey: String { directory + "/ssh/ssh_host_ed25519_key.pub" }
    package var faults: String { directory + "/faults.json" }
    package var behaviour: String { directory + "/behaviour.json" }

    /// Where it may be said what the device makes of commands, the closest first.
    func behaviours(of package: String) -> [String] {
        [behaviour, directory + "/../../behaviour.json", package + "/netsim/behaviour.json"]
    }

    /// The start configuration, in the order in which it is loaded.
    var initialFiles: [String] { givenFiles.filter { !Self.isState($0) } }

    /// Files of the package that hold state data only: `oper.xml`, `X-oper.xml`.
    var stateFiles: [String] { givenFiles.filter(Self.isState) }

    private static func isState(_ path: String) -> Bool {
        ["/oper.xml", "-oper.xml", "_oper.xml"].contains { path.hasSuffix($0) }
    }

    private var givenFiles: [String] {
        PlainFiles.names(in: database).map { database + "/" + $0 }
            .filter { $0.hasSuffix(".xml") && $0 != running && $0 != startup && $0 != operational }
    }

    /// What the package made for the device besides its start configuration.
    var hookFiles: [String] {
        ["confd.conf.netsim", "confd.conf", PackageHook.scriptName].map { directory + "/" + $0 }
            .filter(DurableFiles.exists)
    }

    /// Takes away what the device has become since it was made.
    func reset() throws {
        for path in [running, startup, operational, journal] { try DurableFiles.remove(path) }
        for name in PlainFiles.names(in: logs) { try DurableFiles.remove(logs + "/" + name) }
    }
}
