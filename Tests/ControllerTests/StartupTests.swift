import Controller
import Foundation
import TestSupport
import Testing

/// What stops a start, with the exit status of the daemon.
@Suite struct StartupTests {
    private func failure(_ workshop: ControllerWorkshop) throws -> StartupError {
        do {
            try workshop.start()
        } catch let error as StartupError {
            return error
        }
        throw ProcessFault("it started")
    }

    @Test func aFaultyInitFileIsNamedWithItsLine() throws {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write(
            "run/ncs-cdb/init.xml",
            "<config xmlns=\"http://tail-f.com/ns/config/1.0\">\n<devices xmlns=\"http://tail-f.com/ns/ncs\">\n<nonsense/>\n"
                + "</devices>\n</config>\n")
        let error = try failure(workshop)
        #expect(error.exitStatus == 10)
        #expect(error.description.contains("init.xml:3") && error.description.contains("nonsense"))
    }

    @Test func initFilesThatMakeNoValidConfigurationAreRefused() throws {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write(
            "run/ncs-cdb/init.xml",
            "<devices xmlns=\"http://tail-f.com/ns/ncs\"><device><name>x0</name><authgroup>nobody</authgroup></device>"
                + "</devices>")
        let error = try failure(workshop)
        #expect(error.exitStatus == 10)
        #expect(error.description.contains("authgroup"))
    }

    @Test func aDatabaseWithoutItsPackagesIsNotOpened() throws {
        let workshop = try ControllerWorkshop()
        try workshop.start()
        workshop.controller?.stop()
        workshop.directory.remove("run/state/packages-in-use")
        #expect(try failure(workshop).exitStatus == 13)
    }

    @Test func aLostKeyFileIsNotReplacedByANewKey() throws {
        let workshop = try ControllerWorkshop()
        try workshop.start()
        workshop.controller?.stop()
        workshop.directory.remove("run/ncs.crypto_keys")
        #expect(try failure(workshop).exitStatus == 22)
    }

    @Test func anUnknownElementOfTheSettingsIsNamedWithItsLine() throws {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write("run/ncs.conf", "<ncs-config>\n  <load-pth/>\n</ncs-config>\n")
        #expect {
            try workshop.start()
        } throws: {
            "\($0)".contains("ncs.conf:2") && "\($0)".contains("load-pth")
        }
    }

    @Test func theSettingsSayWhereLogsAreWrittenAndWhichAreNot() throws {
        let workshop = try ControllerWorkshop()
        try workshop.directory.write(
            "run/ncs.conf",
            """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
              <logs>
                <upgrade-log><enabled>true</enabled><file><enabled>true</enabled><name>./elsewhere/up.log</name></file>
                </upgrade-log>
                <audit-log><enabled>false</enabled></audit-log>
                <developer-log><file><enabled>false</enabled></file></developer-log>
              </logs>
            </ncs-config>
            """)
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        try workshop.session().act("/tailf-ncs:packages/reload")
        #expect(try workshop.directory.text("run/elsewhere/up.log").contains("Upgrade committed"))
        #expect(workshop.directory.names(in: "run/logs").filter { $0.hasSuffix(".log") } == ["ncs.log"])
        workshop.controller?.stop()
        try workshop.directory.write(
            "run/ncs.conf",
            "<ncs-config><logs><upgrade-log><enabled>maybe</enabled></upgrade-log></logs></ncs-config>\n")
        #expect {
            try workshop.start()
        } throws: {
            "\($0)".contains("ncs.conf") && "\($0)".contains("logs/upgrade-log/enabled is 'maybe'; write true or false")
        }
    }

    @Test func aDamagedDatabaseIsRefused() throws {
        let workshop = try ControllerWorkshop()
        try workshop.start()
        workshop.controller?.stop()
        let files = workshop.directory.names(in: "run/ncs-cdb").filter { $0.hasSuffix(".sqlite") }
        let file = try #require(files.first, "a database file among \(workshop.directory.names(in: "run/ncs-cdb"))")
        var bytes = try workshop.directory.bytes("run/ncs-cdb/\(file)")
        try #require(bytes.count > 8_192)
        for index in 4_096..<bytes.count where index % 7 == 0 { bytes[index] ^= 0x20 }
        try workshop.directory.write("run/ncs-cdb/\(file)", bytes)
        #expect(try failure(workshop).exitStatus == 15)
    }
}
