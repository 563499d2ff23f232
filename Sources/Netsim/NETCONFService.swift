import CLIGrammar
import NETCONF
import Synchronization

/// The NETCONF server of a device, made when first somebody connects: most routers of a large network have no such
/// client, ever.
final class NETCONFService: Sendable {
    private let device: SimulatedDevice
    private let made = Mutex<NETCONFServer?>(nil)

    init(_ device: SimulatedDevice) {
        self.device = device
        // What such a device tells its subscribers begins with its start.
        if device.model.package.kind == .netconf { _ = server }
    }

    var server: NETCONFServer {
        made.withLock { made in
            if let made { return made }
            let server = NETCONFServer(DeviceDatastore(device), profile: Self.profile(device.model))
            device.observe { [weak server] in server?.publishChange(from: $0, to: $1, by: .server) }
            device.candidate.observe(
                Observer(
                    committed: { [weak server] in server?.confirmPending() },
                    holderOfRunning: { [weak server] in server?.holderOfRunning.map(DeviceCandidate.name) }))
            made = server
            return server
        }
    }

    /// Nil if nobody has asked for it yet.
    var existing: NETCONFServer? { made.withLock(\.self) }

    private typealias Observer = CandidateStore.Observer

    /// Devices that save their configuration by a command have a startup configuration over NETCONF as well; what runs
    /// on those that commit changes by commit only.
    private static func profile(_ model: DeviceModel) -> ServerProfile {
        var profile = ServerProfile()
        guard model.package.kind == .cli else { return profile }
        profile.startup = [.i, .nx].contains(model.grammar.dialect)
        profile.writableRunning = model.grammar.dialect.style != .j
        return profile
    }
}
