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
                try lab.shell("mkdir modules && ncs-ned fetch 127.0.0.1 modules --port \(port) || true")
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

        private func device(_ port: String) -> String {
            """
            <devices xmlns="http://tail-f.com/ns/ncs">
              <authgroups><group><name>lab</name><default-map><remote-name>admin</remote-name>
                <remote-password>admin</remote-password></default-map></group></authgroups>
              <device><name>r0</name><address>127.0.0.1</address><port>\(port)</port><authgroup>lab</authgroup>
                <state><admin-state>unlocked</admin-state></state>
                <device-type><netconf>
                  <ned-id xmlns:id="http://tail-f.com/ns/ned-id/learnt-nc-3.1">id:learnt-nc-3.1</ned-id>
                </netconf></device-type></device>
            </devices>
            """
        }
    }
}
