import Basics
import ConfigTree
import Events
import Foundation
import NEDRuntime
import Secrets
import Synchronization

/// Writes what passes between controller, driver and device to the device's trace file, secrets masked.
///
/// Invariant: what the device sends is written in whole lines, however it arrives, so that no secret is cut in two; and
/// what it shows of its configuration only after the secrets in it are known.
final class FileTrace: DeviceTrace {
    private struct State {
        /// What came from the device since its last whole line.
        var rest: [UInt8] = []
        /// Traffic that is kept back; nil if none is.
        var held: [(direction: TraceDirection, bytes: [UInt8])]?
        var heldBytes = 0
    }

    private let file: TraceFile?
    private let path: String
    private let isRaw: Bool
    private let mask: SecretMask
    private let secrets: SecretHandling
    private let context: TraceFile.Context
    private let clock: WallClock
    private let state = Mutex(State())

    /// More than this is not kept back, but left out.
    private static let heldLimit = 32 << 20

    init(
        path: String, isRaw: Bool, mask: SecretMask, also other: SecretMask = SecretMask(),
        secrets: SecretHandling, context: TraceFile.Context, clock: WallClock
    ) {
        file = try? TraceFile(path, mask: { other.mask(mask.mask($0)) })
        self.path = path
        self.isRaw = isRaw
        self.mask = mask
        self.secrets = secrets
        self.context = context
        self.clock = clock
    }

    func masking(_ words: [String]) -> any DeviceTrace {
        FileTrace(
            path: path, isRaw: isRaw, mask: mask, also: SecretMask(words.map { MaskedSecret($0) }), secrets: secrets,
            context: context,
            clock: clock)
    }

    func phase(_ direction: TraceDirection, _ text: String) {
        flush()
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        write(direction, String(lines.first ?? ""), lines.count > 1 ? String(lines[1]) : "")
    }

    func traffic(_ direction: TraceDirection, _ bytes: [UInt8]) {
        guard isRaw else { return }
        if direction == .toDriver {
            flush()
            return emit(direction, bytes)
        }
        let lines = state.withLock { state -> [UInt8] in
            state.rest += bytes
            guard let end = state.rest.lastIndex(of: 0x0A) else { return [] }
            defer { state.rest.removeFirst(end + 1) }
            return Array(state.rest[...end])
        }
        emit(direction, lines)
    }

    func hold() {
        guard isRaw else { return }
        flush()
        state.withLock { state in
            state.held = []
            state.heldBytes = 0
        }
    }

    func release(_ configuration: DataTree?) {
        guard isRaw else { return }
        flush()
        let (held, count) = state.withLock { state in
            defer { state.held = nil }
            return (state.held ?? [], state.heldBytes)
        }
        guard let configuration, count <= Self.heldLimit else {
            return write(.fromDriver, "\(count) bytes of configuration, which the trace leaves out", "")
        }
        secrets.plainTexts(configuration).forEach(mask.add)
        for (direction, bytes) in held { write(direction, "", String(decoding: bytes, as: UTF8.self)) }
    }

    /// Hands on the beginning of a line that nothing followed: a prompt or a question.
    private func flush() {
        emit(
            .fromDriver,
            state.withLock { state in
                defer { state.rest = [] }
                return state.rest
            })
    }

    private func emit(_ direction: TraceDirection, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let isHeld = state.withLock { state in
            guard state.held != nil else { return false }
            state.heldBytes += bytes.count
            if state.heldBytes <= Self.heldLimit { state.held?.append((direction, bytes)) }
            return true
        }
        if !isHeld { write(direction, "", String(decoding: bytes, as: UTF8.self)) }
    }

    private func write(_ direction: TraceDirection, _ headline: String, _ body: String) {
        file?.write(
            direction == .toDriver ? .toDevice : .fromDevice, headline, body, context: context,
            at: EventTime(microseconds: clock.now()))
    }
}
