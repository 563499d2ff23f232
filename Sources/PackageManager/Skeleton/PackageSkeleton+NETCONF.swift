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
            ("README.md", Self.readme), ("src/Makefile", makefile(failsOnWarnings)),
            ("src/package-meta-data.xml.in", Self.metaData),
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

    private func makefile(_ isStrict: Bool) -> String {
        """
        PACKAGE_NAME     = @NAME@
        DEVICE_TYPE      = netconf
        NCSC_EXTRA_FLAGS = \(isStrict ? "--fail-on-warnings" : "")

        include $(NCS_DIR)/src/ncs/build/include-netsim-ned.mk

        """
    }

    private static let metaData = """
        <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
          <name>@NAME@</name>
          <package-version>@VERSION@</package-version>
          <description>Driver for NETCONF devices of @VENDOR@</description>
          <ncs-min-version>\(Product.compatibleVersion)</ncs-min-version>
          <component>
            <name>@NAME@</name>
            <ned>
              <netconf>
                <ned-id>to be replaced by build</ned-id>
              </netconf>
              <device>
                <vendor>@VENDOR@</vendor>
              </device>
            </ned>
          </component>
        </ncs-package>

        """

    private static let readme = """
        # @NAME@

        Driver for NETCONF devices of @VENDOR@: `device-type netconf ned-id @NED@`. The modules in `src/yang` are those of
        the device.

            make -C src                # compiles; the package is ready to be loaded then
            ncs-netsim create-network . 2 @NAME@

        """
}
