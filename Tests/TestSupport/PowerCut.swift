import Foundation

/// A disk as it would be found after a power cut: a directory as it was, all on the disk, and the effects since.
///
/// What was not synced may be on the disk or not, in any mixture: of the contents of a file each sector of each write by
/// itself; of the names in a directory the first few changes, whatever happens in other directories. A file that was
/// synced and whose name was not may be lost by its name. This is what POSIX allows, more than most file systems do.
package final class PowerCut {
    private static let sector = 512

    private final class Node {
        enum Kind {
            case file, directory
            case link(String)
        }

        var kind: Kind
        var mode: mode_t
        /// Of a file: what is on the disk for sure, and what may be.
        var durable: [UInt8] = []
        var pending: [Change] = []
        /// Of a directory: names on the disk for sure, and as programs see them.
        var names: [String: Node] = [:]
        var seen: [String: Node] = [:]

        init(_ kind: Kind, _ mode: mode_t) { (self.kind, self.mode) = (kind, mode) }

        var isDirectory: Bool { if case .directory = kind { true } else { false } }
    }

    private enum Change {
        case write(Int, [UInt8])
        case truncate(Int)
    }

    /// Names that change together.
    private struct Naming {
        var edits: [(directory: Node, name: String, node: Node?)]
        var isDone = false
    }

    private let rootPath: String
    private let root = Node(.directory, 0o755)
    private var namings: [Naming] = []

    /// - Parameter directory: whose present content is on the disk, but for simulated devices, which lose no power.
    package init(_ directory: String) throws {
        rootPath = directory
        try Self.load(directory, into: root)
    }

    private static func load(_ path: String, into directory: Node) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "netsim" {
            let place = path + "/" + name
            var info = stat()
            guard lstat(place, &info) == 0 else { continue }
            let mode = info.st_mode & 0o7777
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                let node = Node(.directory, mode)
                try load(place, into: node)
                directory.names[name] = node
            case S_IFREG:
                let node = Node(.file, mode)
                node.durable = [UInt8](try Data(contentsOf: URL(fileURLWithPath: place)))
                directory.names[name] = node
            case S_IFLNK:
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: place)
                directory.names[name] = Node(.link(target), mode)
            default: continue
            }
        }
        directory.seen = directory.names
    }

    // MARK: Effects

    private func split(_ path: String) -> (directory: Node, name: String)? {
        guard path.hasPrefix(rootPath + "/") else { return nil }
        let parts = path.dropFirst(rootPath.count + 1).split(separator: "/").map(String.init)
        var directory = root
        for part in parts.dropLast() {
            guard let next = directory.seen[part], next.isDirectory else { return nil }
            directory = next
        }
        return parts.last.map { (directory, $0) }
    }

    private func node(_ path: String) -> Node? {
        if path == rootPath { return root }
        return split(path).flatMap { $0.directory.seen[$0.name] }
    }

    private func name(_ edits: (path: String, node: Node?)...) {
        var naming = Naming(edits: [])
        for edit in edits {
            guard let (directory, name) = split(edit.path) else { continue }
            naming.edits.append((directory, name, edit.node))
        }
        for edit in naming.edits { edit.directory.seen[edit.name] = edit.node }
        namings.append(naming)
    }

    package func apply(_ effect: FileEffect) {
        switch effect {
        case .create(let path, let mode): name((path, Node(.file, mode & ~0o022)))
        case .makeDirectory(let path, let mode): name((path, Node(.directory, mode & ~0o022)))
        case .symlink(let path, let target): name((path, Node(.link(target), 0o777)))
        case .link(let path, let old): name((path, node(old)))
        case .remove(let path): name((path, nil))
        case .rename(let path, let new, let isExchange):
            // Programs may rename what does not count to what does, or away: logs.
            guard let moved = node(path) else { return }
            name((path, isExchange ? node(new) : nil), (new, moved))
        case .write(let path, let offset, let bytes): node(path)?.pending.append(.write(offset, bytes))
        case .truncate(let path, let size): node(path)?.pending.append(.truncate(size))
        case .mode(let path, let mode): node(path)?.mode = mode
        case .sync(let path):
            guard let node = node(path) else { return }
            for change in node.pending { Self.carryOut(change, on: &node.durable) { true } }
            node.pending = []
        case .syncDirectory(let path):
            if let node = node(path) { settle(node, before: namings.count) }
        }
    }

    /// Makes the names of a directory durable, and what has to come before them.
    private func settle(_ directory: Node, before end: Int) {
        for index in namings.indices.prefix(end)
        where !namings[index].isDone && namings[index].edits.contains(where: { $0.directory === directory }) {
            namings[index].isDone = true
            for edit in namings[index].edits {
                if edit.directory !== directory { settle(edit.directory, before: index) }
                edit.directory.names[edit.name] = edit.node
            }
        }
        if end == namings.count { namings.removeAll(where: \.isDone) }
    }

    private static func carryOut(_ change: Change, on bytes: inout [UInt8], _ isKept: () -> Bool) {
        switch change {
        case .truncate(let size):
            guard isKept() else { return }
            if size < bytes.count {
                bytes.removeLast(bytes.count - size)
            } else {
                bytes += [UInt8](repeating: 0, count: size - bytes.count)
            }
        case .write(let offset, let data):
            var at = 0
            while at < data.count {
                let end = min(data.count, ((offset + at) / sector + 1) * sector - offset)
                defer { at = end }
                guard isKept() else { continue }
                if bytes.count < offset + end {
                    bytes += [UInt8](repeating: 0, count: offset + end - bytes.count)
                }
                bytes.replaceSubrange(offset + at..<offset + end, with: data[at..<end])
            }
        }
    }

    // MARK: The cut

    /// How much of what was not synced is on the disk.
    package enum Fate: Sendable, CustomStringConvertible {
        /// All: the program was killed, the system was not.
        case all
        case none
        /// Drawn by the seed.
        case some(UInt64)

        package var description: String {
            switch self {
            case .all: "nothing lost"
            case .none: "all lost that was not synced"
            case .some(let seed): "lost by seed \(seed)"
            }
        }
    }

    /// Writes what the disk holds to `directory`, which must not be there. Afterwards no more effects can be applied.
    package func cut(_ fate: Fate, to directory: String) throws {
        var generator = SeededGenerator(seed: { if case .some(let seed) = fate { seed } else { 0 } }())
        let likelihood = Double.random(in: 0...1, using: &generator)
        func isKept() -> Bool {
            switch fate {
            case .all: true
            case .none: false
            case .some: Double.random(in: 0..<1, using: &generator) < likelihood
            }
        }
        var stopped: Set<ObjectIdentifier> = []
        for naming in namings where !naming.isDone {
            let directories = naming.edits.map { ObjectIdentifier($0.directory) }
            // Directories go on for long, or not at all: the last change is lost as often as the first.
            guard !directories.contains(where: stopped.contains), isKept() else {
                stopped.formUnion(directories)
                continue
            }
            for edit in naming.edits { edit.directory.names[edit.name] = edit.node }
        }
        var done: [ObjectIdentifier: String] = [:]
        try Self.write(root, to: directory, isKept, &done)
    }

    private static func write(
        _ node: Node, to path: String, _ isKept: () -> Bool, _ done: inout [ObjectIdentifier: String]
    ) throws {
        switch node.kind {
        case .directory:
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            for (name, child) in node.names.sorted(by: { $0.key < $1.key }) {
                try write(child, to: path + "/" + name, isKept, &done)
            }
            chmod(path, node.mode)
        case .link(let target):
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        case .file:
            if let first = done[ObjectIdentifier(node)] {
                try FileManager.default.linkItem(atPath: first, toPath: path)
                return
            }
            for change in node.pending { carryOut(change, on: &node.durable, isKept) }
            node.pending = []
            try Data(node.durable).write(to: URL(fileURLWithPath: path))
            chmod(path, node.mode)
            done[ObjectIdentifier(node)] = path
        }
    }
}
