import FileEffects
package import Foundation

/// What the preloaded library of `FileEffects` does for a test: numbers, journals, kills and faults.
package final class FileEffectsControl: @unchecked Sendable {
    /// What a program has done to a file, as the library says it.
    package struct Operations: OptionSet, Sendable {
        package var rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        private init(_ effect: openned_effect) { rawValue = 1 << UInt32(effect.rawValue) }

        package static let create = Operations(OPENNED_CREATE)
        package static let write = Operations(OPENNED_WRITE)
        package static let sync: Operations = [Operations(OPENNED_SYNC), Operations(OPENNED_SYNC_DIRECTORY)]
        package static let rename = Operations(OPENNED_RENAME)
        package static let read = Operations(OPENNED_READ)
        package static let open = Operations(OPENNED_OPEN)
    }

    private let shared: UnsafeMutablePointer<openned_effects>
    private let place: String
    package let journal: String

    /// - Parameters:
    ///   - directory: where the control file and the journal are made.
    package init(in directory: String) throws {
        place = directory + "/effects.control"
        journal = directory + "/effects.journal"
        let descriptor = open(place, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let size = MemoryLayout<openned_effects>.size
        guard descriptor >= 0, ftruncate(descriptor, off_t(size)) == 0,
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { throw ProcessFault("\(place): cannot be made") }
        shared = memory.bindMemory(to: openned_effects.self, capacity: 1)
        shared.pointee.magic = UInt64(OPENNED_EFFECTS_MAGIC)
    }

    deinit { munmap(shared, MemoryLayout<openned_effects>.size) }

    /// The library, which is built beside the tests.
    private static var library: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("libFileEffects.so").path
    }

    /// What a program needs in its environment so that its effects below `root` count.
    package func environment(root: String, isJournalled: Bool) throws -> [String: String] {
        guard FileManager.default.fileExists(atPath: Self.library) else {
            throw ProcessFault("\(Self.library) is not there: build the product FileEffects")
        }
        var variables = [
            "LD_PRELOAD": Self.library, "OPENNED_EFFECTS_ROOT": root, "OPENNED_EFFECTS_CONTROL": place,
        ]
        if isJournalled { variables["OPENNED_EFFECTS_JOURNAL"] = journal }
        return variables
    }

    /// The size of the journal: what comes later in it happened later than this.
    package var position: Int {
        (try? FileManager.default.attributesOfItem(atPath: journal)[.size] as? Int).flatMap(\.self) ?? 0
    }

    /// Effects up to now.
    package var count: Int { Int(shared.pointee.count) }

    /// Counts from none again, and kills at no effect or that one.
    package func begin(killAt number: Int = 0) {
        shared.pointee.count = 0
        shared.pointee.kill_at = UInt64(number)
        unlink(journal)
    }

    package func kill(at number: Int) { shared.pointee.kill_at = UInt64(number) }

    /// Lets syncs return at once: what they would have done is in the journal.
    package func skipSyncs() { shared.pointee.skips_sync = 1 }

    /// Lets operations on files whose path contains `name` fail.
    package func fail(
        _ operations: Operations, _ error: Int32, name: String, passes: Int = 0, times: Int = -1, tears: Bool = false
    ) {
        shared.pointee.times = 0
        shared.pointee.operations = operations.rawValue
        shared.pointee.error = error
        shared.pointee.passes = Int32(passes)
        shared.pointee.tears = tears ? 1 : 0
        shared.pointee.met = 0
        withUnsafeMutableBytes(of: &shared.pointee.name) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.copyBytes(from: name.utf8.prefix(buffer.count - 1))
        }
        shared.pointee.times = Int32(times)
    }

    package func mend() { shared.pointee.times = 0 }

    /// How often a fault was met since `fail`.
    package var faultsMet: Int { Int(shared.pointee.met) }
}

/// An effect that a program had on the files, as the journal has it.
package enum FileEffect: Sendable {
    case create(String, mode: mode_t)
    case write(String, offset: Int, [UInt8])
    case truncate(String, size: Int)
    case sync(String)
    case syncDirectory(String)
    case rename(String, String, isExchange: Bool)
    case remove(String)
    case makeDirectory(String, mode: mode_t)
    case symlink(String, target: String)
    case link(String, old: String)
    case mode(String, mode_t)

    /// All that a journal holds, in order, each with the size of the journal up to its end; what was being written when
    /// the program was killed is left out.
    package static func read(_ journal: String) throws -> [(effect: FileEffect, end: Int)] {
        guard let data = FileManager.default.contents(atPath: journal) else { return [] }
        var effects: [(effect: FileEffect, end: Int)] = []
        try data.withUnsafeBytes { bytes in
            let size = MemoryLayout<openned_effect_record>.size
            var offset = 0
            while offset + size <= bytes.count {
                let head = bytes.loadUnaligned(fromByteOffset: offset, as: openned_effect_record.self)
                guard head.magic == OPENNED_RECORD_MAGIC else { throw ProcessFault("\(journal): damaged at \(offset)") }
                let lengths = [head.path_length, head.second_length, head.data_length].map(Int.init)
                var at = offset + size
                guard at + lengths.reduce(0, +) <= bytes.count else { return }
                let parts = lengths.map { length in
                    defer { at += length }
                    return Array(bytes[at..<at + length])
                }
                offset = at
                guard let effect = FileEffect(head, parts) else { throw ProcessFault("\(journal): unknown effect") }
                effects.append((effect, offset))
            }
        }
        return effects
    }

    private init?(_ head: openned_effect_record, _ parts: [[UInt8]]) {
        let path = String(decoding: parts[0], as: UTF8.self), second = String(decoding: parts[1], as: UTF8.self)
        let mode = mode_t(head.mode)
        switch openned_effect(head.effect) {
        case OPENNED_CREATE: self = .create(path, mode: mode)
        case OPENNED_WRITE: self = .write(path, offset: Int(head.offset), parts[2])
        case OPENNED_TRUNCATE: self = .truncate(path, size: Int(head.offset))
        case OPENNED_SYNC: self = .sync(path)
        case OPENNED_SYNC_DIRECTORY: self = .syncDirectory(path)
        case OPENNED_RENAME: self = .rename(path, second, isExchange: head.mode == 1)
        case OPENNED_REMOVE: self = .remove(path)
        case OPENNED_MAKE_DIRECTORY: self = .makeDirectory(path, mode: mode)
        case OPENNED_SYMLINK: self = .symlink(path, target: second)
        case OPENNED_LINK: self = .link(path, old: second)
        case OPENNED_MODE: self = .mode(path, mode)
        default: return nil
        }
    }
}
