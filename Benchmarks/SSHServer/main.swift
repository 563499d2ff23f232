import Foundation
import Synchronization
import Wire

/// Answers each line with itself; the line `flood` with 64 MB.
final class EchoChannel: SSHChannelHandler {
    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
        if String(decoding: bytes, as: UTF8.self) == "flood\n" {
            for _ in 0..<1024 { channel.send([UInt8](repeating: 120, count: 1 << 16)) }
        } else {
            channel.send(bytes)
        }
    }
}

final class EchoDevice: SSHServerHandler {
    func allows(_ login: SSHLogin, password: String) -> Bool { password == "bench" }
    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? { EchoChannel() }
}

func logIn(_ address: SocketAddress) throws -> SSHClientChannel {
    let session = try SSHSession(SSHSessionOptions(address: address, user: "bench", hostKeyPolicy: .acceptAny))
    try session.connect()
    try session.authenticate([.password("bench")])
    return try session.openShell()
}

/// Round trips in microseconds, sorted: each thread drives its share of the clients in turn.
func measure(_ clients: [SSHClientChannel], rounds: Int, threads: Int = 2) -> [Double] {
    let results = Mutex<[Double]>([])
    let group = DispatchGroup()
    for share in 0..<threads {
        let own = clients.enumerated().filter { $0.offset % threads == share }.map(\.element)
        group.enter()
        Thread.detachNewThread {
            var times: [Double] = []
            let line = Array("show version\n".utf8)
            for _ in 0..<rounds {
                for client in own {
                    let start = ContinuousClock.now
                    do {
                        try client.write(line, deadline: .after(.seconds(20)))
                        var count = 0
                        while count < line.count {
                            count += try client.read(deadline: .after(.seconds(20)))?.count ?? line.count
                        }
                    } catch {
                        FileHandle.standardError.write(Data("\(error)\n".utf8))
                        exit(1)
                    }
                    times.append((ContinuousClock.now - start) / .microseconds(1))
                }
            }
            results.withLock { $0 += times }
            group.leave()
        }
    }
    group.wait()
    return results.withLock { $0.sorted() }
}

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let clientCount = arguments.first ?? 200
let rounds = arguments.dropFirst().first ?? 20

var limits = SSHServerLimits()
limits.outputHardLimit = 128 << 20
let server = try SSHServer(loops: 1, limits: limits)
let listener = try server.listen(
    at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: try .generate(), handler: EchoDevice())
let start = ContinuousClock.now
let clients = try (0..<clientCount).map { _ in try logIn(listener.address) }
let setup = (ContinuousClock.now - start) / .milliseconds(1) / Double(clientCount)
print("log-in: \(setup.formatted(.number.precision(.fractionLength(2)))) ms a client")

// Alternating, so that what else the machine does falls on both sides.
var (alone, beside): ([Double], [Double]) = ([], [])
_ = measure(clients, rounds: 2)
for _ in 0..<5 {
    alone += measure(clients, rounds: rounds)
    let stalled = try logIn(listener.address)
    try stalled.write(Array("flood\n".utf8), deadline: .after(.seconds(20)))
    usleep(200_000)
    beside += measure(clients, rounds: rounds)
    stalled.session.close()
    usleep(200_000)
}

func report(_ name: String, _ times: [Double]) -> (mean: Double, tail: Double) {
    let sorted = times.sorted()
    let mean = sorted.reduce(0, +) / Double(sorted.count)
    let tail = sorted[sorted.count * 99 / 100]
    print("\(name): mean \(Int(mean)) us, p99 \(Int(tail)) us, \(sorted.count) commands")
    return (mean, tail)
}
let before = report("\(clientCount) clients", alone)
let after = report("\(clientCount) clients and one stalled", beside)
let ratios = [after.mean / before.mean, after.tail / before.tail]
    .map { $0.formatted(.number.precision(.fractionLength(2))) }
print("ratio: mean \(ratios[0]), p99 \(ratios[1])")
server.stop()
