package import Basics

/// What `package-meta-data.xml` says: the identity of a package, what it needs and what it brings.
package struct PackageMetaData: Hashable, Sendable {
    package static let namespace = "http://tail-f.com/ns/ncs-packages"
    package static let fileName = "package-meta-data.xml"

    /// Unique, and the name of the package's directory.
    package var name: String
    package var version: Version
    package var displayName: String?
    package var description: String?
    /// The oldest releases on which it runs, one a release line.
    package var minimumVersions: [Version] = []
    /// The newest releases on which it runs.
    package var maximumVersions: [Version] = []
    package var singleSignOnURL: String?
    package var python: PythonPackage?
    /// Identities that the package's templates and code handle, `module:identity` or a plain name.
    package var supportedNEDIDs: [String] = []
    /// Regular expressions over `module:identity`.
    package var supportedNEDIDMatches: [String] = []
    package var requiredPackages: [RequiredPackage] = []
    package var components: [Component] = []

    package init(name: String, version: Version) {
        self.name = name
        self.version = version
    }

    package struct PythonPackage: Hashable, Sendable {
        package var vmName: String?
        /// `threading` or `multiprocessing`.
        package var callpointModel: String

        package init(vmName: String? = nil, callpointModel: String = "threading") {
            self.vmName = vmName
            self.callpointModel = callpointModel
        }
    }

    package struct RequiredPackage: Hashable, Sendable {
        package var name: String
        package var minimumVersion: Version?
        package var maximumVersion: Version?

        package init(name: String, minimumVersion: Version? = nil, maximumVersion: Version? = nil) {
            self.name = name
            self.minimumVersion = minimumVersion
            self.maximumVersion = maximumVersion
        }
    }

    package struct Component: Hashable, Sendable {
        package var name: String
        package var description: String?
        package var entitlementTag: String?
        package var kind: Kind

        package init(name: String, description: String? = nil, entitlementTag: String? = nil, kind: Kind) {
            self.name = name
            self.description = description
            self.entitlementTag = entitlementTag
            self.kind = kind
        }
    }

    package enum Kind: Hashable, Sendable {
        case ned(NED)
        /// `program` is ours: a file of the package that speaks the protocol of `NEDKit`.
        case upgrade(javaClassName: String?, pythonClassName: String?, program: String? = nil)
        case callback(javaClassNames: [String])
        case application(Application)
    }

    package struct Application: Hashable, Sendable {
        package var javaClassName: String?
        /// Empty for a pure library.
        package var pythonClassName: String?
        /// `phase1` or `phase2`.
        package var startPhase: String

        package init(javaClassName: String? = nil, pythonClassName: String? = nil, startPhase: String = "phase2") {
            self.javaClassName = javaClassName
            self.pythonClassName = pythonClassName
            self.startPhase = startPhase
        }
    }

    package enum NEDType: String, CaseIterable, Hashable, Sendable {
        case netconf, snmp, cli, generic

        /// How identities of drivers of this type are named: `router-cli-1.0`.
        package var identityPart: String {
            switch self {
            case .netconf: "nc"
            case .snmp: "snmp"
            case .cli: "cli"
            case .generic: "gen"
            }
        }
    }

    /// A component that drives devices.
    package struct NED: Hashable, Sendable {
        package var type: NEDType
        /// As written: `router-cli-1.0:router-cli-1.0`. NETCONF and SNMP packages may have none.
        package var nedID: String?
        /// Nil in a package that brings a driver description instead.
        package var javaClassName: String?
        package var managementProtocol: String?
        package var vendor: String?
        package var productFamilies: [String] = []
        package var operatingSystems: [String] = []
        package var options: [Option] = []

        package init(type: NEDType, nedID: String? = nil) {
            self.type = type
            self.nedID = nedID
        }

        /// The identity without its module.
        package var identity: String? {
            nedID.map { String($0.split(separator: ":", maxSplits: 1).last ?? "") }
        }
    }

    package struct Option: Hashable, Sendable {
        package var name: String
        package var value: String?

        package init(name: String, value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    package var neds: [NED] {
        components.compactMap { component in
            if case .ned(let ned) = component.kind { return ned }
            return nil
        }
    }

    /// Whether it runs on a release: an entry of the same line (`6.7`) decides, else the lowest and highest entries.
    package func runs(on release: Version) -> Bool {
        func line(_ version: Version) -> [Substring] { Array(version.description.split(separator: ".").prefix(2)) }
        if let same = minimumVersions.filter({ line($0) == line(release) }).max() {
            if release < same { return false }
        } else if let lowest = minimumVersions.min(), release < lowest {
            return false
        }
        guard let highest = maximumVersions.max() else { return true }
        // A maximum of 6.7 allows 6.7.1.
        return release <= highest || line(release) == highest.description.split(separator: ".")
    }
}
