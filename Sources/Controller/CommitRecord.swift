import Basics
import ConfigDatabase
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
        var bytes = Array((text + ",\n\"changes\":").utf8)
        changes.write(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
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

    /// What a record says before its changes, and where these stand in it: a start reads many.
    struct Parts {
        var head: CommitRecord
        /// The JSON text of the changes.
        var changes: ArraySlice<UInt8>

        var hasChanges: Bool { changes.count > 2 }

        init(_ payload: [UInt8]) throws {
            let marker = Array("\n\"changes\":".utf8)
            var index = payload.startIndex
            // A text in the head has no raw line feed.
            while index < payload.count, payload[index] != marker[0] { index += 1 }
            let start = index + marker.count
            guard start < payload.count, payload[index..<start].elementsEqual(marker), index > 0 else {
                head = try CommitRecord(payload)
                changes = head.changes.jsonBytes[...]
                return
            }
            head = try CommitRecord(payload[..<(index - 1)] + [UInt8(ascii: "}")])
            changes = payload[start..<payload.count - 1]
        }
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

/// What the log keeps of a package activation: the generation, and the snapshot that holds the whole data as it is under
/// its models, so that no replay has to convert anything again.
struct ActivationRecord {
    var generation: Int
    var digest: String
    var user: String
    /// The data themselves: of the first activation, and as earlier releases wrote them.
    var data: ChangeSet
    var snapshot: SnapshotManifest?

    func encode() -> [UInt8] {
        let start =
            "{\"generation\":\(generation),\"digest\":\(JSONText.quoted(digest)),\"user\":\(JSONText.quoted(user)),\n"
        if let snapshot { return Array((start + "\"snapshot\":\(JSONText.quoted(snapshot.text))}").utf8) }
        let head = start + "\"data\":"
        return Array(head.utf8) + data.jsonBytes + [UInt8(ascii: "}")]
    }

    /// The data under `model`. Throws as `ConfigurationImage.read`, or `PathError`.
    func tree(_ model: DataModel, _ files: SnapshotFiles) throws -> DataTree {
        if let snapshot { return try ConfigurationImage.read(snapshot, from: files, model) }
        return try DataTree(model).applying(data)
    }

    init(
        generation: Int, digest: String, user: String, data: ChangeSet = ChangeSet(), snapshot: SnapshotManifest? = nil
    ) {
        self.snapshot = snapshot
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
        guard let text = value["snapshot"]?.string else { return }
        guard let manifest = SnapshotManifest(text) else { throw ImageFault.damaged("an activation names no snapshot") }
        snapshot = manifest
    }
}
