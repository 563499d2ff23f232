import Basics
import Events
import Foundation
import NEDRuntime
import Secrets

/// Writes what passes between controller, driver and device to the device's trace file, secrets masked.
final class FileTrace: DeviceTrace {
    private let file: TraceFile?
    private let isRaw: Bool
    private let context: TraceFile.Context
    private let clock: WallClock

    init(path: String, isRaw: Bool, mask: SecretMask, context: TraceFile.Context, clock: WallClock) {
        file = try? TraceFile(path, mask: { mask.mask($0) })
        self.isRaw = isRaw
        self.context = context
        self.clock = clock
    }

    func phase(_ direction: TraceDirection, _ text: String) {
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        write(direction, String(lines.first ?? ""), lines.count > 1 ? String(lines[1]) : "")
    }

    func traffic(_ direction: TraceDirection, _ bytes: [UInt8]) {
        if isRaw { write(direction, "", String(decoding: bytes, as: UTF8.self)) }
    }

    private func write(_ direction: TraceDirection, _ headline: String, _ body: String) {
        file?.write(
            direction == .toDriver ? .toDevice : .fromDevice, headline, body, context: context,
            at: EventTime(microseconds: clock.now()))
    }
}
