package import Basics
import YANG

/// Writes a tree as XML a little at a time, as `XMLDataEncoder` would at once: a reply of any size then takes the memory
/// of one piece, and waits while its reader does.
///
/// The way down to where it stopped is a stack of frames; what is small is written in one go, without frames.
package struct XMLDataStream {
    private enum Frame {
        /// A row without metadata and defaults: from which of its leaves and kids to go on.
        case row(EncodeInfo, Row, DataModel, leaf: Int, kid: Int, isElement: Bool)
        /// Any other row.
        case items([WalkItem], next: Int, Row, DataModel, isElement: Bool)
        case entries(EncodeInfo, EntrySequence.Iterator, DataModel)
        case values(EncodeInfo, EntrySequence.Iterator, Row)
    }

    /// Nodes of what is written in one go.
    private static let smallSize = 256

    private var encoder: XMLDataEncoder
    private var frames: [Frame] = []
    private var target = 0

    /// What `XMLDataEncoder.write` writes: the children of the tree's root.
    package init(_ tree: DataTree, _ options: EncodeOptions = EncodeOptions()) {
        encoder = XMLDataEncoder(options)
        let info = encoder.infos.info(tree.model.schema.root)
        frames = [frame(info, tree.root, tree.model, isElement: false)]
    }

    /// Writes on until so many bytes wait in the writer's output. False if everything has been written.
    package mutating func advance(_ writer: inout XMLWriter, to count: Int) throws -> Bool {
        target = count
        swap(&encoder.writer, &writer)
        defer { swap(&encoder.writer, &writer) }
        while !isFull, let frame = frames.popLast() { try step(frame) }
        return !frames.isEmpty
    }

    private var isFull: Bool { encoder.writer.output.bytes.count >= target }

    private func frame(_ info: EncodeInfo, _ row: Row, _ model: DataModel, isElement: Bool) -> Frame {
        if encoder.options.isPlain(row, in: info) {
            return .row(info, row, model, leaf: 0, kid: 0, isElement: isElement)
        }
        return .items(encoder.walk.items(info.node, row, model), next: 0, row, model, isElement: isElement)
    }

    private mutating func step(_ frame: Frame) throws {
        switch frame {
        case .row(let info, let row, let model, let leaf, let kid, let isElement):
            try stepInRow(info, row, model, leaf, kid, isElement)
        case .items(let items, let next, let row, let model, let isElement):
            guard next < items.count else { return isElement ? try encoder.writer.end() : () }
            frames.append(.items(items, next: next + 1, row, model, isElement: isElement))
            try write(items[next], row, model)
        case .entries(let info, var rows, let model):
            while let row = rows.next() {
                try encoder.start(info, row)
                guard Self.isSmall(row) else {
                    frames.append(.entries(info, rows, model))
                    return frames.append(self.frame(info, row, model, isElement: true))
                }
                try encoder.content(info, row, model)
                try encoder.writer.end()
                if isFull { return frames.append(.entries(info, rows, model)) }
            }
        case .values(let info, var rows, let parent):
            while let row = rows.next() {
                try encoder.leafListEntry(info.node, row.value(at: 0), parent, false)
                if isFull { return frames.append(.values(info, rows, parent)) }
            }
        }
    }

    /// Leaves and other children both ascend by slot: those leaves that come before the next kid, then that.
    private mutating func stepInRow(
        _ info: EncodeInfo, _ row: Row, _ model: DataModel, _ leaf: Int, _ kid: Int, _ isElement: Bool
    ) throws {
        let kids = row.kids
        let end = kid < kids.count ? Int(kids[kid].slot) : .max
        var leaf = leaf
        while leaf < row.leafCount, row.leafSlot(at: leaf) < end {
            try encoder.leaf(info.child(row.leafSlot(at: leaf)), row, leaf)
            leaf += 1
        }
        guard kid < kids.count else { return isElement ? try encoder.writer.end() : () }
        frames.append(.row(info, row, model, leaf: leaf, kid: kid + 1, isElement: isElement))
        let child = info.child(end)
        guard encoder.options.admits(child) else { return }
        switch kids[kid].kid {
        case .row(let inner):
            try encoder.start(child, inner)
            try enter(child, inner, model)
        case .mount(let tree): try enter(tree, child.node)
        case .entries(let entries) where child.kind == .leafList:
            frames.append(.values(child, entries.rows.makeIterator(), row))
        case .entries(let entries): frames.append(.entries(child, entries.rows.makeIterator(), model))
        }
    }

    private mutating func write(_ item: WalkItem, _ parent: Row, _ model: DataModel) throws {
        switch item {
        case .container(let node, let row):
            try encoder.start(node, row)
            try enter(encoder.infos.info(node), row, model)
        case .list(let node, let entries):
            frames.append(.entries(encoder.infos.info(node), entries.rows.makeIterator(), model))
        case .mount(let node, let tree): try enter(tree, node)
        case .leaf, .leafList, .opaque: try encoder.item(item, parent, model)
        }
    }

    private mutating func enter(_ tree: DataTree, _ point: SchemaNode) throws {
        try encoder.start(point, tree.root)
        try enter(encoder.infos.info(tree.model.schema.root), tree.root, tree.model)
    }

    /// The content of an element that has been started, and its end.
    private mutating func enter(_ info: EncodeInfo, _ row: Row, _ model: DataModel) throws {
        guard Self.isSmall(row) else { return frames.append(frame(info, row, model, isElement: true)) }
        try encoder.content(info, row, model)
        try encoder.writer.end()
    }

    private static func isSmall(_ row: Row) -> Bool {
        if row.kids.isEmpty { return true }
        var rest = smallSize
        return fits(row, &rest)
    }

    private static func fits(_ row: Row, _ rest: inout Int) -> Bool {
        rest -= 1 + row.leafCount
        guard rest >= 0 else { return false }
        for kid in row.kids {
            switch kid.kid {
            case .row(let inner): guard fits(inner, &rest) else { return false }
            case .mount: return false
            case .entries(let entries):
                guard entries.count <= rest else { return false }
                for entry in entries.rows { guard fits(entry, &rest) else { return false } }
            }
        }
        return true
    }
}
