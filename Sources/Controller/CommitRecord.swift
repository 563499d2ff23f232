import Basics
import ConfigTree

/// What the log keeps of a commit: who, when, why, and the change. Self-contained JSON.
struct CommitRecord {
    var user: String
    var context: String
    var label: String?
    var comment: String?
    /// W3C trace context of the request.
    var traceID: String?
    var changes: ChangeSet

    func encode() -> [UInt8] {
        var text = "{\"user\":\(JSONText.quoted(user)),\"via\":\(JSONText.quoted(context))"
        if let label { text += ",\"label\":\(JSONText.quoted(label))" }
        if let comment { text += ",\"comment\":\(JSONText.quoted(comment))" }
        if let traceID { text += ",\"trace-id\":\(JSONText.quoted(traceID))" }
        return Array((text + ",\n\"changes\":").utf8) + changes.jsonBytes + [UInt8(ascii: "}")]
    }

    init(
        user: String, context: String, label: String? = nil, comment: String? = nil, traceID: String? = nil,
        changes: ChangeSet
    ) {
        self.user = user
        self.context = context
        self.label = label
        self.comment = comment
        self.traceID = traceID
        self.changes = changes
    }

    init(_ payload: [UInt8]) throws {
        let value = try JSONValue.parse(payload, file: "the log")
        user = value["user"]?.string ?? ""
        context = value["via"]?.string ?? ""
        label = value["label"]?.string
        comment = value["comment"]?.string
        traceID = value["trace-id"]?.string
        changes = try ChangeSet(value: value["changes"])
    }
}

extension ChangeSet {
    init(value: JSONValue?) throws {
        let lines = (value?.array ?? []).map { ($0.array ?? []).compactMap(\.string) }
        try self.init(words: lines)
    }
}

/// What the log keeps of a package activation: the generation, and the whole data as it is under its models, so that no
/// replay has to convert anything again.
struct ActivationRecord {
    var generation: Int
    var digest: String
    var user: String
    var data: ChangeSet

    func encode() -> [UInt8] {
        let head =
            "{\"generation\":\(generation),\"digest\":\(JSONText.quoted(digest)),\"user\":\(JSONText.quoted(user)),\n"
            + "\"data\":"
        return Array(head.utf8) + data.jsonBytes + [UInt8(ascii: "}")]
    }

    init(generation: Int, digest: String, user: String, data: ChangeSet) {
        self.generation = generation
        self.digest = digest
        self.user = user
        self.data = data
    }

    init(_ payload: [UInt8]) throws {
        let value = try JSONValue.parse(payload, file: "the log")
        generation = value["generation"]?.int ?? 0
        digest = value["digest"]?.string ?? ""
        user = value["user"]?.string ?? ""
        data = try ChangeSet(value: value["data"])
    }
}
