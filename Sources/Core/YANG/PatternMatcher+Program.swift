/// A pattern as a program for a machine that is in many states at once (Thompson's construction).
///
/// Repetitions are written out. A repetition of one set of characters becomes a *chain* of consuming instructions, which a
/// machine takes 64 at a time, so that chains may be longer than anything else.
///
/// Invariants: at most `sizeLimit` instructions outside of chains and `chainLimit` in them, `tableLimit` entries in
/// `isMember`, `maskLimit` bits for each instruction to be on or off in each class; every alphabet class is a set of
/// scalars that no instruction tells apart.
struct PatternProgram: Sendable {
    static let sizeLimit = 10_000
    static let chainLimit = 200_000
    static let maskLimit = 1 << 26
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

    /// Instructions of a chain that may all leave for the same place.
    struct Exit: Sendable {
        var first: Int32
        var last: Int32
        var target: Int32
    }

    private(set) var instructions: [Instruction] = []
    /// The long chains of `consumeOrJump`; short ones are cheaper one by one.
    private(set) var exits: [Exit] = []
    static let longExit = 64
    private var sets: [ScalarSet] = []
    private var setNumbers: [ScalarSet: Int32] = [:]

    /// How many classes the scalars fall into.
    private(set) var classCount = 0
    /// The class of each ASCII character.
    private(set) var asciiClasses: [UInt16] = []
    private(set) var boundaries: [UInt32] = []
    private var boundaryClasses: [UInt16] = []
    private var membership: [Bool] = []

    init(_ syntax: PatternSyntax) throws(PatternSyntaxError) {
        let size = Self.size(of: syntax)
        guard size.steps < Self.sizeLimit, size.chained < Self.chainLimit else {
            throw PatternSyntaxError(
                offset: 0,
                message: "the pattern is too large with its repetitions written out (\(Self.sizeLimit) steps and"
                    + " \(Self.chainLimit) repeated characters are allowed); use a “length” for large counts")
        }
        emit(syntax)
        instructions.append(.accept)
        try makeAlphabet()
        guard instructions.count * classCount <= Self.maskLimit else {
            throw PatternSyntaxError(offset: 0, message: "the pattern is too large for so many kinds of characters")
        }
        findExits()
        setNumbers = [:]
        sets = []
    }

    private mutating func findExits() {
        var first = 0
        for (index, instruction) in instructions.enumerated() {
            guard case .consumeOrJump(_, let target) = instruction else { continue }
            if case .consumeOrJump(_, target)? = index + 1 < instructions.count ? instructions[index + 1] : nil {
                continue
            }
            first = index
            while first > 0, case .consumeOrJump(_, target) = instructions[first - 1] { first -= 1 }
            if index - first + 1 >= Self.longExit {
                exits.append(Exit(first: Int32(first), last: Int32(index), target: target))
            }
        }
    }

    // MARK: Instructions

    /// Upper bounds of the numbers of instructions outside of and in chains; they saturate just above the limits.
    private static func size(of syntax: PatternSyntax) -> (steps: Int, chained: Int) {
        func sum(_ parts: [PatternSyntax], each: Int) -> (Int, Int) {
            parts.reduce((0, 0)) { total, part in
                let size = size(of: part)
                return (min(sizeLimit, total.0 + size.steps + each), min(chainLimit, total.1 + size.chained))
            }
        }
        switch syntax {
        case .empty: return (0, 0)
        case .set: return (1, 0)
        case .sequence(let parts): return sum(parts, each: 0)
        case .alternatives(let parts): return sum(parts, each: 2)
        case .repetition(.set, let minimum, let maximum):
            return maximum.map { (0, min(chainLimit, $0)) } ?? (2, min(chainLimit, minimum))
        case .repetition(let body, let minimum, let maximum):
            let once = size(of: body)
            if once == (0, 0) { return (0, 0) }
            let optional = maximum.map { $0 - minimum } ?? 1
            return (
                min(sizeLimit, once.steps * minimum + (once.steps + 2) * optional),
                min(chainLimit, once.chained * (minimum + optional))
            )
        }
    }

    private mutating func emit(_ syntax: PatternSyntax) {
        switch syntax {
        case .empty: break
        case .set(let set): instructions.append(.consume(set: number(of: set)))
        case .sequence(let parts): for part in parts { emit(part) }
        case .alternatives(let parts): emit(alternatives: parts)
        case .repetition(.set(let set), let minimum, let maximum):
            let number = number(of: set)
            instructions.append(contentsOf: repeatElement(.consume(set: number), count: minimum))
            if let maximum { emit(number, upTo: maximum - minimum) } else { emitLoop(.set(set)) }
        case .repetition(let body, let minimum, let maximum):
            if Self.size(of: body) == (0, 0) { return }
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
            emit(body)
        }
        let end = Int32(instructions.count)
        for exit in exits { instructions[exit] = .split(Int32(exit + 1), end) }
    }

    private mutating func emit(_ set: Int32, upTo count: Int) {
        let end = Int32(instructions.count + count)
        instructions.append(contentsOf: repeatElement(.consumeOrJump(set: set, target: end), count: count))
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
