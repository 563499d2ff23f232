/// Which of several revisions of a module in one run is the module, and what becomes of the others.
struct RevisionChoice {
    /// The modules of the set, in the order given.
    private(set) var chosen: [ModuleText] = []
    /// Revisions that are there beside the chosen one, the newest first.
    private(set) var others: [ModuleText] = []

    /// - Parameters:
    ///   - modules: module texts; two of one revision are left for the loader to refuse.
    ///   - announced: the revision of each module that the set has; nil for the newest of all.
    init(_ modules: [ModuleText], announced: [String: String]?) {
        var revisions: [String: [ModuleText]] = [:]
        for module in modules { revisions[module.name, default: []].append(module) }
        for module in modules {
            guard let all = revisions.removeValue(forKey: module.name) else { continue }
            let sorted = all.enumerated().sorted {
                ($1.element.revision ?? "", $0.offset) < ($0.element.revision ?? "", $1.offset)
            }.map(\.element)
            var pick: ModuleText? = sorted.first
            if let announced {
                pick = announced[module.name].flatMap { wanted in
                    ModuleRevisions.choose(wanted, among: sorted.map { $0.revision ?? "" }).map { sorted[$0] }
                }
            }
            if let pick { chosen += all.filter { $0 === pick || $0.revision == pick.revision } }
            others += sorted.filter { $0 !== pick && $0.revision != pick?.revision }
        }
    }
}

/// The revisions of a module that a driver has.
package enum ModuleRevisions {
    /// The position of the revision that serves a device with `wanted`: that one, else the newest that is older, else the
    /// oldest. A device that announces none has the newest.
    package static func choose(_ wanted: String, among newestFirst: [String]) -> Int? {
        guard !wanted.isEmpty else { return newestFirst.indices.first }
        return newestFirst.firstIndex(of: wanted) ?? newestFirst.firstIndex { $0 < wanted } ?? newestFirst.indices.last
    }
}

/// A module that a device has, as its session says.
package struct AnnouncedModule: Hashable, Sendable {
    package var name: String
    /// Empty if the device does not say.
    package var revision: String
    package var features: [String]
    package var deviations: [String]

    package init(name: String, revision: String = "", features: [String] = [], deviations: [String] = []) {
        self.name = name
        self.revision = revision
        self.features = features
        self.deviations = deviations
    }
}

/// What a session learnt of the device's modules: from a capability list, a YANG library, or its driver.
package struct ModuleAnnouncement: Hashable, Sendable {
    package var modules: [AnnouncedModule]
    /// Whether the device has these modules and no others. If not, it has the newest revision of what is not named.
    package var isComplete: Bool

    package init(modules: [AnnouncedModule] = [], isComplete: Bool = false) {
        self.modules = modules
        self.isComplete = isComplete
    }

    package static let none = ModuleAnnouncement()
}
