/// A pattern as a program for a machine that is in many states at once (Thompson's construction).
///
/// Invariants: at most `sizeLimit` instructions, `tableLimit` entries in `isMember`; every alphabet class is a
/// set of scalars that no instruction tells apart.
struct PatternProgram: Sendable {
    static let sizeLimit = 10_000
    static let tableLimit = 1 << 21
    static let classLimit = 4096

    enum Instruction: Sendable {
        /// Consumes a scalar of the set and goes on behind.
        case consume(set: Int32)
        /// Consumes like `consume`, or jumps without.
        case consumeOrJump(set: Int32, target: Int32)
        case split(Int32, Int32)
        case jump(Int32)
        case accept
    }

    private(set) var instructions: [Instruction] = []
    private var sets: [ScalarSet] = []
    private var setNumbers: [ScalarSet: Int32] = [:]

    /// How many classes the scalars fall into.
    private(set) var classCount = 0
    /// The class of each ASCII character.
    private(set) var asciiClasses: [UInt16] = []
    private var boundaries: [UInt32] = []
    private var boundaryClasses: [UInt16] = []
    private var membership: [Bool] = []

    init(_ syntax: PatternSyntax) throws(PatternSyntaxError) {
        guard Self.size(of: syntax) < Self.sizeLimit else {
            throw PatternSyntaxError(
                offset: 0,
                message: "the pattern is too large with its repetitions written out"
                    + " (\(Self.sizeLimit) steps are allowed); use a “length” for large counts")
        }
        emit(syntax)
        instructions.append(.accept)
        try makeAlphabet()
        setNumbers = [:]
        sets = []
    }

    // MARK: Instructions

    /// An upper bound of the number of instructions; saturates just above the limit.
    private static func size(of syntax: PatternSyntax) -> Int {
        switch syntax {
        case .empty: return 0
        case .set: return 1
        case .sequence(let parts): return parts.reduce(0) { min(sizeLimit, $0 + size(of: $1)) }
        case .alternatives(let parts): return parts.reduce(0) { min(sizeLimit, $0 + size(of: $1) + 2) }
        case .repetition(let body, let minimum, let maximum):
            let once = size(of: body)
            if once == 0 { return 0 }
            let optional = maximum.map { $0 - minimum } ?? 1
            return min(sizeLimit, once * minimum + (once + 2) * optional)
        }
    }

    private mutating func emit(_ syntax: PatternSyntax) {
        switch syntax {
        case .empty: break
        case .set(let set): instructions.append(.consume(set: number(of: set)))
        case .sequence(let parts): for part in parts { emit(part) }
        case .alternatives(let parts): emit(alternatives: parts)
        case .repetition(let body, let minimum, let maximum):
            if Self.size(of: body) == 0 { return }
            for _ in 0..<minimum { emit(body) }
            if let maximum { emit(body, upTo: maximum - minimum) } else { emitLoop(body) }
        }
    }

    private mutating func emit(alternatives: [PatternSyntax]) {
        var exits: [Int] = []
        for (index, part) in alternatives.enumerated() {
            if index == alternatives.count - 1 {
                emit(part)
            } else {
                let fork = instructions.count
                instructions.append(.accept)
                emit(part)
                exits.append(instructions.count)
                instructions.append(.accept)
                instructions[fork] = .split(Int32(fork + 1), Int32(instructions.count))
            }
        }
        for exit in exits { instructions[exit] = .jump(Int32(instructions.count)) }
    }

    /// Each optional copy may leave for the very end, so that few states are live at a time.
    private mutating func emit(_ body: PatternSyntax, upTo count: Int) {
        var exits: [Int] = []
        for _ in 0..<count {
            exits.append(instructions.count)
            instructions.append(.accept)
            if case .set = body { continue }
            emit(body)
        }
        let end = Int32(instructions.count)
        for exit in exits {
            if case .set(let set) = body {
                instructions[exit] = .consumeOrJump(set: number(of: set), target: end)
            } else {
                instructions[exit] = .split(Int32(exit + 1), end)
            }
        }
    }

    private mutating func emitLoop(_ body: PatternSyntax) {
        let start = instructions.count
        instructions.append(.accept)
        if case .set(let set) = body {
            instructions.append(.jump(Int32(start)))
            instructions[start] = .consumeOrJump(set: number(of: set), target: Int32(start + 2))
        } else {
            emit(body)
            instructions.append(.jump(Int32(start)))
            instructions[start] = .split(Int32(start + 1), Int32(instructions.count))
        }
    }

    private mutating func number(of set: ScalarSet) -> Int32 {
        if let known = setNumbers[set] { return known }
        let number = Int32(sets.count)
        sets.append(set)
        setNumbers[set] = number
        return number
    }

    // MARK: Alphabet

    /// Divides the scalars at every edge of a set, and joins the intervals that lie in the same sets.
    private mutating func makeAlphabet() throws(PatternSyntaxError) {
        var edges: Set<UInt32> = [0]
        for set in sets {
            for range in set.ranges {
                edges.insert(range.lowerBound)
                if range.upperBound < ScalarSet.last { edges.insert(range.upperBound + 1) }
            }
        }
        boundaries = edges.sorted()
        guard boundaries.count * sets.count <= Self.tableLimit else {
            throw PatternSyntaxError(offset: 0, message: "the pattern tells too many characters apart")
        }
        let width = (sets.count + 63) / 64
        let columns = memberColumns(width)
        var classes: [ArraySlice<UInt64>: UInt16] = [:]
        var rows: [ArraySlice<UInt64>] = []
        for interval in boundaries.indices {
            let row = columns[interval * width..<(interval + 1) * width]
            if let known = classes[row] {
                boundaryClasses.append(known)
                continue
            }
            guard rows.count < Self.classLimit else {
                throw PatternSyntaxError(offset: 0, message: "the pattern tells too many characters apart")
            }
            classes[row] = UInt16(rows.count)
            boundaryClasses.append(UInt16(rows.count))
            rows.append(row)
        }
        classCount = rows.count
        membership = [Bool](repeating: false, count: rows.count * sets.count)
        for (number, row) in rows.enumerated() {
            for set in sets.indices where row[row.startIndex + set / 64] & (1 << UInt64(set % 64)) != 0 {
                membership[set * classCount + number] = true
            }
        }
        asciiClasses = (0..<128).map { classBySearch(of: $0) }
    }

    /// For each interval the sets that it lies in, as bits in `width` words.
    private func memberColumns(_ width: Int) -> [UInt64] {
        var columns = [UInt64](repeating: 0, count: width * boundaries.count)
        for (number, set) in sets.enumerated() {
            var interval = 0
            for range in set.ranges {
                while boundaries[interval] < range.lowerBound { interval += 1 }
                while interval < boundaries.count, boundaries[interval] <= range.upperBound {
                    columns[interval * width + number / 64] |= 1 << UInt64(number % 64)
                    interval += 1
                }
            }
        }
        return columns
    }

    private func classBySearch(of scalar: UInt32) -> UInt16 {
        var low = 0
        var high = boundaries.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if boundaries[middle] <= scalar { low = middle } else { high = middle }
        }
        return boundaryClasses[low]
    }

    @inline(__always)
    func alphabetClass(of scalar: UInt32) -> Int {
        Int(scalar < 128 ? asciiClasses[Int(scalar)] : classBySearch(of: scalar))
    }

    @inline(__always)
    func isMember(class number: Int, of set: Int32) -> Bool { membership[Int(set) * classCount + number] }
}
