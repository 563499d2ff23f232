import Basics

/// A message of JSON-RPC 2.0, one a line.
enum ProgramMessage {
    case request(id: JSONValue?, method: String, parameters: JSONValue)
    case result(id: JSONValue, JSONValue)
    case failure(id: JSONValue, message: String)

    private static let limits: JSONLimits = {
        var limits = JSONLimits()
        limits.depth = 200
        return limits
    }()

    /// - Throws: what the program did wrong, as the rest of a sentence.
    static func read(_ line: [UInt8]) throws(MessageFault) -> ProgramMessage {
        let value: JSONValue
        do { value = try JSONValue.parse(line, file: "output", limits: limits) } catch {
            throw MessageFault("wrote a line that is no JSON: '\(sample(line))'")
        }
        guard value["jsonrpc"]?.string == "2.0" else {
            throw MessageFault("wrote a line that is no message of JSON-RPC 2.0: '\(sample(line))'")
        }
        if let method = value["method"]?.string {
            return .request(id: value["id"], method: method, parameters: value["params"] ?? .null)
        }
        guard let id = value["id"] else {
            throw MessageFault("wrote a message without method and id: '\(sample(line))'")
        }
        if let error = value["error"] {
            guard let message = error["message"]?.string else {
                throw MessageFault("answered with an error that has no message: '\(sample(line))'")
            }
            return .failure(id: id, message: message)
        }
        guard let result = value["result"] else {
            throw MessageFault("answered with neither result nor error: '\(sample(line))'")
        }
        return .result(id: id, result)
    }

    var line: [UInt8] {
        var object: JSONObject = ["jsonrpc": "2.0"]
        switch self {
        case .request(let id, let method, let parameters):
            if let id { object.append("id", id) }
            object.append("method", .string(method))
            object.append("params", parameters)
        case .result(let id, let result):
            object.append("id", id)
            object.append("result", result)
        case .failure(let id, let message):
            object.append("id", id)
            object.append("error", ["code": -32_000, "message": .string(message)])
        }
        return Array(JSONValue.object(object).print().utf8) + [10]
    }

    /// The beginning of a line, harmless.
    static func sample(_ line: [UInt8]) -> String {
        ProgramText.harmless(String(decoding: line.prefix(80), as: UTF8.self))
    }
}

struct MessageFault: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
