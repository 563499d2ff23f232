import Basics

/// What of a device's data is meant.
enum DataPart: String, Hashable, Sendable { case configuration, state, all }

/// What the command asks of the process that serves the network; one JSON object a line.
enum ControlRequest: Hashable {
    case start([String])
    /// None named means all that run.
    case stop([String])
    case status([String])
    /// Loads an XML file into a running device.
    case load(device: String, file: String, isMerge: Bool, part: DataPart = .configuration)
    /// Writes what is at and below a keypath into an XML file.
    case save(device: String, file: String, path: String, part: DataPart)
    /// Reads or changes single nodes of a running device.
    case command(device: String, script: String)
    /// Looks at the faults of connections again.
    case refresh([String])
    /// Changes running devices by lines of configuration, as they would by themselves.
    case configure([String], lines: [String])

    var json: JSONValue {
        switch self {
        case .start(let names): ["do": "start", "devices": .array(names.map { .string($0) })]
        case .stop(let names): ["do": "stop", "devices": .array(names.map { .string($0) })]
        case .status(let names): ["do": "status", "devices": .array(names.map { .string($0) })]
        case .load(let device, let file, let isMerge, let part):
            [
                "do": "load", "devices": [.string(device)], "file": .string(file), "merge": .bool(isMerge),
                "part": .string(part.rawValue),
            ]
        case .save(let device, let file, let path, let part):
            [
                "do": "save", "devices": [.string(device)], "file": .string(file), "path": .string(path),
                "part": .string(part.rawValue),
            ]
        case .command(let device, let script):
            ["do": "command", "devices": [.string(device)], "script": .string(script)]
        case .refresh(let names): ["do": "refresh", "devices": .array(names.map { .string($0) })]
        case .configure(let names, let lines):
            [
                "do": "configure", "devices": .array(names.map { .string($0) }),
                "lines": .array(lines.map { .string($0) }),
            ]
        }
    }

    init?(_ value: JSONValue) {
        let names = (value["devices"]?.array ?? []).compactMap(\.string)
        let part = value["part"]?.string.flatMap { DataPart(rawValue: $0) } ?? .configuration
        switch value["do"]?.string {
        case "start": self = .start(names)
        case "stop": self = .stop(names)
        case "status": self = .status(names)
        case "load":
            guard let device = names.first, let file = value["file"]?.string else { return nil }
            self = .load(device: device, file: file, isMerge: value["merge"]?.bool ?? true, part: part)
        case "save":
            guard let device = names.first, let file = value["file"]?.string else { return nil }
            self = .save(device: device, file: file, path: value["path"]?.string ?? "", part: part)
        case "refresh": self = .refresh(names)
        case "configure": self = .configure(names, lines: (value["lines"]?.array ?? []).compactMap(\.string))
        case "command":
            guard let device = names.first, let script = value["script"]?.string else { return nil }
            self = .command(device: device, script: script)
        default: return nil
        }
    }
}

/// What became of one device, as it is known; the last reply of a request names none.
struct ControlReply: Hashable, Sendable {
    enum State: String, Sendable {
        case started, alreadyRunning, failed, stopped, notRunning, running, loaded
        /// The request is done.
        case done
    }

    var device: String
    var state: State
    /// A reason, or facts for `status`.
    var text = ""

    static let done = ControlReply(device: "", state: .done)

    var json: JSONValue {
        ["device": .string(device), "state": .string(state.rawValue), "text": .string(text)]
    }

    init(device: String, state: State, text: String = "") {
        self.device = device
        self.state = state
        self.text = text
    }

    init?(_ value: JSONValue) {
        guard let device = value["device"]?.string, let name = value["state"]?.string, let state = State(rawValue: name)
        else { return nil }
        self.init(device: device, state: state, text: value["text"]?.string ?? "")
    }
}
