import Foundation

/// What documents of a hundred megabytes and more take in memory, beyond the data themselves.
func measureMemory(megabytes: Int) throws -> Bounds {
    var bounds = Bounds()
    let entries = megabytes * 1_000_000 / (Model.entry(500_000).utf8.count + 1)
    try inDirectory("memory") { directory in
        let server = try OurServer(directory, entries: 1, ports: 20_000 + UInt16(getpid() % 20_000))
        defer { server.end() }
        let client = try server.connect()
        defer { client.end() }
        let empty = try Usage.memory(of: server.process).now
        func step(_ name: String, data: Double?, limit: Double, _ work: () throws -> Int) throws {
            Usage.resetPeak(of: server.process)
            let before = try Usage.memory(of: server.process).now
            let start = try Usage(of: server.process).processorTime
            let bytes = try work()
            let seconds = try Usage(of: server.process).processorTime - start
            let (now, peak) = try Usage.memory(of: server.process)
            let size = Double(bytes) / 1_048_576
            say(
                String(
                    format: "%@ of %.0f MiB: before %.0f, peak %.0f, after %.0f MiB, %.2f s CPU", name, size,
                    before - empty, peak - empty, now - empty, seconds))
            let over = peak - max(before, data == nil ? now : before)
            bounds.require(over <= limit * size, String(format: "at most %.1f times its size beside the data", limit))
        }
        let config = Model.data(0..<entries)
        try step("edit-config", data: nil, limit: 1.5) {
            let request = "<edit-config>\(candidate)<config>\(config)</config></edit-config>"
            try client.carryOut(request)
            return request.utf8.count
        }
        try step("commit", data: nil, limit: 1.6) {
            try client.carryOut("<commit/>")
            return config.utf8.count
        }
        try step("get-config", data: 0, limit: 0.1) {
            try client.request("<get-config><source><running/></source></get-config>").count
        }
        try step("copy-config", data: nil, limit: 1.5) {
            let request =
                "<copy-config>\(candidate)<source><config xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">"
                + "\(config)</config></source></copy-config>"
            try client.carryOut(request)
            return request.utf8.count
        }
    }
    return bounds
}
