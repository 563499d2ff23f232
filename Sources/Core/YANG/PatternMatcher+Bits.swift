/// The set of states of a pattern's machine as bits, 64 instructions to a word: what it costs to follow a set does not
/// depend on whether it was met before, and the copies of a repeated character are taken all at once.
///
/// Invariant: words outside of `live` are zero.
struct PatternBits {
    private var now: [UInt64]
    private var next: [UInt64]
    private var live: Range<Int>
    /// For each class met so far, which instructions consume it.
    private var masks: [[UInt64]?]
    /// The instructions that are followed one by one after a step.
    private let forks: [UInt64]
    private var pending: [Int32] = []

    init(_ program: PatternProgram) {
        let count = program.instructions.count
        let words = (count + 63) / 64
        now = [UInt64](repeating: 0, count: words)
        next = now
        live = 0..<0
        masks = [[UInt64]?](repeating: nil, count: program.classCount)
        var forks = now
        for (index, instruction) in program.instructions.enumerated() {
            switch instruction {
            case .split, .jump, .consumeOrJump: forks[index >> 6] |= 1 << UInt64(index & 63)
            case .consume, .accept: break
            }
        }
        for exit in program.exits {
            for index in Int(exit.first)...Int(exit.last) { forks[index >> 6] &= ~(1 << UInt64(index & 63)) }
        }
        self.forks = forks
    }

    var isEmpty: Bool { live.isEmpty }

    mutating func load(_ set: [Int32]) {
        for word in live { now[word] = 0 }
        live = 0..<0
        for member in set { insert(Int(member)) }
    }

    /// The instructions that consume, and the accepting one, ascending.
    func members(_ program: PatternProgram) -> [Int32] {
        var result: [Int32] = []
        for word in live {
            var bits = now[word]
            while bits != 0 {
                let index = word << 6 | bits.trailingZeroBitCount
                bits &= bits &- 1
                switch program.instructions[index] {
                case .consume, .consumeOrJump, .accept: result.append(Int32(index))
                case .split, .jump: break
                }
            }
        }
        return result
    }

    /// Consumes a scalar of class `symbol`, and follows what needs none.
    mutating func step(_ program: PatternProgram, _ symbol: Int) {
        let mask = mask(program, symbol)
        let before = live
        var low = Int.max
        var high = -1
        var carry: UInt64 = 0
        var word = before.lowerBound
        while word < before.upperBound {
            let kept = now[word] & mask[word]
            let moved = kept << 1 | carry
            carry = kept >> 63
            next[word] = moved
            now[word] = 0
            if moved != 0 {
                low = min(low, word)
                high = word
            }
            word += 1
        }
        if carry != 0 {
            next[word] = carry
            low = min(low, word)
            high = word
        }
        swap(&now, &next)
        live = high < 0 ? 0..<0 : low..<high + 1
        follow(program)
    }

    private mutating func follow(_ program: PatternProgram) {
        for word in live {
            var bits = now[word] & forks[word]
            while bits != 0 {
                fork(program, word << 6 | bits.trailingZeroBitCount)
                bits &= bits &- 1
            }
        }
        for exit in program.exits where isAny(Int(exit.first), Int(exit.last)) { pending.append(exit.target) }
        while let index = pending.popLast().map(Int.init) {
            if now[index >> 6] & (1 << UInt64(index & 63)) != 0 { continue }
            insert(index)
            fork(program, index)
        }
    }

    @inline(__always)
    private mutating func fork(_ program: PatternProgram, _ index: Int) {
        switch program.instructions[index] {
        case .jump(let target), .consumeOrJump(_, let target): pending.append(target)
        case .split(let first, let second):
            pending.append(second)
            pending.append(first)
        case .consume, .accept: break
        }
    }

    private func isAny(_ first: Int, _ last: Int) -> Bool {
        let words = (first >> 6..<(last >> 6) + 1).clamped(to: live)
        for word in words {
            var bits = now[word]
            if word == first >> 6 { bits &= .max << UInt64(first & 63) }
            if word == last >> 6 { bits &= .max >> UInt64(63 - last & 63) }
            if bits != 0 { return true }
        }
        return false
    }

    private mutating func insert(_ index: Int) {
        let word = index >> 6
        now[word] |= 1 << UInt64(index & 63)
        live = live.isEmpty ? word..<word + 1 : min(live.lowerBound, word)..<max(live.upperBound, word + 1)
    }

    private mutating func mask(_ program: PatternProgram, _ symbol: Int) -> [UInt64] {
        if let known = masks[symbol] { return known }
        var mask = [UInt64](repeating: 0, count: now.count)
        for (index, instruction) in program.instructions.enumerated() {
            switch instruction {
            case .consume(let set), .consumeOrJump(let set, _):
                if program.isMember(class: symbol, of: set) { mask[index >> 6] |= 1 << UInt64(index & 63) }
            case .split, .jump, .accept: break
            }
        }
        masks[symbol] = mask
        return mask
    }
}
