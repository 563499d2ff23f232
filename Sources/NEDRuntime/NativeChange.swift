package import CLIGrammar
package import ConfigTree

/// What a device is sent to take it from one configuration to another, secrets in plain text.
package enum NativeChange: Sendable {
    case commands([CLICommand])
    /// The content of `<config>` in an `edit-config`.
    case editConfig(String)

    package var isEmpty: Bool {
        switch self {
        case .commands(let commands): commands.isEmpty
        case .editConfig(let content): content.isEmpty
        }
    }

    /// As a dry run shows it.
    package var text: String {
        switch self {
        case .commands(let commands): commands.text()
        case .editConfig(let content): content
        }
    }

    /// Traces what a dry run would send; there is no session.
    package func traceDryRun(_ trace: any DeviceTrace) {
        let lines: [String] =
            switch self {
            case .commands(let commands): commands.map(\.text)
            case .editConfig(let content): content.split(separator: "\n").map(String.init)
            }
        trace.phase(.toDriver, (["PREPARE DRY 0:"] + lines).joined(separator: "\n"))
        trace.phase(.fromDriver, "PREPARE DRY OK")
    }
}

extension Driver {
    /// What takes a device from one configuration to the other; nothing for a driver that cannot send anything.
    package func change(from old: DataTree, to new: DataTree) -> NativeChange {
        switch kind {
        case .cli(let grammar, _): .commands(grammar.commands(from: old, to: new))
        case .netconf: .editConfig(XMLEditEncoder().text(old.diff(to: new)))
        case .modelOnly: .commands([])
        }
    }
}
