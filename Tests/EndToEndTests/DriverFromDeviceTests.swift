import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A driver made of the modules that a device hands out.
    @Suite struct DriverFromDeviceTests {
        private static let source = SharedData.path("nso-examples/router-nc-1.0")

        @Test(.enabled(if: source != nil, "no shared data"))
        func aDriverIsBuiltFromADeviceAndManagesIt() throws {
            let source = try #require(Self.source)
            try Lab.use("driver-from-device") { lab in
                try lab.shell("cp -R \(source) device && chmod -R u+w device && mkdir -p device/load-dir")
                try lab.shell("ncs-netsim create-network device 1 r && ncs-netsim start")
                let port = try lab.shell("ncs-netsim get-port r0 netconf").filter(\.isNumber)
                let modules = try lab.shell("ncs-ned modules 127.0.0.1 --port \(port)")
                try require(modules, contains: "router@2008-11-04", "example-serial", "ietf-netconf@2011-06-01")
                try lab.shell("ncs-ned fetch 127.0.0.1 a/modules --port \(port) && ln -s a/modules modules")
                let fetched = try lab.shell("ls modules")
                try require(fetched, contains: "router.yang", "router-dns.yang", "tailf-common.yang")
                #expect(!fetched.contains("ietf-netconf.yang"))
                try lab.shell("rm -f modules/tailf-*.yang modules/ietf-*.yang modules/openned-*.yang")
                let unknown = try lab.attempt("ncs-ned", ["fetch", "127.0.0.1", "modules", "fox", "--port", port])
                #expect(unknown.status == 1 && unknown.errors.contains("the device has no module fox"))
                try lab.shell(
                    """
                    ncs-make-package --netconf-ned modules --vendor Acme --package-version 3.1 --no-fail-on-warnings \
                      --build learnt
                    """)
                try lab.shell("ncs-setup --dest . && ln -s ../learnt packages/")
                try lab.directory.write("run/ncs-cdb/device.xml", device(port))
                try lab.startDaemon()
                try lab.synchronise(1)
                try require(try lab.operate("devices device r0 check-yang-modules"), contains: "compatible")
                try lab.commit("devices device r0 config sys dns server 192.0.2.53")
                try lab.requireAgreement(["r0"])
                try require(try lab.onRouter("r0"), contains: "192.0.2.53")
            }
        }

        @Test func aDriverIsBuiltAtTheOperatorsCommandLine() throws {
            try Lab.use("ned-builder") { lab in
                try lab.shell(
                    """
                    cp -R \(Repository.path("Tests/Fixtures/acme-nc")) acme-nc
                    ncs-make-package --netconf-ned acme-nc/yang --vendor Acme --package-version 1.0 \
                      --no-fail-on-warnings --build acme
                    ncs-netsim create-network acme 1 r && ncs-netsim start && ncs-setup --dest .
                    """)
                let port = try lab.shell("ncs-netsim get-port r0 netconf").filter(\.isNumber)
                let type = device(port, "<ned-id>netconf</ned-id>")
                try lab.directory.write("run/ncs-cdb/device.xml", type)
                try lab.startDaemon()
                try lab.operate("devices fetch-ssh-host-keys")
                try require(try lab.operate("devices device r0 sync-from"), contains: "result true")
                let project = "netconf-ned-builder project hardware 1.0"
                try lab.commit("\(project) device r0 local-user admin vendor Acme")
                try require(
                    try lab.operate("show \(project)"),
                    contains: "download-cache-path", "state/netconf-ned-builder/cache/hardware-nc-1.0",
                    "ned-directory-path")
                try lab.directory.write(
                    "run/state/netconf-ned-builder/cache/hardware-nc-1.0/broken.yang",
                    "module broken { namespace \"urn:b\"; prefix b;\n leaf x { type nosuch; } }\n")
                try lab.operate("\(project) fetch-module-list")
                try require(
                    try lab.operate("show \(project) module"), contains: "module acme 2024-01-01", "[ NETCONF ]",
                    "urn:acme", "module broken 0000-00-00", "[ LOCAL ]")
                try require(try lab.refuse("\(project) build-ned"), contains: "no module is selected")
                try lab.operate("\(project) module acme 2024-01-01 select")
                try require(try lab.operate("show \(project) module status"), contains: "selected,downloaded")
                try lab.operate("\(project) module broken * select")
                try require(try lab.refuse("\(project) build-ned"), contains: "Error: Failed to compile NED bundle")
                try require(
                    try lab.operate("show \(project) module build-error"), contains: "at line 2: type 'nosuch'")
                try lab.operate("\(project) module broken * deselect\n\(project) build-ned")
                try require(try lab.operate("show \(project) build-status"), contains: "build-status success")
                try require(
                    try lab.operate("\(project) export-ned to-directory packages"),
                    contains: "tar-file ", "-hardware-nc-1.0.tar.gz")
                try require(try lab.operate("packages reload"), contains: "package hardware-nc-1.0\n    result true")
                try lab.commit("devices device r0 device-type netconf ned-id hardware-nc-1.0")
                try require(try lab.operate("devices device r0 sync-from"), contains: "result true")
                try lab.commit("devices device r0 config box name built")
                try require(try lab.onRouter("r0"), contains: "built")
            }
        }

        private func device(
            _ port: String,
            _ nedID: String =
                "<ned-id xmlns:id=\"http://tail-f.com/ns/ned-id/learnt-nc-3.1\">id:learnt-nc-3.1</ned-id>"
        ) -> String {
            """
            <devices xmlns="http://tail-f.com/ns/ncs">
              <authgroups><group><name>lab</name><default-map><remote-name>admin</remote-name>
                <remote-password>admin</remote-password></default-map></group></authgroups>
              <device><name>r0</name><address>127.0.0.1</address><port>\(port)</port><authgroup>lab</authgroup>
                <state><admin-state>unlocked</admin-state></state>
                <device-type><netconf>\(nedID)</netconf></device-type></device>
            </devices>
            """
        }
    }
}
