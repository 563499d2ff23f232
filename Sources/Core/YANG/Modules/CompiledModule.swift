/// A checked module as a file (`.fxs`): its texts and how they are to be compiled, never a result that could go stale.
///
/// Layout, all numbers big-endian: the magic `OPENNED-FXS\n`, the format version (4 octets), the number of sections
/// (4 octets), then for each section its kind (4 octets), its length (8 octets), the SHA-256 of its content (32
/// octets) and the content. Section 1 is the description as JSON; section 2 appears once for each text, in the order
/// of the description's list. Nothing may follow the last section.
package struct CompiledModule: Sendable {
    package static let magic = Array("OPENNED-FXS\n".utf8)
    package static let formatVersion: UInt32 = 1

    package enum Role: String, Codable, Sendable {
        case module, submodule, annotation
        /// An older revision of the module, for devices that have that.
        case revision
        /// A module whose deviations apply to this one.
        case deviation
        /// A module that this one imports and that the product does not bring: so that the file links wherever it is.
        case dependency
        /// A file of recipes, some for the module or what it came with: the texts are those before them.
        case recipe
    }

    /// A text in the file.
    package struct Text: Sendable {
        package var role: Role
        package var name: String
        package var revision: String?
        /// The name of the file that it was read from, without directories.
        package var fileName: String
        package var bytes: [UInt8]

        package init(role: Role, name: String, revision: String?, fileName: String, bytes: [UInt8]) {
            self.role = role
            self.name = name
            self.revision = revision
            self.fileName = fileName
            self.bytes = bytes
        }
    }

    package var name: String
    package var namespace: String
    package var prefix: String
    package var revision: String?
    package var isImplemented: Bool
    package var features: FeatureSelection
    /// The policy that the module passed.
    package var policy: CompilePolicy
    /// The names of the modules that it imports.
    package var imports: [String]
    /// For a device module: `cli-ned` and the like, and `module:identity` of its ned-id.
    package var deviceType: String?
    package var nedID: String?
    /// The module first, then its submodules, annotation modules and deviation modules.
    package var texts: [Text]

    package init(
        name: String, namespace: String, prefix: String, revision: String? = nil, isImplemented: Bool = true,
        features: FeatureSelection = .all, policy: CompilePolicy = .strict, imports: [String] = [], texts: [Text]
    ) {
        self.name = name
        self.namespace = namespace
        self.prefix = prefix
        self.revision = revision
        self.isImplemented = isImplemented
        self.features = features
        self.policy = policy
        self.imports = imports
        self.texts = texts
    }

    /// The texts of some roles as compiler sources, named `FILE.fxs:NAME.yang` after the file that holds them.
    package func sources(_ roles: Set<Role>, in file: String) -> [SchemaCompiler.Source] {
        texts.filter { roles.contains($0.role) }.map {
            SchemaCompiler.Source(path: "\(file):\($0.fileName)", bytes: $0.bytes)
        }
    }
}

/// Why a `.fxs` file is none of ours, or none any more.
package struct CompiledModuleError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// It does not start with our magic: another compiler's.
        case foreign
        /// Written by a release with another format.
        case version
        case damaged
        case unreadable
    }

    package var code: Code
    package var path: String
    package var reason: String

    package var description: String {
        switch code {
        case .foreign: "\(path): not a module compiled by this ncsc; compile it again from its YANG sources"
        case .version: "\(path): \(reason); compile the module again"
        case .damaged: "\(path): the file is damaged (\(reason)); compile the module again or restore the file"
        case .unreadable: "\(path): cannot be read: \(reason)"
        }
    }
}
