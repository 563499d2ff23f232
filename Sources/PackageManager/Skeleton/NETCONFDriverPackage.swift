/// A package made of a NETCONF device's modules, for those who have them in a directory.
package enum NETCONFDriverPackage {
    /// Writes the sources of the package into a directory that is not there yet, or is empty.
    ///
    /// - Parameter family: what stands before `-nc-VERSION` in its name.
    package static func write(
        family: String, version: String, vendor: String, modules: String, to directory: String
    ) throws {
        var skeleton = PackageSkeleton(name: family, version: version, vendor: vendor)
        skeleton.kind = "nc"
        skeleton.hasTest = false
        skeleton.failsOnWarnings = false
        try skeleton.write(try skeleton.netconfDriver(modules), to: directory)
    }
}
