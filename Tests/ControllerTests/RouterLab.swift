import ControlProtocol
import Controller
import Foundation
import TestSupport
import Wire

/// A controller with devices of the driver `mini-cli-1.0` that one `FakeRouter` plays, over real SSH. Suites that ask for more
/// of the same inherit it.
class RouterLab {
    let workshop: ControllerWorkshop
    let router: FakeRouter
    let session: any ControlSession
    let server: SSHServer
    let port: UInt16

    /// - Parameters:
    ///   - names: the devices.
    ///   - preparePackage: is given the package's directory before it is loaded.
    init(
        config: [String] = ["hostname r1", "interface eth0", " mtu 1500"],
        _ habits: FakeRouter.Habits = FakeRouter.Habits(), devices names: [String] = ["ce0"],
        password: String = "Pa55word-1", preparePackage: (String) throws -> Void = { _ in }
    ) throws {
        workshop = try ControllerWorkshop()
        router = FakeRouter(habits, config: config)
        server = try SSHServer(loops: 1)
        port = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: .generate(), handler: router
        ).address.port
        try workshop.package("mini", version: "1.0", module: TestModels.first, prepare: preparePackage)
        try workshop.start()
        session = try workshop.session()
        let map = "/tailf-ncs:devices/authgroups/group[name='g']/default-map"
        try session.change([("\(map)/remote-name", "admin"), ("\(map)/remote-password", password)])
        for name in names {
            let device = Self.device(name)
            try workshop.device(name, "mini-cli-1.0", session)
            try session.change([
                ("\(device)/authgroup", "g"), ("\(device)/port", "\(port)"),
                ("\(device)/ssh/host-key-verification", "none"), ("\(device)/state/admin-state", "unlocked"),
            ])
        }
    }

    deinit { server.stop() }

    static func device(_ name: String = "ce0") -> String { "/tailf-ncs:devices/device[name='\(name)']" }

    /// A value of a device's configuration, by its path in the model `mini`.
    func value(_ path: String, of name: String = "ce0") throws -> String? {
        try session.value("\(Self.device(name))/config/mini:\(path)")
    }
}
