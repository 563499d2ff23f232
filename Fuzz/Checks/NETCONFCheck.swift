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
    /// A datastore in memory with some data, for one run.
    private final class Store: NETCONFDatastore, @unchecked Sendable {
        let model = FuzzModels.model
        /// Used by the one thread that runs the check.
        var running = FuzzModels.tree
        private var saved: DataTree?
        private let validator = Validator(FuzzModels.model)

        func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic] {
            validator.violations(in: tree, changedFrom: old)
        }

        func settled(_ tree: DataTree, changedFrom old: DataTree) -> DataTree {
            (try? validator.pruned(tree, changedFrom: old))?.tree ?? tree
        }

        func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure) { running = new }
        func startup() throws(RPCFailure) -> DataTree? { saved }
        func setStartup(_ tree: DataTree?) throws(RPCFailure) { saved = tree }
        func moduleText(_ name: String, revision: String?) -> [UInt8]? {
            name == "m" ? Array(FuzzModels.dataText.utf8) : nil
        }

        /// What the model forbids in what runs.
        var violations: Set<String> {
            Set(validator.violations(in: running).filter { $0.severity == .error }.map(\.summary))
        }

        func received(_ operation: String, session: SessionInfo) -> Interference? { nil }
        func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void) {}
        func timestamp() -> String { "2024-01-01T00:00:00Z" }
    }

    /// What is wrong before anything is done.
    private static let known = Store().violations

    static func fault(on bytes: [UInt8]) -> String? {
        let whole = talk(bytes, piece: bytes.count + 1)
        let pieces = talk(bytes, piece: 5)
        // When a notification comes between answers, and what is counted of them, depends on when somebody looks.
        let isTold = whole.isTold || pieces.isTold
        if whole.count != pieces.count || !isTold && whole.output != pieces.output {
            return "cut differently the answers differ"
        }
        if let new = whole.store.violations.subtracting(known).first { return "what runs is not allowed: \(new)" }
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

    private struct Talk {
        var store = Store()
        var output: [UInt8] = []
        /// Answers, notifications not counted.
        var count = 0
        /// Whether there were notifications.
        var isTold = false
    }

    private static func talk(_ bytes: [UInt8], piece: Int) -> Talk {
        var talk = Talk()
        var profile = ServerProfile()
        profile.startup = true
        let session = ServerSession(NETCONFServer(talk.store, profile: profile), user: "fuzz", source: "fuzz", end: {})
        for start in stride(from: 0, to: bytes.count, by: piece) {
            session.append(Array(bytes[start..<min(start + piece, bytes.count)]))
            while let step = session.step() {
                let message = step.bytes
                let isNotification = message.prefix(64).firstRange(of: Array("<notification".utf8)) != nil
                talk.isTold = talk.isTold || isNotification
                talk.count += isNotification ? 0 : 1
                talk.output += message
            }
        }
        return talk
    }

    // MARK: Seeds

    private static let base = "urn:ietf:params:xml:ns:netconf:base:1.0"
    private static let monitoring = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
    private static let defaults = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults"
    private static let events = "urn:ietf:params:xml:ns:netconf:notification:1.0"
    private static let nmda = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
    private static let datastores = "urn:ietf:params:xml:ns:yang:ietf-datastores"

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
        "<get><filter><netconf-state xmlns=\"\(monitoring)\"><sessions/></netconf-state></filter></get>",
        "<get-config><source><running/></source><with-defaults xmlns=\"\(defaults)\">report-all-tagged</with-defaults>"
            + "</get-config>",
        "<get-schema xmlns=\"\(monitoring)\"><identifier>m</identifier></get-schema>",
        "<edit-config><target><candidate/></target><test-option>test-then-set</test-option><error-option>"
            + "continue-on-error</error-option><config><top xmlns=\"urn:m\" xmlns:nc=\"\(base)\" nc:operation=\"replace\">"
            + "<ul xmlns:y=\"urn:ietf:params:xml:ns:yang:1\" y:insert=\"first\">q</ul></top></config></edit-config>",
        "<copy-config><target><startup/></target><source><running/></source></copy-config>",
        "<copy-config><target><running/></target><source><startup/></source></copy-config>",
        "<delete-config><target><startup/></target></delete-config>", "<unlock><target><running/></target></unlock>",
        "<create-subscription xmlns=\"\(events)\"><filter><netconf-config-change/></filter><startTime>"
            + "2023-01-01T00:00:00Z</startTime></create-subscription>",
        "<get-data xmlns=\"\(nmda)\" xmlns:ds=\"\(datastores)\"><datastore>ds:operational</datastore></get-data>",
        "<edit-data xmlns=\"\(nmda)\" xmlns:ds=\"\(datastores)\"><datastore>ds:running</datastore><config>"
            + "<lone xmlns=\"urn:m\">y</lone></config></edit-data>",
        "<ping xmlns=\"urn:m\"><count>5</count></ping>",
        "<action xmlns=\"urn:ietf:params:xml:ns:yang:1\"><top xmlns=\"urn:m\"><l><k>p1</k><n>1</n><clear/></l></top>"
            + "</action>", "<close-session/>",
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
