/// A node of the persistent B+tree of `Entries`: either a chunk of rows or a branch of nodes.
///
/// Invariants: a chunk has 1 to `width` rows; a branch has 1 to `width` children, all of the same height.
///
/// The width is small, because a copy of a node counts a reference to everything in it, and in a large list little of that
/// is in the processor's caches.
final class EntryNode: Sendable {
    static let width = 16

    let rows: ContiguousArray<Row>
    let children: ContiguousArray<EntryNode>
    let count: Int
    /// The first row of the first chunk, so that a search need not go down for it; nil without rows.
    private let first: Row?

    init(rows: ContiguousArray<Row>) {
        self.rows = rows
        children = []
        count = rows.count
        first = rows.first
    }

    init(children: ContiguousArray<EntryNode>) {
        rows = []
        self.children = children
        count = children.reduce(0) { $0 + $1.count }
        first = children.first?.first
    }

    /// A tree of full chunks over rows already in order.
    static func packed(_ rows: ContiguousArray<Row>) -> EntryNode {
        var level = ContiguousArray(chunks(rows).map { EntryNode(rows: $0) })
        while level.count > 1 { level = ContiguousArray(chunks(level).map { EntryNode(children: $0) }) }
        return level.first ?? EntryNode(rows: [])
    }

    private static func chunks<Element>(_ all: ContiguousArray<Element>) -> [ContiguousArray<Element>] {
        stride(from: 0, to: all.count, by: width).map { ContiguousArray(all[$0..<min($0 + width, all.count)]) }
    }

    var isChunk: Bool { children.isEmpty }

    func row(at position: Int) -> Row {
        if isChunk { return rows[position] }
        var rest = position
        for child in children {
            if rest < child.count { return child.row(at: rest) }
            rest -= child.count
        }
        return children[children.count - 1].row(at: rest)
    }

    /// `order` tells on which side of the searched row the given row lies.
    func find(_ order: (Row) -> Int) -> Row? {
        var node = self
        while !node.isChunk { node = node.children[node.childIndex(order)] }
        let index = node.lowerBound(order)
        return index < node.rows.count && order(node.rows[index]) == 0 ? node.rows[index] : nil
    }

    func position(_ order: (Row) -> Int) -> Int? {
        var node = self
        var before = 0
        while !node.isChunk {
            let index = node.childIndex(order)
            for child in node.children[..<index] { before += child.count }
            node = node.children[index]
        }
        let index = node.lowerBound(order)
        return index < node.rows.count && order(node.rows[index]) == 0 ? before + index : nil
    }

    /// The first row of a chunk that is not before the searched one.
    private func lowerBound(_ order: (Row) -> Int) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if order(rows[middle]) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last child whose first row is not behind the searched one.
    private func childIndex(_ order: (Row) -> Int) -> Int {
        var low = 1
        var high = children.count
        while low < high {
            let middle = (low + high) / 2
            if order(children[middle].first!) <= 0 { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    func upserting(_ row: Row, by compare: (Row, Row) -> Int) -> EntryNode {
        let parts = inserted(row, compare)
        return parts.count == 1 ? parts[0] : EntryNode(children: parts)
    }

    private func inserted(_ row: Row, _ compare: (Row, Row) -> Int) -> ContiguousArray<EntryNode> {
        if isChunk {
            var rows = rows
            let index = lowerBound { compare($0, row) }
            if index < rows.count, compare(rows[index], row) == 0 {
                rows[index] = row
            } else {
                rows.insert(row, at: index)
            }
            return ContiguousArray(Self.split(rows, grownAt: index).map { EntryNode(rows: $0) })
        }
        let index = childIndex { compare($0, row) }
        let parts = children[index].inserted(row, compare)
        var children = children
        children.replaceSubrange(index...index, with: parts)
        return ContiguousArray(Self.split(children, grownAt: index + parts.count - 1).map { EntryNode(children: $0) })
    }

    /// One that grew at its end is likely to grow there again, so it stays full.
    private static func split<Element>(
        _ all: ContiguousArray<Element>, grownAt index: Int
    ) -> ContiguousArray<ContiguousArray<Element>> {
        guard all.count > width else { return [all] }
        let middle = index == all.count - 1 ? index : all.count / 2
        return [ContiguousArray(all[..<middle]), ContiguousArray(all[middle...])]
    }

    // MARK: Differences

    /// Calls `body` with each pair of rows with the same key that are not the same object; nil where one side has none.
    /// Goes down together where both have kept their shape, so that what is shared is not even looked at.
    static func forEachDifference(
        _ a: EntryNode, _ b: EntryNode, by compare: (Row, Row) -> Int, _ body: (Row?, Row?) -> Void
    ) {
        if a === b { return }
        if a.isChunk, b.isChunk { return compareRows(a.rows, b.rows, compare, body) }
        let common = min(a.children.count, b.children.count)
        var start = 0
        while start < common, a.children[start] === b.children[start] { start += 1 }
        var end = 0
        while end < common - start,
            a.children[a.children.count - 1 - end] === b.children[b.children.count - 1 - end]
        { end += 1 }
        if a.children.count == start + end + 1, b.children.count == start + end + 1 {
            return forEachDifference(a.children[start], b.children[start], by: compare, body)
        }
        if start == 0, end == 0 { return walk(a, b, compare, body) }
        let left = EntryNode(children: ContiguousArray(a.children[start..<(a.children.count - end)]))
        let right = EntryNode(children: ContiguousArray(b.children[start..<(b.children.count - end)]))
        walk(left, right, compare, body)
    }

    private static func compareRows(
        _ a: ContiguousArray<Row>, _ b: ContiguousArray<Row>, _ compare: (Row, Row) -> Int,
        _ body: (Row?, Row?) -> Void
    ) {
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, j < b.count, a[i] === b[j] {
                i += 1
                j += 1
                continue
            }
            let result = i == a.count ? 1 : j == b.count ? -1 : compare(a[i], b[j])
            body(result <= 0 ? a[i] : nil, result >= 0 ? b[j] : nil)
            if result <= 0 { i += 1 }
            if result >= 0 { j += 1 }
        }
    }

    private static func walk(
        _ a: EntryNode, _ b: EntryNode, _ compare: (Row, Row) -> Int, _ body: (Row?, Row?) -> Void
    ) {
        var (left, right) = (EntryCursor(a), EntryCursor(b))
        while true {
            EntryCursor.skipShared(&left, &right)
            switch (left.row, right.row) {
            case (nil, nil): return
            case (let a?, nil):
                body(a, nil)
                left.advance()
            case (nil, let b?):
                body(nil, b)
                right.advance()
            case (let a?, let b?):
                let result = a === b ? 0 : compare(a, b)
                if result <= 0 { left.advance() }
                if result >= 0 { right.advance() }
                if a !== b { body(result <= 0 ? a : nil, result >= 0 ? b : nil) }
            }
        }
    }

    // MARK: Removal

    /// Without `row`, which is there and is not the only one.
    func removing(_ row: Row, by compare: (Row, Row) -> Int) -> EntryNode {
        var node = removed(row, compare) ?? self
        while node.children.count == 1 { node = node.children[0] }
        return node
    }

    private func removed(_ row: Row, _ compare: (Row, Row) -> Int) -> EntryNode? {
        if isChunk {
            var rows = rows
            let index = lowerBound { compare($0, row) }
            guard index < rows.count, compare(rows[index], row) == 0 else { return self }
            rows.remove(at: index)
            return rows.isEmpty ? nil : EntryNode(rows: rows)
        }
        let index = childIndex { compare($0, row) }
        var children = children
        if let child = children[index].removed(row, compare) {
            children[index] = child
            Self.joinSmall(&children, at: index)
        } else {
            children.remove(at: index)
        }
        return children.isEmpty ? nil : EntryNode(children: children)
    }

    /// Joins a child that became small with a neighbour, so that many removals do not leave a tree of crumbs.
    private static func joinSmall(_ children: inout ContiguousArray<EntryNode>, at index: Int) {
        let child = children[index]
        guard max(child.rows.count, child.children.count) < width / 4, children.count > 1 else { return }
        let left = index > 0 ? index - 1 : index
        let (a, b) = (children[left], children[left + 1])
        guard max(a.rows.count + b.rows.count, a.children.count + b.children.count) <= width else { return }
        let joined = a.isChunk ? EntryNode(rows: a.rows + b.rows) : EntryNode(children: a.children + b.children)
        children.replaceSubrange(left...(left + 1), with: [joined])
    }
}

/// A walk over the rows of a tree that can step over whole subtrees.
struct EntryCursor {
    private var stack: [(node: EntryNode, index: Int)] = []

    init(_ root: EntryNode) {
        stack.append((root, 0))
        descend()
    }

    var row: Row? { stack.last.map { $0.node.rows[$0.index] } }

    mutating func advance() {
        guard !stack.isEmpty else { return }
        stack[stack.count - 1].index += 1
        settle()
    }

    private mutating func settle() {
        while let top = stack.last, top.index >= max(top.node.rows.count, top.node.children.count) {
            stack.removeLast()
            if !stack.isEmpty { stack[stack.count - 1].index += 1 }
        }
        descend()
    }

    private mutating func descend() {
        while let top = stack.last, !top.node.isChunk { stack.append((top.node.children[top.index], 0)) }
        if let top = stack.last, top.node.rows.isEmpty { stack = [] }
    }

    /// While both cursors stand at the start of the same subtree object, moves both behind it.
    static func skipShared(_ a: inout EntryCursor, _ b: inout EntryCursor) {
        while a.stack.last?.index == 0, b.stack.last?.index == 0, let pair = shared(a, b) {
            a.leave(pair.a)
            b.leave(pair.b)
        }
    }

    /// Moves behind the node at `level` of the stack.
    private mutating func leave(_ level: Int) {
        stack.removeSubrange(level...)
        if !stack.isEmpty { stack[stack.count - 1].index += 1 }
        settle()
    }

    /// The highest pair of levels at which both cursors are at the first row of the same node.
    private static func shared(_ a: EntryCursor, _ b: EntryCursor) -> (a: Int, b: Int)? {
        for (i, level) in a.atStart {
            for (j, other) in b.atStart where level === other { return (i, j) }
        }
        return nil
    }

    /// The nodes of which this cursor is at the very first row, from the highest down, with their level.
    private var atStart: [(Int, EntryNode)] {
        var result: [(Int, EntryNode)] = []
        for level in stack.indices.reversed() {
            guard stack[level].index == 0 else { break }
            result.append((level, stack[level].node))
        }
        return result.reversed()
    }
}
