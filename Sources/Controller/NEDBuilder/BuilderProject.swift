import Basics

/// A driver that is being made of a device's modules: operational, durable, one value a project.
struct BuilderProject: Hashable, Sendable {
    struct Key: Hashable, Sendable {
        var family: String
        var version: String

        /// The name of the package: `router-nc-1.0`.
        var name: String { "\(family)-nc-\(version)" }
    }

    struct Module: Hashable, Sendable {
        var name: String
        var revision: String
        var namespace = ""
        var features: [String] = []
        var imports: [String] = []
        /// `NETCONF`, or `LOCAL` for a text that somebody put into the directory.
        var location = "NETCONF"
        var isSelected = false
        var isDownloaded = false
        /// Why its text is not there.
        var fault: String?
        var warnings: [String] = []
        var errors: [String] = []

        var status: String {
            var words = isSelected ? ["selected"] : []
            if isDownloaded { words.append("downloaded") }
            if let fault { words.append("error: \(fault)") }
            return words.joined(separator: ",")
        }

        /// The file of its text.
        var fileName: String { revision == Self.noRevision ? "\(name).yang" : "\(name)@\(revision).yang" }

        static let noRevision = "0000-00-00"
    }

    var modules: [Module] = []
    /// `success`, `error`; nil before the first build.
    var buildStatus: String?
    var buildDate: String?
    var output = ""

    init() {}

    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, file: "project") else { return nil }
        buildStatus = value["build-status"]?.string
        buildDate = value["build-date"]?.string
        output = value["output"]?.string ?? ""
        modules = (value["modules"]?.array ?? []).map { item in
            func list(_ name: String) -> [String] { (item[name]?.array ?? []).compactMap(\.string) }
            var module = Module(
                name: item["name"]?.string ?? "", revision: item["revision"]?.string ?? Module.noRevision)
            module.namespace = item["namespace"]?.string ?? ""
            (module.features, module.imports) = (list("features"), list("imports"))
            module.location = item["location"]?.string ?? "NETCONF"
            module.isSelected = item["selected"]?.string == "true"
            module.isDownloaded = item["downloaded"]?.string == "true"
            module.fault = item["fault"]?.string
            (module.warnings, module.errors) = (list("warnings"), list("errors"))
            return module
        }
    }

    func encode() -> [UInt8] {
        var object = JSONObject()
        if let buildStatus { object.append("build-status", .string(buildStatus)) }
        if let buildDate { object.append("build-date", .string(buildDate)) }
        if !output.isEmpty { object.append("output", .string(output)) }
        object.append("modules", .array(modules.map(Self.value)))
        return Array(JSONValue.object(object).print().utf8)
    }

    private static func value(_ module: Module) -> JSONValue {
        var object = JSONObject()
        func add(_ name: String, _ list: [String]) {
            if !list.isEmpty { object.append(name, .array(list.map { .string($0) })) }
        }
        object.append("name", .string(module.name))
        object.append("revision", .string(module.revision))
        object.append("namespace", .string(module.namespace))
        object.append("location", .string(module.location))
        add("features", module.features)
        add("imports", module.imports)
        if module.isSelected { object.append("selected", .string("true")) }
        if module.isDownloaded { object.append("downloaded", .string("true")) }
        if let fault = module.fault { object.append("fault", .string(fault)) }
        add("warnings", module.warnings)
        add("errors", module.errors)
        return .object(object)
    }
}
