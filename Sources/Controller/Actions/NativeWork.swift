import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import YANG

/// What is said to a device, or of it, in its own words.
enum NativeWork {
    /// `live-status exec any COMMAND`.
    static let execute: DeviceWork.Kind = { call, name in
        guard let command = call.text("args") else { return .failed("the command is missing") }
        return DeviceWork.perform(call, name) { (_, found) throws(NEDError) in
            var access = found
            // Nobody knows whether a word of it is a secret of the device.
            access.trace = found.trace.masking(SecretNames().words(in: command))
            let answer = try access.withSession { (session) throws(NEDError) in try session.perform(command) }
            return DeviceResult(leaves: [("result", Self.block(access.masked(answer)))])
        }
    }

    /// An answer begins on a line of its own, and has no empty ones around it.
    private static func block(_ answer: String) -> String {
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
        let isBlank = { (line: Substring) in line.allSatisfy(\.isWhitespace) }
        let shown = lines.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        return shown.joined(separator: "\n") + "\n"
    }

    private static let fileLimit = 256 << 20

    /// `load-native-config`: a configuration in the device's own words. In configuration mode it becomes part of the
    /// session's candidate; otherwise it is committed as any other change is: the device gets what is different.
    static let load: DeviceWork.Kind = { call, name in
        let controller = call.controller
        guard let device = call.tree.device(name) else { return .failed("there is no device \(name)") }
        do throws(ControlError) {
            guard let nedID = NEDIDLocation.nedID(of: device), let driver = controller.system.driver(nedID),
                case .cli(let grammar, _) = driver.kind
            else { throw call.invalid("Device \(name) has no driver for a command line") }
            let parsed = try parse(call, grammar)
            let isReplace = call.text("mode") == "replace"
            try call.change("load-native-config \(name)") { (tree) throws(ControlError) in
                let old = tree.device(name)?.child("config")?.mountedTree ?? DataTree(driver.model)
                let sealed = try controller.secrets.sealed(parsed.tree, like: old)
                let wanted = isReplace ? sealed : old.merging(sealed)
                do throws(PathError) { return try tree.settingDeviceConfig(name, to: wanted) } catch {
                    throw ControlError(.invalidValue, error.description)
                }
            }
            let skipped = parsed.skipped.count
            if call.flag("verbose") { return .ok(DeviceWork.skippedText(parsed.skipped)) }
            return .ok(skipped == 0 ? nil : "\(skipped) lines that the model does not know are left out")
        } catch {
            return .failed(error.message)
        }
    }

    private static func parse(
        _ call: ActionCall, _ grammar: CLIGrammar
    ) throws(ControlError) -> ParsedConfiguration {
        var bytes = Array((call.text("data") ?? "").utf8)
        if let file = call.text("file") {
            let path = file.hasPrefix("/") ? file : call.controller.configuration.runDirectory + "/" + file
            do { bytes = try DurableFiles.read(path, limit: fileLimit) } catch {
                throw ControlError(.invalidValue, "\(error)")
            }
        }
        do throws(CLIFault) {
            return try grammar.parse(bytes + [0x0A])
        } catch {
            throw ControlError(.invalidValue, "line \(error.line): \(error.message)")
        }
    }
}
