import Basics
import ConfigTree
import YANG

/// Whether a device that answers a commit with ok has done it: a look at a few of the places that the change is about,
/// before and after.
///
/// There are devices that say ok and commit nothing. They do so always, so that a session that has been proven honest
/// once is believed from then on. A device may make something else of what it is told; any change at all is proof.
struct CommitProof {
    /// How many places are looked at.
    private static let limit = 8

    private let edits: [DecodedEdit]
    /// What was there before.
    var before: DataTree?

    /// Of the content of an `edit-config`; nil if it changes nothing that could be looked at.
    init?(_ content: String, _ model: DataModel) {
        let document = Array("<config>\(content)</config>".utf8)
        let decoded = XMLDataDecoder.edits(
            document, file: "change", model: model, options: DecodeOptions(.lax, content: .configOnly))
        edits = Array(decoded.content.lazy.filter { !$0.path.steps.isEmpty && Self.isTelling($0) }.prefix(Self.limit))
        if edits.isEmpty { return nil }
    }

    /// Positions among entries cannot be seen at one place.
    private static func isTelling(_ edit: DecodedEdit) -> Bool {
        switch edit.edit {
        case .set, .delete: true
        case .create: edit.path.last?.node.kind != .leafList
        default: false
        }
    }

    /// The filter that selects the places.
    var filter: [XMLElement] {
        edits.map { edit in
            var element: XMLElement?
            for step in edit.path.steps.reversed() {
                var here = StateFilter.element(step.node)
                if step.node.kind != .leafList {
                    here.children = zip(step.node.keys, step.keys).map { StateFilter.element($0, value: $1) }
                }
                if let inner = element, !here.children.contains(where: { $0.name == inner.name }) {
                    here.children.append(inner)
                }
                element = here
            }
            return element ?? XMLElement("none")
        }
    }

    /// Whether the device may be believed: something has changed, or everything was as it should be already.
    func holds(_ after: DataTree) -> Bool {
        if let before, !before.diff(to: after).isEmpty { return true }
        return edits.allSatisfy { edit in
            let there = after.instance(edit.path)
            return switch edit.edit {
            case .set(let value): there?.value == value
            case .delete: there == nil || there?.isDefault == true || there?.row?.isEmpty == true
            default: there != nil
            }
        }
    }
}
