import Basics
import ConfigTree
import NETCONF
import YANG

/// A NETCONF server under whatever a client sends.
///
/// - Cut differently, the same bytes get the same answers.
/// - Every answer is a well-formed message in the framing agreed upon.
/// - Whatever was accepted leaves a configuration that the model allows.
enum NETCONFCheck {
    /// A datastore in memory, for one run.
    private final class Store: NETCONFDatastore, @unchecked Sendable {
        let model = FuzzModels.model
        /// Used by the one thread that runs the check.
        var running = DataTree(FuzzModels.model)
        private let validator = Validator(FuzzModels.model)

        func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic] {
            validator.violations(in: tree, changedFrom: old)
        }

        func settled(_ tree: DataTree, changedFrom old: DataTree) -> DataTree {
            (try? validator.pruned(tree, changedFrom: old))?.tree ?? tree
        }

        func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure) { running = new }
        func startup() throws(RPCFailure) -> DataTree? { nil }
        func setStartup(_ tree: DataTree?) throws(RPCFailure) {}
        func moduleText(_ name: String, revision: String?) -> [UInt8]? { nil }
        func received(_ operation: String, session: SessionInfo) -> Interference? { nil }
        func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void) {}
        func timestamp() -> String { "2024-01-01T00:00:00Z" }
    }

    static func fault(on bytes: [UInt8]) -> String? {
        let whole = replies(to: bytes, piece: bytes.count + 1)
        let pieces = replies(to: bytes, piece: 5)
        if whole.output != pieces.output { return "cut differently the answers differ" }
        var reader = FrameReader(limit: 1 << 28)
        if isChunked(bytes) { reader.framing = .chunked }
        reader.append(whole.output)
        do {
            while let message = try reader.next() {
                var xml = XMLReader(message, file: "reply")
                while try xml.next() != .endOfDocument {}
            }
        } catch {
            return "an answer cannot be read: \(error)"
        }
        return reader.isBetweenMessages ? nil : "an answer is not whole"
    }

    private static func isChunked(_ bytes: [UInt8]) -> Bool {
        var reader = FrameReader(limit: 1 << 20)
        reader.append(bytes)
        guard let message = try? reader.next(), let hello = try? Hello(message: message) else { return false }
        return hello.capabilities.has(Capabilities.base11)
    }

    private static func replies(to bytes: [UInt8], piece: Int) -> (output: [UInt8], store: Store) {
        let store = Store()
        let session = ServerSession(NETCONFServer(store), user: "fuzz", source: "fuzz", end: {})
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            session.append(Array(bytes[start..<min(start + piece, bytes.count)]))
            while let step = session.step() { output += step.bytes }
        }
        return (output, store)
    }

    // MARK: Seeds

    private static let base = "urn:ietf:params:xml:ns:netconf:base:1.0"

    private static func hello(_ version: String) -> String {
        "<hello xmlns=\"\(base)\"><capabilities><capability>urn:ietf:params:netconf:base:\(version)</capability>"
            + "</capabilities></hello>]]>]]>"
    }

    private static let requests = [
        "<get/>", "<get-config><source><running/></source></get-config>",
        "<get-config><source><candidate/></source><filter type=\"subtree\"><top xmlns=\"urn:m\"><l><k>a</k></l></top></filter>"
            + "</get-config>",
        "<edit-config><target><candidate/></target><config><top xmlns=\"urn:m\"><s>x</s></top></config></edit-config>",
        "<edit-config><target><running/></target><default-operation>none</default-operation><config><top xmlns=\"urn:m\""
            + " xmlns:nc=\"\(base)\"><l nc:operation=\"delete\"><k>a</k><n>1</n></l></top></config></edit-config>",
        "<copy-config><target><candidate/></target><source><config/></source></copy-config>",
        "<lock><target><running/></target></lock>", "<validate><source><candidate/></source></validate>",
        "<commit><confirmed/><persist>p</persist></commit>", "<commit><persist-id>p</persist-id></commit>",
        "<cancel-commit/>", "<discard-changes/>", "<kill-session><session-id>4</session-id></kill-session>",
        "<get-config><source><running/></source><filter type=\"xpath\" xmlns:m=\"urn:m\" select=\"/m:top/m:l[m:k='a']\"/>"
            + "</get-config>",
        "<close-session/>",
    ]

    static let seeds: [String] = {
        let messages = requests.map { "<rpc xmlns=\"\(base)\" message-id=\"1\">\($0)</rpc>" }
        let old = messages.map { $0 + "]]>]]>" }.joined(separator: "\n")
        let new = messages.map { "\n#\($0.utf8.count)\n\($0)\n##\n" }.joined()
        return [hello("1.0") + old, hello("1.1") + new]
    }()

    static let words =
        ["\n#1\n", "\n##\n", "\n#4294967295\n", "]]>]]>", "<rpc message-id=\"1\" xmlns=\"\(base)\">", "</rpc>"]
        + requests
}
