import Basics
import Foundation

/// A driver of a NETCONF device: its modules are the whole driver.
extension PackageSkeleton {
    /// The files of a package with the modules of a directory.
    func netconfDriver(_ directory: String) throws -> [File] {
        let found = try? FileManager.default.contentsOfDirectory(atPath: directory)
        let names = (found ?? []).filter { $0.hasSuffix(".yang") }
        guard !names.isEmpty else {
            throw PackageError(
                .buildFailed, directory, found == nil ? "no such directory can be read" : "there are no modules",
                remedy: "put the device's *.yang files there: ncs-ned fetch gets them from the device")
        }
        var files: [File] = [
            ("README.md", Self.readme), ("src/Makefile", makefile(deviceType: "netconf")),
            ("src/package-meta-data.xml.in", metaData(kind: "netconf", devices: "NETCONF devices")),
        ]
        if hasNetsim {
            files.append(("netsim/Makefile", "include $(NCS_DIR)/src/ncs/build/include-netsim-ned-src.mk\n"))
        }
        files = files.map { ($0.path, filled($0.text)) }
        for name in names.sorted() {
            let bytes = try DurableFiles.read(directory + "/" + name, limit: 64 << 20)
            files.append(("src/yang/" + name, String(decoding: bytes, as: UTF8.self)))
        }
        return files
    }

    private static let readme = """
        # @NAME@

        Driver for NETCONF devices of @VENDOR@: `device-type netconf ned-id @NED@`. The modules in `src/yang` are those of
        the device.

            make -C src                # compiles; the package is ready to be loaded then
            ncs-netsim create-network . 2 @NAME@

        """
}
