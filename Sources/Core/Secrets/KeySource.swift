/// Where keys come from.
package enum KeySource: Sendable {
    /// Only the file that the daemon makes itself.
    case ownFile
    /// `ncs.conf`: keys without generation, or `key-rotation`.
    case configured([KeyGeneration])
    case external(ExternalKeyCommand)

    func generations() throws(SecretError) -> [KeyGeneration] {
        switch self {
        case .ownFile: []
        case .configured(let generations): generations
        case .external(let command): try command.keys()
        }
    }
}
