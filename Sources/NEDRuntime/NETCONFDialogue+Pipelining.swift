import Basics
import ConfigTree
import NETCONF

/// A request of several that may be sent before the first of them is answered.
///
/// A device carries requests out in the order in which they come (RFC 6241 section 4.5), each whatever became of those
/// before it. So only what does no harm after a failure of any of these belongs to one call: reading, emptying what is
/// thrown away anyhow, giving back what is held. A commit is never sent before what it commits was answered.
struct PlannedRequest {
    var operation: String
    var content: (inout XMLWriter) throws -> Void
    /// Reads what `<data>` of the reply holds.
    var data: (inout XMLReader) throws -> Void = { try $0.skipElement() }

    init(_ operation: String, _ content: @escaping (inout XMLWriter) throws -> Void) {
        self.operation = operation
        self.content = content
    }
}

extension NETCONFDialogue {
    /// Carries out all of the requests, or throws the errors of the first that the device refuses.
    func callAll(_ requests: [PlannedRequest]) throws(NEDError) {
        let outcome = try attemptAll(requests)
        for (request, errors) in zip(requests, outcome) where !errors.isEmpty {
            throw refusal(request.operation, errors)
        }
    }

    /// The device's errors at each of the requests.
    ///
    /// A device that does not get them together (`NETCONFSettings.pipelines`) gets none after the first that it refuses,
    /// and the result ends with that; with `goesOn` it gets all of them.
    func attemptAll(_ requests: [PlannedRequest], goesOn: Bool = false) throws(NEDError) -> [[RPCError]] {
        var outcome: [[RPCError]] = []
        guard target.netconf.pipelines, requests.count > 1 else {
            for request in requests where goesOn || outcome.allSatisfy(\.isEmpty) {
                outcome.append(try attempt(request.operation, request.content, data: request.data))
            }
            return outcome
        }
        var ids: [Int] = []
        for request in requests { ids.append(try send(request.operation, request.content)) }
        for (id, request) in zip(ids, requests) {
            do throws(NEDError) {
                outcome.append(try reply(id, request.operation, request.data))
            } catch {
                // Replies that nobody waits for any more would be taken for others.
                if id != ids.last { close() }
                throw error
            }
        }
        return outcome
    }
}

/// A look at a part of the running configuration, as far as the model allows it.
final class RunningRead {
    private let filter: [XMLElement]
    private let model: DataModel
    /// What was read; nil before, and if the device refused.
    private(set) var tree: DataTree?

    init(_ filter: [XMLElement], _ model: DataModel) {
        self.filter = filter
        self.model = model
    }

    var request: PlannedRequest {
        var request = PlannedRequest("get-config") { [filter] writer in
            try writer.start("get-config")
            try writer.start("source")
            try writer.leaf("running", text: "")
            try writer.end()
            try writer.start("filter", attributes: [("type", "subtree")])
            for element in filter { try element.write(to: &writer) }
            try writer.end()
            try writer.end()
        }
        request.data = { [self] reader in
            tree = try XMLDataDecoder.tree(
                inside: &reader, model: model, options: DecodeOptions(.lax, content: .configOnly)
            ).content
        }
        return request
    }
}
