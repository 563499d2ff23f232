import Foundation
import TestSupport
import Testing

/// What operators do in a run directory without devices: every operation that leaves something behind for good. Its
/// effects on the disk are found by the library that is preloaded into the programs, not by a list.
struct EffectCampaign {
    /// One operation, and the state that it was acknowledged to have brought about.
    struct Step {
        var name: String
        /// The size of the journal when the operation was acknowledged.
        var position: Int
        var state: String
    }

    static let password = "PlantedPassword-9917"

    let lab: Lab
    let control: FileEffectsControl
    private let keeping: TemporaryDirectory
    /// Shows signed packages and their index.
    private let server: RepositoryServer

    /// Where the lab is kept as it was before the first step.
    var saved: String { keeping.path("saved") }

    init(_ lab: Lab) throws {
        self.lab = lab
        keeping = try TemporaryDirectory("campaign")
        control = try FileEffectsControl(in: keeping.path)
        control.skipSyncs()
        try keeping.write("web/README", "")
        server = try RepositoryServer(keeping.path("web"))
    }

    func environment() throws -> [String: String] {
        try control.environment(root: lab.directory.path, isJournalled: true)
    }

    // MARK: The operations

    private static func groups(_ names: [String], _ word: String) -> String {
        "config\n"
            + names.map { name in
                "devices authgroups group \(name) default-map remote-name \(word) remote-password \(password)\n"
            }.joined() + "commit"
    }

    private typealias Operation = (name: String, commands: String, says: String)

    /// In order; each must say what is expected of it.
    private var operations: [Operation] { Self.first + packageOperations + Self.last }

    /// The whole life of packages, from a file and from the network.
    private var packageOperations: [Operation] {
        let repository = "config\nsoftware repository north url \(server.url)\ncommit\nend\n"
        let list = "\nsoftware packages list"
        let file = "\(lab.run)/\(Self.file("other"))"
        return [
            ("fetch", "software packages fetch package-from-file \(file)" + list, "installable"),
            ("install", "software packages install package other-cli-1.0", "installed ncs-6.7-other-cli-1.0"),
            ("packages add", "packages add", "package other-cli-1.0"),
            ("repository", repository, "Commit complete"),
            ("fetch over HTTP", "software repository north packages fetch package third-cli-1.0", "fetched"),
            ("second install", "software packages install package third-cli-1.0", "installed ncs-6.7-third-cli-1.0"),
            ("deinstall", "software packages deinstall package other-cli-1.0" + list, "installable"),
            ("reload of the rest", "packages reload force", "package third-cli-1.0"),
            ("packages rollback", "packages rollback force", "package other-cli-1.0"),
            ("last reload", "packages reload force", "package third-cli-1.0"),
            ("upload", "software packages upload package \(newer) package-data \(uploaded)" + list, newer),
            (
                "replacement", "software packages install package third-cli-1.0.1 replace-existing" + list,
                "installed ncs-6.7-third-cli-1.0.1"
            ),
            ("reload of the replacement", "packages reload force", "package third-cli-1.0"),
        ]
    }

    private var newer: String { Self.file("third", "1.0.1") }
    /// The newer file, as a client sends it.
    private var uploaded: String {
        let bytes = (try? keeping.bytes("upload/\(newer)")) ?? []
        return Data(bytes).base64EncodedString()
    }

    private static func file(_ name: String, _ version: String = "1.0") -> String {
        "ncs-6.7-\(name)-cli-\(version).signed.bin"
    }

    private static let first: [Operation] = [
        ("commit", groups(["g"], "first"), "Commit complete"),
        ("commit of many leaves", groups((0..<40).map { "g\($0)" }, "second"), "Commit complete"),
        ("rollback", "config\nrollback-files apply-rollback-file id 0\ncommit", "Commit complete"),
        ("key rotation", "key-rotation apply-new-keys", "result true"),
        ("commit after rotation", groups(["g", "h"], "third"), "Commit complete"),
        ("packages reload", "packages reload", "result true"),
        ("commit after reload", groups(["g", "k"], "fourth"), "Commit complete"),
    ]

    private static let last: [Operation] = [
        ("confirmed commit", groups(["c"], "sixth") + " confirmed 30 persist x", "will be reverted"),
        ("confirmation", "config\ncommit persist-id x", "Commit complete"),
        ("compaction", "cdb compact", "records-removed"),
        ("commit after compaction", groups(["g", "m"], "seventh"), "Commit complete"),
        ("second compaction", "cdb compact", "records-removed"),
    ]

    /// Few of the changes can be taken back, so that compactions have records to remove.
    private static let settings =
        "<rollback><enabled>true</enabled><directory>./logs</directory><history-size>3</history-size></rollback>"

    /// A run directory with version 1.0 of a driver in force, a device with configuration, and 1.0.1 in the load path.
    func prepare() throws {
        try lab.makeDriver("mini", "1.0", model: SmallModels.first)
        try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
        try lab.configure(rollback: Self.settings)
        try lab.startDaemon()
        try lab.shell("ncs_load -l -m -n", input: SmallModels.device)
        try lab.killDaemon()
        try lab.makeDriver("mini", "1.0.1", model: SmallModels.second)
        try lab.shell("ncs-package make-test-ca ca && cp ca/root.pem trust/")
        try keeping.write("upload/README", "")
        let signed = [
            ("other", "1.0", lab.run), ("third", "1.0", keeping.path("web")),
            ("third", "1.0.1", keeping.path("upload")),
        ]
        for (name, version, place) in signed {
            try lab.makeDriver(name, version, model: SmallModels.first.replacing("mini", with: name))
            let target = "\(place)/\(Self.file(name, version))"
            try lab.shell(
                "ncs-package sign build/\(name)-cli-1.0 --key ca/signer.key --chain ca/chain.pem --out '\(target)'")
        }
        try lab.shell("ncs-package index '\(keeping.path("web"))' --key ca/signer.key --chain ca/chain.pem")
        try lab.shell("rm -rf packages/* && cp -R build/mini-cli-1.0 packages/ && rm -rf build")
        try lab.startDaemon()
        try lab.killDaemon()
        try lab.attemptOutside("cp -a \(lab.directory.path) \(saved)")
    }

    /// Does one operation after the other until one does not say what it should, as when the daemon is killed.
    ///
    /// - Returns: what was acknowledged: first what there was before, then a step for each operation.
    func perform() throws -> [Step] {
        var steps = [Step(name: "start", position: control.position, state: try state())]
        for operation in operations {
            guard let said = answer(operation.commands), said.contains(operation.says) else { return steps }
            let position = control.position
            guard let state = try? state() else { return steps }
            steps.append(Step(name: operation.name, position: position, state: state))
        }
        guard let backup = try backUp(&steps) else { return steps }
        guard answer(Self.groups(["l"], "fifth"))?.contains("Commit complete") == true else { return steps }
        let position = control.position
        guard let state = try? state() else { return steps }
        steps.append(Step(name: "commit after backup", position: position, state: state))
        try lab.endDaemon()
        let compacted = try lab.attempt("ncs", ["--cdb-compact", "ncs-cdb"], more: environment())
        guard compacted.status == 0 else { return steps }
        steps.append(Step(name: "off-line compaction", position: control.position, state: state))
        try restore(backup, &steps)
        return steps
    }

    private func backUp(_ steps: inout [Step]) throws -> String? {
        let outcome = try lab.attempt("ncs-backup", [], more: environment())
        guard outcome.status == 0, let name = lab.directory.names(in: "run/backups").first else { return nil }
        steps.append(Step(name: "backup", position: control.position, state: steps[steps.count - 1].state))
        return "\(lab.run)/backups/\(name)"
    }

    private func restore(_ backup: String, _ steps: inout [Step]) throws {
        let wanted = steps.last { $0.name == "backup" }?.state ?? ""
        let arguments = ["--restore", backup, "--non-interactive", "--install-dir", lab.run]
        guard try lab.attempt("ncs-backup", arguments, more: environment()).status == 0 else { return }
        steps.append(Step(name: "restore", position: control.position, state: wanted))
    }

    private func answer(_ commands: String, isRefusalToo: Bool = false) -> String? {
        let outcome = try? lab.attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: commands + "\n")
        return outcome.flatMap { isRefusalToo || $0.status == 0 ? $0.text : nil }
    }

    /// What a daemon holds, with encrypted values named by their keys.
    func state() throws -> String {
        let said = try lab.operate(
            "show running-config | nomore\nshow packages package package-version | nomore\n"
                + "software packages list\n"
                + "key-rotation get-active-generation")
        return said.replacing(#/(\$9\$\d+\$)[^ \n]+/#) { "\($0.output.1)" }
    }

    /// Keeps the images of schemas that this run has made, for `warmUp`.
    func keepImages() throws {
        try ChildProcess.require(
            "mkdir -p '\(images)' && find '\(lab.directory.path)' -name '*.image' -exec cp -n {} '\(images)/' ';'")
    }

    /// Puts the images where a cut has lost them. They are a cache, made again when one is missing or damaged, which
    /// takes nearly all of the time of a start: most cuts need not wait for it.
    func warmUp() throws {
        guard lab.directory.exists("run/state") else { return }
        let cache = "\(lab.run)/state/schema-cache"
        try ChildProcess.require(
            "mkdir -p -m 700 '\(cache)' && find '\(images)' -name '*.image' -exec cp -n {} '\(cache)/' ';'")
    }

    private var images: String { keeping.path("images") }

    // MARK: What is found afterwards

    /// Starts a daemon on what is there, and requires one of the states that may be there; the number of the step.
    @discardableResult
    func judge(_ steps: [Step], acknowledged: Int, _ circumstances: String) throws -> Int {
        let started = try lab.attempt("ncs", [])
        guard started.status == 0 else { throw ProcessFault("\(circumstances): no start: \(started)") }
        let found = try state()
        let last = min(acknowledged + 1, steps.count - 1)
        guard let step = (acknowledged...last).last(where: { steps[$0].state == found }) else {
            let other = steps.firstIndex { $0.state == found }.map { "that of step \($0)" } ?? "half a step:\n\(found)"
            throw ProcessFault(
                "\(circumstances): steps up to \(acknowledged) (\(steps[acknowledged].name)) were acknowledged, the state "
                    + "is \(other)")
        }
        let next = answer(Self.groups(["after"], "after"), isRefusalToo: true) ?? ""
        // The confirmation brings about nothing that can be seen: until it is acknowledged, it may not be there.
        let isExpected =
            next.contains("confirmed commit in progress")
            && steps[acknowledged...step].contains { $0.name == "confirmed commit" }
        guard isExpected || next.contains("Commit complete") else {
            let name = steps[acknowledged].name
            throw ProcessFault("\(circumstances), \(name) acknowledged: no commit afterwards:\n\(next)")
        }
        try requireBackup(steps, acknowledged, circumstances)
        try requireTidiness(circumstances)
        try lab.killDaemon()
        return step
    }

    /// Exactly one whole generation is loaded, and nothing of what was cut short is left.
    private func requireTidiness(_ circumstances: String) throws {
        let verified = try lab.operate("packages verify")
        let (state, store) = ("run/state", "run/state/store")
        var faults = verified.contains("result false") ? [verified] : []
        let files = lab.directory.names(in: state) + lab.directory.names(in: store).filter { $0 != ".partial" }
        faults += files.filter { $0.contains(".new") || $0.hasPrefix(".") }
        faults += lab.directory.names(in: state + "/packages-in-use").filter { Int($0) == nil }
        let named = Set(
            lab.directory.names(in: store).compactMap { name in
                try? FileManager.default.destinationOfSymbolicLink(atPath: lab.directory.path("\(store)/\(name)"))
            })
        faults += lab.directory.names(in: store + "/objects")
            .filter { !named.contains("objects/" + ($0.split(separator: ".").first.map(String.init) ?? $0)) }
        for name in lab.directory.names(in: "run/packages") where !lab.directory.exists("run/packages/\(name)") {
            faults.append("packages/\(name) leads nowhere")
        }
        for name in ["signers.json", "repositories.json"] where lab.directory.exists("\(state)/\(name)") {
            let content = try Data(lab.directory.bytes("\(state)/\(name)"))
            if (try? JSONSerialization.jsonObject(with: content)) == nil { faults.append("\(name) is half written") }
        }
        guard faults.isEmpty else { throw ProcessFault("\(circumstances): left behind: \(faults)") }
    }

    /// A backup that was acknowledged is there, and any under its final name is whole.
    private func requireBackup(_ steps: [Step], _ acknowledged: Int, _ circumstances: String) throws {
        let names = lab.directory.names(in: "run/backups").filter { $0.hasSuffix(".gz") || $0.hasSuffix(".backup") }
        for name in names { try lab.attemptOutside("tar -tf '\(lab.run)/backups/\(name)' > /dev/null") }
        // A restore brings the directory of the moment of the backup, in which the backup itself was not yet.
        let kept = lab.directory.names(in: "").contains { $0.hasPrefix("run.") }
        guard steps.prefix(acknowledged + 1).last?.name == "backup", !kept else { return }
        if names.isEmpty { throw ProcessFault("\(circumstances): the backup is gone") }
    }

    /// Puts the lab back to what it was before the first step.
    func reset() throws {
        try lab.endDaemon()
        try ChildProcess.require("rm -rf '\(lab.directory.path)' && cp -a '\(saved)' '\(lab.directory.path)'")
    }
}

extension ChildProcess {
    /// A command line of the shell that must succeed.
    static func require(_ line: String) throws {
        let outcome = try run("/bin/sh", ["-c", line])
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
    }
}
