import Foundation

/// How many open files a network needs, and asking the system for them.
enum DescriptorNeed {
    /// Room for sessions, files and what the process has open anyway.
    private static let reserve = 512

    /// A command line is one listening socket, over Telnet another; a NETCONF device has two more.
    static func count(of devices: some Sequence<NetworkDevice>) -> Int {
        var kinds: [String: NetsimPackage.Kind?] = [:]
        return devices.reduce(reserve) { count, device in
            let directory = device.packageDirectory
            let known = kinds[directory]
            let kind = known ?? (try? NetsimPackage(directory: directory))?.kind
            kinds[directory] = .some(kind)
            return count + (kind == .cli ? 1 : 3) + (device.ports.telnet == nil ? 0 : 1)
        }
    }

    /// Raises the limit of this process as far as needed. Throws `system` if the system does not grant it.
    static func require(for devices: some Collection<NetworkDevice>) throws(NetsimError) {
        let needed = rlim_t(count(of: devices))
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(kind, &limit)
        guard limit.rlim_cur < needed else { return }
        var wanted = rlimit(rlim_cur: max(needed, limit.rlim_max), rlim_max: max(needed, limit.rlim_max))
        // Beyond the hard limit only a privileged process may go.
        if setrlimit(kind, &wanted) == 0 { return }
        throw NetsimError(
            .system, "", "\(devices.count) devices need \(needed) open files, the limit is \(limit.rlim_max)",
            remedy: "raise it with ulimit -n \(needed), or start fewer devices")
    }
}
