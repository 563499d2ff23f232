package import Basics

/// What `build-meta-data.xml` tells about how a package was built. For show only, so nothing in it is an error but XML
/// that cannot be read.
package struct BuildMetaData: Hashable, Sendable {
    package static let namespace = "http://tail-f.com/ns/ncs-pkg-build"
    package static let fileName = "build-meta-data.xml"

    /// By path, in the order of the `build-info` container: `date`, `package/sha1`, `ncs/version`. Only what is there.
    package var values: [(path: String, value: String)] {
        Self.paths.compactMap { path in found[path].map { (path, $0) } }
    }
    private var found: [String: String] = [:]

    package static let paths = [
        "date", "file", "type", "arch", "java", "python", "erlang", "package/name", "package/version", "package/ref",
        "package/sha1", "ncs/version", "ncs/sha1", "dev-support/version", "dev-support/branch", "dev-support/sha1",
    ]

    /// - Throws: `DiagnosticsError` if it is not XML or has another root element.
    package static func parse(_ bytes: [UInt8], file: String) throws -> (
        buildInfo: BuildMetaData, warnings: [Diagnostic]
    ) {
        var limits = XMLLimits()
        limits.totalLength = 1 << 20
        limits.depth = 32
        let root = try XMLElement.parse(bytes, file: file, limits: limits)
        guard root.name == "ncs-pkg-build", root.namespace == namespace else {
            throw DiagnosticsError(
                .error(
                    "the root element is <\(root.name.visible())>",
                    remedy: "<ncs-pkg-build xmlns=\"\(namespace)\"> was expected", place: root.place))
        }
        var result = BuildMetaData()
        var warnings = [Diagnostic]()
        func take(_ element: XMLElement, _ path: String) {
            if paths.contains(path) {
                result.found[path] = element.trimmedText
            } else if paths.contains(where: { $0.hasPrefix(path + "/") }) {
                for child in element.children { take(child, path + "/" + child.name) }
            } else {
                warnings.append(.warning("<\(element.name.visible())> is not known and left out", place: element.place))
            }
        }
        for child in root.children { take(child, child.name) }
        return (result, warnings)
    }
}
