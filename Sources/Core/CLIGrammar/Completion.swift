import ConfigTree
import YANG

/// A word that can stand at the end of a line.
package struct Completion: Hashable, Sendable {
    package var text: String
    package var info: String
    /// A value of a type (`<unsignedInt, 1 .. 65535>`), not a word to be typed.
    package var isValue: Bool
}

/// Gathers what a line could go on with.
final class CompletionCollector {
    func content(_ parser: LineParser, _ frame: Int) {}
    func value(of leaf: CLINode, _ parser: LineParser, _ frame: Int) {}
    func leaf(_ leaf: CLINode, _ parser: LineParser, _ frame: Int) {}
    func key(_ key: CLINode, of list: CLINode, keys: [String], isName: Bool, _ parser: LineParser, _ frame: Int) {}
}
