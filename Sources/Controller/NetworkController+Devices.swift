import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Foundation
import Transactions
import Wire
import YANG

/// Changes of the configuration that actions make: they take the same corridor, without talking to devices.
extension NetworkController {
    /// Puts what a device holds in place of what we have of it.
    ///
    /// - Returns: what is configured then: `config`, or what says the same; nil if it is something else, by other changes.
    @discardableResult
    func replaceConfiguration(
        of name: String, with config: DataTree, by session: ControllerSession
    ) throws(ControlError) -> DataTree? {
        func configured() -> DataTree? { running.device(name)?.child("config")?.mountedTree }
        let before = configured()
        if let before, before.root === config.root, before.model === config.model {
            // Refused as a change would be.
            try admit(session)
            return before
        }
        let isChanged = try changeRunning(by: session, label: "sync-from \(name)") { (tree) throws(PathError) in
            try tree.settingDeviceConfig(name, to: config)
        }
        guard let after = configured(), after.root === (isChanged ? config : before)?.root else { return nil }
        return after
    }

    /// Stores the host keys of a device; true if they were others before.
    ///
    /// - Parameter behindProxy: those of the device itself, not of the host in between.
    func storeHostKeys(
        _ keys: [SSHPublicKey], of name: String, behindProxy: Bool = false, by session: ControllerSession
    ) throws(ControlError) -> Bool {
        try changeRunning(by: session, label: "fetch-host-keys \(name)") { (tree) throws(PathError) in
            var tree = tree
            let holder = behindProxy ? "ned-settings/openned-devices:proxy" : "ssh"
            let ssh = try tree.path("/tailf-ncs:devices/device[name='\(name)']/\(holder)/host-key")
            guard let list = ssh.last?.node, let leaf = list.dataChild(named: "key-data") else { return tree }
            for key in keys {
                let entry = ssh.parent.appending(list, keys: [key.algorithm])
                try tree.apply(.set(key.base64), at: entry.appending(leaf))
            }
            return tree
        }
    }

    /// Commits a change that needs no networking. True if anything changed.
    @discardableResult
    func changeRunning(
        by session: ControllerSession, label: String, mayChangeDriver: Bool = false,
        _ change: (DataTree) throws(PathError) -> DataTree
    ) throws(ControlError) -> Bool {
        let base = running
        let candidate: DataTree
        do throws(PathError) { candidate = try change(base) } catch {
            throw ControlError(.notFound, error.description)
        }
        var options = CommitOptions()
        options.noNetworking = true
        options.label = label
        let request = CommitRequest(base: base, candidate: candidate, options: options)
        return try !commit(request, by: session, mayChangeDriver: mayChangeDriver).isEmpty
    }

    /// The difference of two configurations of a device, below the path of its `config`, as an answer's leaf.
    func difference(_ old: DataTree?, _ new: DataTree, _ format: String, _ device: Instance) -> (String, String) {
        let name = device.keys.first ?? ""
        let tree = running
        guard let from = try? tree.settingDeviceConfig(name, to: old),
            let to = try? tree.settingDeviceConfig(name, to: new)
        else { return ("cli", "") }
        if format == "xml" { return ("result-xml", XMLDiff.editConfig(from: from, to: to)) }
        if format == "cli-c" {
            let commands = CLIGrammar(model: tree.model, dialect: .c).commands(from: from, to: to, withTags: true)
            return ("cli-c", commands.text())
        }
        return ("cli", CLIGrammar(model: tree.model, dialect: .c).curlyDiff(from: from, to: to))
    }

    func clearTraces(of device: String) {
        let directory = configuration.logDirectory
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where file.hasPrefix("ned-") && file.hasSuffix("-\(device).trace") {
            truncate(directory + "/" + file, 0)
        }
    }
}

extension NetworkController {
    /// Gives a device another driver, together with the configuration under its model. Throws `conflict` if its
    /// configuration is no longer `before`, which that was made of.
    func changeDriver(
        of name: String, leaf: InstancePath, to nedID: String, from before: DataTree, with config: DataTree,
        by session: ControllerSession
    ) throws(ControlError) {
        var isMoved = false
        try changeRunning(by: session, label: "migrate \(name)", mayChangeDriver: true) { (tree) throws(PathError) in
            let present = tree.device(name)?.child("config")?.mountedTree ?? DataTree(before.model)
            guard present.root === before.root || (present.model === before.model && before.diff(to: present).isEmpty)
            else {
                isMoved = true
                return tree
            }
            var changed = try tree.settingDeviceConfig(name, to: nil)
            try changed.apply(.set(nedID), at: leaf)
            return try changed.settingDeviceConfig(name, to: config)
        }
        if isMoved {
            throw ControlError(
                .conflict, "the configuration of device \(name) was changed meanwhile; migrate it again")
        }
    }
}
