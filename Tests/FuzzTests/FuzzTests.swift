import Foundation
import FuzzChecks
import Testing

/// What the fuzzers have found stays mended, and a short run of mutations finds nothing.
@Suite struct FuzzTests {
    private static let regressions = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz/Regressions")

    @Test(arguments: FuzzTarget.allCases)
    func regressionsStayMended(target: FuzzTarget) throws {
        let folder = Self.regressions.appending(path: target.rawValue)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names.sorted() {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            let fault = target.fault(on: bytes)
            #expect(fault == nil, "\(target.rawValue)/\(name): \(fault ?? "")")
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func mutatedSeedsFindNothing(target: FuzzTarget) {
        for seed in target.seeds {
            let fault = target.fault(on: seed)
            #expect(fault == nil, "\(String(decoding: seed, as: UTF8.self)): \(fault ?? "")")
        }
        let rounds = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"].flatMap { Int($0) } ?? 1
        for seed in 0..<UInt64(max(1, rounds)) {
            var mutator = Mutator(target, seed: seed)
            for _ in 0..<40 {
                let bytes = mutator.next()
                let fault = target.fault(on: bytes)
                #expect(fault == nil, "seed \(seed), \(String(decoding: bytes, as: UTF8.self)): \(fault ?? "")")
            }
        }
    }
}
