import Basics

/// Judges which packages of a set can be loaded, given what they require of each other.
enum PackageDependencies {
    static func judge(_ packages: inout [LoadedPackage]) {
        refuseDuplicates(&packages)
        refuseSharedNEDIDs(&packages)
        let circular = inCircles(packages)
        for index in packages.indices where packages[index].isUp && circular.contains(packages[index].name) {
            let name = packages[index].name
            packages[index].fail(
                .circularDependency, ["Failed to load NCS package: \(name); circular dependency found"])
        }
        judgeMissing(&packages)
    }

    /// Fails the packages that require what is not loaded; again whenever others have failed meanwhile.
    static func judgeMissing(_ packages: inout [LoadedPackage]) {
        var isChanged = true
        while isChanged {
            isChanged = false
            for index in packages.indices where packages[index].isUp {
                guard let (status, info) = missing(packages[index], packages) else { continue }
                packages[index].fail(status, [info])
                isChanged = true
            }
        }
    }

    private static func refuseDuplicates(_ packages: inout [LoadedPackage]) {
        var seen: [String: String] = [:]
        for index in packages.indices {
            let name = packages[index].name
            if let first = seen[name] {
                packages[index].fail(.metaDataError, ["Failed to load duplicate NCS package \(name): (\(first))"])
                packages[index].metaDataFault = .duplicate
            } else {
                seen[name] = packages[index].directory
            }
        }
    }

    /// Fails a package that brings a ned-id which another has brought: devices would not know their driver.
    private static func refuseSharedNEDIDs(_ packages: inout [LoadedPackage]) {
        var owners: [String: String] = [:]
        for index in packages.indices where packages[index].isUp {
            for ned in packages[index].metaData?.neds ?? [] {
                guard let identity = ned.identity else { continue }
                let owner = owners[identity, default: packages[index].name]
                owners[identity] = owner
                guard owner != packages[index].name else { continue }
                packages[index].fail(.metaDataError, ["ned-id \(identity) is that of package \(owner) as well"])
            }
        }
    }

    private static func missing(
        _ package: LoadedPackage, _ all: [LoadedPackage]
    ) -> (LoadedPackage.Status, String)? {
        for required in package.metaData?.requiredPackages ?? [] {
            let wanted = required.minimumVersion?.description ?? "any"
            let found = all.first { $0.name == required.name && $0.isUp }
            let version = found?.metaData?.version
            if let version, required.minimumVersion.map({ version >= $0 }) ?? true,
                required.maximumVersion.map({ version <= $0 }) ?? true
            {
                continue
            }
            let have = version?.description ?? "none"
            return (
                .missingDependency(name: required.name, version: wanted),
                "Failed to load NCS package: \(package.name); required package \(required.name) of version \(wanted) "
                    + "is not present (found \(have))"
            )
        }
        return nil
    }

    /// The packages that require themselves, directly or over others.
    private static func inCircles(_ packages: [LoadedPackage]) -> Set<String> {
        let needs = Dictionary(
            packages.map { ($0.name, $0.metaData?.requiredPackages.map(\.name) ?? []) }, uniquingKeysWith: { a, _ in a }
        )
        return Set(
            needs.keys.filter { start in
                var reached: Set<String> = []
                var open = needs[start] ?? []
                while let next = open.popLast() {
                    if next == start { return true }
                    if reached.insert(next).inserted { open += needs[next] ?? [] }
                }
                return false
            })
    }
}
