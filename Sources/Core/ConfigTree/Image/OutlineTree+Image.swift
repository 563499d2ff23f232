extension OutlineTree {
    /// Reads an image. Throws `ImageFault`, or what `chunk` throws; see `TreeImageReader`.
    package convenience init(image digest: [UInt8], chunk: @escaping ([UInt8]) throws -> [UInt8]) throws {
        self.init()
        try OutlineReader(chunk: chunk, tree: self).read(digest, into: root)
    }

    /// Writes an image that any reader of images reads; see `TreeImageWriter`.
    package func write(emit: @escaping ([UInt8]) throws -> [UInt8]) throws -> [UInt8] {
        try OutlineWriter(emit: emit, namespaces: namespaces).write(root)
    }
}

/// Reads an image without models.
private struct OutlineReader {
    let chunk: ([UInt8]) throws -> [UInt8]
    let tree: OutlineTree

    func read(_ digest: [UInt8], into row: OutlineRow) throws {
        let bytes = try chunk(digest)
        try bytes.withUnsafeBytes { buffer in
            var cursor = ImageCursor(buffer)
            let head = try head(&cursor)
            guard head.kind == .row else { throw ImageFault.damaged("a part of it stands in the place of another") }
            try fill(row, &cursor, head, depth: 0)
        }
    }

    private func head(_ cursor: inout ImageCursor) throws -> ImageHead {
        let head = try ImageHead(&cursor)
        for module in head.modules where !module.namespace.isEmpty { tree.namespaces[module.name] = module.namespace }
        return head
    }

    private func name(_ number: Int, _ head: ImageHead) throws -> OutlineName {
        guard number < head.names.count else { throw ImageFault.damaged("a name is missing") }
        let name = head.names[number]
        return OutlineName(module: head.modules[name.module].name, name: name.name)
    }

    private func fill(_ row: OutlineRow, _ cursor: inout ImageCursor, _ head: ImageHead, depth: Int) throws {
        guard depth < ImageFormat.depthLimit else { throw ImageFault.damaged("it is too deep") }
        let start = try cursor.number()
        for _ in 0..<(start >> 1) {
            let name = try name(try cursor.number(), head)
            row.set(try cursor.text(), name)
        }
        if start & 1 == 1 { try metadata(row, &cursor, head) }
        for _ in 0..<(try cursor.count()) {
            let number = try cursor.number()
            let name = try name(number, head)
            switch head.names[number].kind {
            case .leaf: throw ImageFault.damaged("a leaf stands in the wrong place")
            case .inner, .presence:
                let inner = OutlineRow()
                inner.isPresence = head.names[number].kind == .presence
                try fill(inner, &cursor, head, depth: depth + 1)
                row.put(.inner(inner), name)
            case .list, .userOrderedList, .leafList, .userOrderedLeafList:
                row.put(.list(try entries(&cursor, head, head.names[number], depth)), name)
            }
        }
    }

    private func metadata(_ row: OutlineRow, _ cursor: inout ImageCursor, _ head: ImageHead) throws {
        for _ in 0..<(try cursor.count()) {
            let number = try cursor.number() - 1
            let leaf = number < 0 ? nil : try name(number, head)
            row.metadata.append((leaf, try cursor.text(), try cursor.text()))
        }
    }

    private func entries(
        _ cursor: inout ImageCursor, _ head: ImageHead, _ list: ImageName, _ depth: Int
    ) throws -> OutlineEntries {
        let entries = OutlineEntries()
        entries.keyNames = list.keys
        entries.isLeafList = list.kind.isLeafList
        entries.isUserOrdered = list.kind == .userOrderedList || list.kind == .userOrderedLeafList
        guard try cursor.byte() != 0 else {
            try read(&cursor, head, entries, depth)
            return entries
        }
        guard depth < ImageFormat.depthLimit else { throw ImageFault.damaged("it is too deep") }
        for _ in 0..<(try cursor.count()) {
            let digest = Array(try cursor.raw(ImageFormat.digestSize))
            _ = try cursor.number()
            let bytes = try chunk(digest)
            try bytes.withUnsafeBytes { buffer in
                var cursor = ImageCursor(buffer)
                let head = try self.head(&cursor)
                guard head.kind != .row else { throw ImageFault.damaged("a part of it stands in the place of another") }
                try read(&cursor, head, entries, depth + 1)
            }
        }
        return entries
    }

    private func read(
        _ cursor: inout ImageCursor, _ head: ImageHead, _ entries: OutlineEntries, _ depth: Int
    ) throws {
        for _ in 0..<(try cursor.count()) {
            let row = OutlineRow()
            if entries.isLeafList {
                let start = try cursor.number()
                let value = String(decoding: try cursor.raw(start >> 1), as: UTF8.self)
                row.value = value
                if start & 1 == 1 { try metadata(row, &cursor, head) }
                entries.append([value], row)
            } else {
                try fill(row, &cursor, head, depth: depth + 1)
                let keys = entries.keyNames.map { key in row.leaves.first { $0.key.name == key }?.value ?? "" }
                entries.append(keys, row)
            }
        }
    }
}

/// Writes an image without models.
private struct OutlineWriter {
    let emit: ([UInt8]) throws -> [UInt8]
    let namespaces: [String: String]

    /// A chunk and the names in it.
    private final class Chunk {
        var out = ImageBytes()
        var head: ImageHead
        private var numbers: [ImageName: Int] = [:]
        private var modules: [String: Int] = [:]

        init(_ kind: ImageChunkKind) { head = ImageHead(kind: kind) }

        func number(
            _ name: OutlineName, _ kind: ImageNameKind, below parent: Int, keys: [String] = [],
            _ namespaces: [String: String]
        ) -> Int {
            let module: Int
            if let known = modules[name.module] {
                module = known
            } else {
                module = head.modules.count
                modules[name.module] = module
                head.modules.append(ImageModule(name: name.module, namespace: namespaces[name.module] ?? ""))
            }
            let full = ImageName(parent: parent, kind: kind, module: module, name: name.name, keys: keys)
            if let known = numbers[full] { return known }
            head.names.append(full)
            numbers[full] = head.names.count - 1
            return head.names.count - 1
        }

        func finished(count: Int? = nil) -> [UInt8] {
            guard let count else { return head.bytes(before: out.bytes) }
            var content = ImageBytes()
            content.number(count)
            return head.bytes(before: content.bytes + out.bytes)
        }
    }

    func write(_ root: OutlineRow) throws -> [UInt8] {
        let chunk = Chunk(.row)
        try write(root, -1, chunk)
        return try emit(chunk.finished())
    }

    private func write(_ row: OutlineRow, _ number: Int, _ chunk: Chunk) throws {
        let leaves = row.leafNames
        chunk.out.number(leaves.count << 1 | (row.metadata.isEmpty ? 0 : 1))
        for leaf in leaves {
            chunk.out.number(chunk.number(leaf, .leaf, below: number, namespaces))
            chunk.out.text(row.leaves[leaf] ?? "")
        }
        if !row.metadata.isEmpty { write(row.metadata, number, chunk) }
        let kids = row.kidNames.compactMap { name in row.kids[name].map { (name, $0) } }.filter { _, kid in
            switch kid {
            case .inner(let inner): inner.isStored
            case .list(let entries): !entries.isEmpty
            }
        }
        chunk.out.number(kids.count)
        // A mount point may be any container of which all content is of other modules: it comes last.
        for isLate in [false, true] {
            for (name, kid) in kids where Self.mayBeMountPoint(name, kid) == isLate {
                try write(kid, name, number, chunk)
            }
        }
    }

    private static func mayBeMountPoint(_ name: OutlineName, _ kid: OutlineRow.Kid) -> Bool {
        guard case .inner(let row) = kid, !row.isPresence else { return false }
        return !row.leaves.keys.contains { $0.module == name.module }
            && !row.kids.keys.contains { $0.module == name.module }
    }

    private func write(
        _ metadata: [(leaf: OutlineName?, name: String, value: String)], _ number: Int, _ chunk: Chunk
    ) {
        chunk.out.number(metadata.count)
        for item in metadata {
            chunk.out.number(item.leaf.map { chunk.number($0, .leaf, below: number, namespaces) + 1 } ?? 0)
            chunk.out.text(item.name)
            chunk.out.text(item.value)
        }
    }

    private func write(_ kid: OutlineRow.Kid, _ name: OutlineName, _ parent: Int, _ chunk: Chunk) throws {
        switch kid {
        case .inner(let row):
            let number = chunk.number(name, row.isPresence ? .presence : .inner, below: parent, namespaces)
            chunk.out.number(number)
            try write(row, number, chunk)
        case .list(let entries):
            let number = chunk.number(name, Self.kind(entries), below: parent, keys: entries.keyNames, namespaces)
            chunk.out.number(number)
            try write(entries, number, chunk)
        }
    }

    private static func kind(_ entries: OutlineEntries) -> ImageNameKind {
        if entries.isLeafList { return entries.isUserOrdered ? .userOrderedLeafList : .leafList }
        return entries.isUserOrdered ? .userOrderedList : .list
    }

    private func write(_ entries: OutlineEntries, _ number: Int, _ chunk: Chunk) throws {
        var budget = ImageFormat.inlineLimit
        guard !Self.fits(entries, &budget) else {
            chunk.out.number(0)
            chunk.out.number(entries.count)
            for entry in entries.entries { try write(entry.row, entries, number, chunk) }
            return
        }
        var parts: [(digest: [UInt8], count: Int)] = []
        let kind: ImageChunkKind = entries.isLeafList ? .values : .entries
        var part = Chunk(kind)
        var count = 0
        for entry in entries.entries {
            if part.out.count >= ImageFormat.chunkLimit {
                parts.append((try emit(part.finished(count: count)), count))
                (part, count) = (Chunk(kind), 0)
            }
            try write(entry.row, entries, -1, part)
            count += 1
        }
        if count > 0 { parts.append((try emit(part.finished(count: count)), count)) }
        chunk.out.number(1)
        chunk.out.number(parts.count)
        for part in parts {
            chunk.out.bytes += part.digest
            chunk.out.number(part.count)
        }
    }

    private func write(_ entry: OutlineRow, _ entries: OutlineEntries, _ number: Int, _ chunk: Chunk) throws {
        guard entries.isLeafList else { return try write(entry, number, chunk) }
        var value = entry.value ?? ""
        value.withUTF8 { bytes in
            chunk.out.number(bytes.count << 1 | (entry.metadata.isEmpty ? 0 : 1))
            chunk.out.bytes.append(contentsOf: bytes)
        }
        if !entry.metadata.isEmpty { write(entry.metadata, number, chunk) }
    }

    private static func fits(_ entries: OutlineEntries, _ budget: inout Int) -> Bool {
        if entries.count > budget { return false }
        for entry in entries.entries where !fits(entry.row, &budget) { return false }
        return true
    }

    private static func fits(_ row: OutlineRow, _ budget: inout Int) -> Bool {
        budget -= (row.value?.utf8.count ?? 0) + 2
        for value in row.leaves.values { budget -= value.utf8.count + 2 }
        if budget < 0 { return false }
        for kid in row.kids.values {
            switch kid {
            case .inner(let row): guard fits(row, &budget) else { return false }
            case .list(let entries): guard fits(entries, &budget) else { return false }
            }
        }
        return true
    }
}
