import Basics
import Foundation

/// The files that a new package begins with: small, complete, and to be changed by its author.
struct PackageSkeleton {
    /// A path below the package's directory, and what is there.
    typealias File = (path: String, text: String)

    var name: String
    var version: String
    var vendor: String
    /// What stands between name and version: `cli`, `nc`.
    var kind = "cli"
    var hasNetsim = true
    var hasTest = true
    var failsOnWarnings = true

    /// `acme-cli-1.0`: what the build makes of name and version.
    var nedID: String {
        let parts = version.split(whereSeparator: { !$0.isNumber }).prefix(2).joined(separator: ".")
        return "\(name)-\(kind)-\(parts)"
    }

    /// A driver of a device with a command line.
    var commandLineDriver: [File] {
        var files: [File] = [
            ("README.md", readme), ("src/Makefile", makefile(deviceType: "cli-ned")),
            ("src/package-meta-data.xml.in", metaData(kind: "cli", devices: "devices")),
            ("src/yang/\(name).yang", CommandLineTemplates.model), ("driver/driver.yaml", CommandLineTemplates.driver),
        ]
        if hasNetsim {
            files.append(("netsim/Makefile", "include $(NCS_DIR)/src/ncs/build/include-netsim-ned-src.mk\n"))
            files.append(("netsim/\(name).xml", CommandLineTemplates.initialData))
        }
        if hasTest {
            files.append(("test/Makefile", CommandLineTemplates.tests))
            files.append(("test/sample.cfg", CommandLineTemplates.sample))
            files.append(("test/changed.cfg", CommandLineTemplates.changedSample))
            files.append(("test/sample.xml", CommandLineTemplates.sampleData))
            files.append(("test/commands.txt", CommandLineTemplates.commands))
        }
        return files.map { ($0.path, filled($0.text)) }
    }

    /// Writes the files below a directory that is not there yet, or is empty.
    func write(_ files: [File], to directory: String) throws {
        let there = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        guard there.isEmpty else {
            throw PackageError(
                .alreadyThere, directory, "is there already, with files in it",
                remedy: "remove it, or give another place with --dest")
        }
        for file in files {
            let path = directory + "/" + file.path
            try DurableFiles.makeDirectory(DurableFiles.parent(of: path))
            try DurableFiles.write(path, Array(file.text.utf8))
        }
    }

    func filled(_ text: String) -> String {
        text.replacing("@NAME@", with: name).replacing("@VERSION@", with: version)
            .replacing("@VENDOR@", with: Self.escaped(vendor)).replacing("@NED@", with: nedID)
            .replacing("@TODAY@", with: "2026-01-01")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// `deviceType` is a word that the make fragments know.
    func makefile(deviceType: String) -> String {
        """
        PACKAGE_NAME     = @NAME@
        DEVICE_TYPE      = \(deviceType)
        NCSC_EXTRA_FLAGS = \(failsOnWarnings ? "--fail-on-warnings" : "")

        include $(NCS_DIR)/src/ncs/build/include-netsim-ned.mk

        """
    }

    /// `kind` is the element of the ned-id, `devices` what the description calls them.
    func metaData(kind: String, devices: String) -> String {
        """
        <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
          <name>@NAME@</name>
          <package-version>@VERSION@</package-version>
          <description>Driver for \(devices) of @VENDOR@</description>
          <ncs-min-version>\(Product.compatibleVersion)</ncs-min-version>
          <component>
            <name>@NAME@</name>
            <ned>
              <\(kind)>
                <ned-id>to be replaced by build</ned-id>
              </\(kind)>
              <device>
                <vendor>@VENDOR@</vendor>
              </device>
            </ned>
          </component>
        </ncs-package>

        """
    }

    private var readme: String {
        """
        # @NAME@

        Driver for devices of \(vendor): `device-type cli ned-id @NED@`.

        | file | what |
        | --- | --- |
        | `src/yang/@NAME@.yang` | the device's configuration; `tailf:cli-*` statements say how it looks on the command line |
        | `driver/driver.yaml` | how the driver logs in, what it expects and what it sends |
        | `netsim/` | what a simulated device starts with |
        | `test/` | a configuration as text and as data; `make -C test` holds the model against them |

            make -C src                # compiles; the package is ready to be loaded then
            make -C test
            ncs-netsim create-network . 2 @NAME@

        """
    }
}
