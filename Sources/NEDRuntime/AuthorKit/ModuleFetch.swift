import Basics
import ConfigTree
import NETCONF
import YANG

/// Fetches the modules of a NETCONF device, with what they import and include (RFC 6022).
package struct ModuleFetch {
    let session: NETCONFDeviceSession

    package init(session: NETCONFDeviceSession) { self.session = session }

    package struct Module {
        package var name: String
        package var revision: String
        /// Nil if the device does not hand it out.
        var text: String?
    }

    /// All modules that the device announces, lists in its YANG library or hands out, by name.
    package func list() throws(NEDError) -> [Module] {
        var found: [String: String] = [:]
        for module in session.announcement.modules { found[module.name] = module.revision }
        for module in (try? session.schemas()) ?? [] where found[module.name] == nil {
            found[module.name] = module.revision
        }
        return found.map { Module(name: $0.key, revision: $0.value, text: nil) }.sorted { $0.name < $1.name }
    }

    private static let limit = 5_000

    /// The texts of these modules and of all that they need. A module that the device does not hand out has none.
    func fetch(_ wanted: [Module]) throws(NEDError) -> [Module] {
        var pending = wanted
        var done: [String: Module] = [:]
        while let next = pending.popLast(), done.count < Self.limit {
            guard done[next.name] == nil, Self.isName(next.name) else { continue }
            var module = next
            do throws(NEDError) {
                module.text = try session.schemaText(module.name, revision: module.revision)
            } catch {
                guard error.code == .refused else { throw error }
            }
            done[module.name] = module
            let known = Dictionary(wanted.map { ($0.name, $0.revision) }, uniquingKeysWith: { first, _ in first })
            for name in Self.needed(module.text ?? "") where done[name] == nil {
                pending.append(Module(name: name, revision: known[name] ?? "", text: nil))
            }
        }
        return done.values.sorted { $0.name < $1.name }
    }

    /// A name is part of a path: it must be no more than a name.
    package static func isName(_ text: String) -> Bool {
        text.utf8.count <= 200 && text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.\-]*/) != nil
    }

    /// The names behind `import` and `include`: read as words, for a text that does not compile is fetched as well.
    package static func needed(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: { " \t\r;{\"'".contains($0) }).prefix(2).map(String.init)
            return words.count == 2 && (words[0] == "import" || words[0] == "include") ? words[1] : nil
        }
    }

    /// Modules of the protocol and of its servers: the device's configuration is not in them.
    static func isProtocol(_ name: String) -> Bool {
        let families = ["ietf-netconf", "ietf-yang-library", "ietf-datastores", "ietf-origin", "nc-notifications"]
        return families.contains { name == $0 || name.hasPrefix($0 + "-") } || name == "notifications"
    }
}

extension NEDCommand {
    /// `ncs-ned modules ADDRESS`: lists them.
    func modules(_ address: String) throws -> Int32 {
        let session = try connect(address)
        defer { session.close() }
        for module in try ModuleFetch(session: session).list() {
            services.output(module.revision.isEmpty ? module.name : "\(module.name)@\(module.revision)")
        }
        return 0
    }

    /// `ncs-ned fetch ADDRESS DIR [MODULE...]`: writes their texts. Exit status 1 if one is missing.
    func fetch(_ address: String, _ directory: String, _ names: [String]) throws -> Int32 {
        let session = try connect(address)
        defer { session.close() }
        let fetching = ModuleFetch(session: session)
        let all = try fetching.list()
        for name in names where !all.contains(where: { $0.name == name }) {
            throw Fault(message: "the device has no module \(name); ncs-ned modules lists those that it has")
        }
        let wanted = all.filter { names.isEmpty ? !ModuleFetch.isProtocol($0.name) : names.contains($0.name) }
        var isWhole = true
        try services.makeDirectory(directory)
        for module in try fetching.fetch(wanted) {
            guard let text = module.text else {
                isWhole = false
                services.errors("\(module.name): the device does not hand it out; put it into \(directory) yourself")
                continue
            }
            try services.write("\(directory)/\(module.name).yang", Array(text.utf8))
            services.output("Wrote \(directory)/\(module.name).yang")
        }
        return isWhole ? 0 : 1
    }

    private func connect(_ address: String) throws -> NETCONFDeviceSession {
        var target = try target(address, standardPort: 830)
        target.netconf.readsModuleLibrary = true
        do throws(NEDError) {
            return try NETCONFDeviceSession.connect(target, .withoutModel, trace: NoTrace())
        } catch {
            throw Fault(message: error.operatorText)
        }
    }
}
