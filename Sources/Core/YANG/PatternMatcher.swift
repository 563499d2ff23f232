import Synchronization

/// Why a `pattern` is none: the place in the pattern (a count of Unicode scalars) and a sentence.
package struct PatternSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package var offset: Int
    package var message: String

    package var description: String { "\(message) (at character \(offset + 1) of the pattern)" }
}

/// A compiled `pattern`: a regular expression of XML Schema Part 2, anchored at both ends (RFC 7950 section 9.4.5).
///
/// The time of a match grows with the length of the text only, whatever the pattern: a set of states is followed, and
/// the sets that have been met are remembered as the states of a deterministic machine, in a cache of bounded size. Where
/// sets do not recur, the machine follows them as bits.
package final class PatternMatcher: Sendable {
    package let source: String
    let acceptsExtraEscapes: Bool
    private let state: Mutex<State>
    /// For threads that find the first machine busy: to wait would cost them more than a match.
    private let firstSpare = Mutex(State())
    private let secondSpare = Mutex(State())

    private struct State {
        /// Nil before the first match of a pattern that compiled before; and for one that was said to have.
        var program: Program?
        var machine: PatternMachine?
    }

    /// In a box, so that a match passes one reference.
    private final class Program: Sendable {
        let program: PatternProgram

        init(_ program: PatternProgram) { self.program = program }
    }

    /// Compiles `pattern`. With `acceptingExtraEscapes` a backslash before any ASCII punctuation stands for that
    /// character; XML Schema knows only some of these, vendors' modules use them all.
    package init(_ pattern: String, acceptingExtraEscapes: Bool = false) throws(PatternSyntaxError) {
        source = pattern
        acceptsExtraEscapes = acceptingExtraEscapes
        state = Mutex(State(program: Program(try Self.compile(pattern, acceptingExtraEscapes))))
    }

    /// A pattern that has compiled before, such as one of a schema image: compiled again at its first match. If it is no
    /// pattern after all it matches nothing.
    package init(compiledBefore pattern: String, acceptingExtraEscapes: Bool = false) {
        source = pattern
        acceptsExtraEscapes = acceptingExtraEscapes
        state = Mutex(State())
    }

    private static func compile(
        _ pattern: String, _ acceptsExtraEscapes: Bool
    ) throws(PatternSyntaxError) -> PatternProgram {
        var parser = try PatternParser(pattern, acceptingExtraEscapes: acceptsExtraEscapes)
        return try PatternProgram(try parser.parse())
    }

    /// The program; nil if this is no pattern after all.
    var compiledProgram: PatternProgram? {
        state.withLock { compile(&$0)?.program }
    }

    /// Whether all of `text` is in the language of the pattern.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// Whether all of `text`, which must be valid UTF-8, is in the language of the pattern.
    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if let result = state.withLockIfAvailable({ $0.machine?.answer(text) ?? matches(text, compile(&$0), &$0) }) {
            return result
        }
        if let result = firstSpare.withLockIfAvailable({ matchesInSpare(text, &$0) }) { return result }
        if let result = secondSpare.withLockIfAvailable({ matchesInSpare(text, &$0) }) { return result }
        return state.withLock { matches(text, compile(&$0), &$0) }
    }

    private func compile(_ state: inout State) -> Program? {
        if state.program == nil {
            state.program = (try? Self.compile(source, acceptsExtraEscapes)).map { Program($0) }
        }
        return state.program
    }

    private func matchesInSpare(_ text: UnsafeBufferPointer<UInt8>, _ spare: inout State) -> Bool {
        if let answer = spare.machine?.answer(text) { return answer }
        if spare.program == nil { spare.program = state.withLock { compile(&$0) } }
        return matches(text, spare.program, &spare)
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, _ program: Program?, _ state: inout State) -> Bool {
        guard let program else { return false }
        if state.machine == nil { state.machine = PatternMachine(program.program) }
        return state.machine?.run(program.program, text) ?? false
    }
}

/// The deterministic machine of a pattern as far as texts have explored it.
///
/// Invariants: state 0 is dead; the members of a state ascend, so that the accepting instruction is last; the numbers in
/// `transitions` and `members` together stay under `capacity`, beyond it everything but the state in use is forgotten.
struct PatternMachine {
    static let capacity = 1 << 16
    /// How often one match may fill the cache before it goes on without, for a stretch of so many bytes and twice as many
    /// each time. Sets of more than `largeSet` members are not worth remembering.
    private static let resetLimit = 4
    private static let stretch = 4096
    private static let largeSet = 512
    private static let unknown: Int32 = -1

    private var numbers: [[Int32]: Int32] = [:]
    private var members: [[Int32]] = []
    private var accepts: [Bool] = []
    private var transitions: [Int32] = []
    private var weight = 0
    private var resets = 0
    private var start: Int32 = 0
    /// Marks of the instructions that a closure has visited, by generation.
    private var marks: [UInt32]
    private var generation: UInt32 = 0
    private var pending: [Int32] = []
    private var bits: PatternBits?
    /// The classes of the ASCII characters, and how many classes there are.
    private let classes: [Int32]
    private let classCount: Int

    init(_ program: PatternProgram) {
        marks = [UInt32](repeating: 0, count: program.instructions.count)
        classes = (0..<128).map { Int32(program.alphabetClass(of: $0)) }
        classCount = program.classCount
    }

    /// What the states that texts have explored so far say of another; nil where it leads further, or is not ASCII.
    mutating func answer(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
        if members.isEmpty { return nil }
        var state = Int(start)
        for byte in text {
            guard byte < 0x80 else { return nil }
            let next = transitions[state * classCount + Int(classes[Int(byte)])]
            if next == 0 { return false }
            if next == Self.unknown { return nil }
            state = Int(next)
        }
        return accepts[state]
    }

    mutating func run(_ program: PatternProgram, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if members.isEmpty { reset(program) }
        var limit = resets + Self.resetLimit
        var stretch = Self.stretch
        var state = start
        var index = 0
        while index < text.count {
            let scalar = Self.scalar(in: text, at: &index)
            let symbol = program.alphabetClass(of: scalar)
            let next = transitions[Int(state) * program.classCount + symbol]
            state = next == Self.unknown ? explore(program, from: state, symbol) : next
            if state == 0 { return false }
            if resets > limit || (next == Self.unknown && members[Int(state)].count > Self.largeSet) {
                state = follow(program, from: members[Int(state)], text, at: &index, stretch)
                limit = resets + Self.resetLimit
                stretch *= 2
            }
        }
        return accepts[Int(state)]
    }

    /// Follows the set of states for a stretch without remembering it: where sets hardly ever recur, remembering costs
    /// more. Gives the state at the end of the stretch.
    private mutating func follow(
        _ program: PatternProgram, from set: [Int32], _ text: UnsafeBufferPointer<UInt8>, at index: inout Int,
        _ stretch: Int
    ) -> Int32 {
        var bits = bits ?? PatternBits(program)
        self.bits = nil
        bits.load(set)
        let end = min(text.count, index + stretch)
        while index < end, !bits.isEmpty {
            bits.step(program, program.alphabetClass(of: Self.scalar(in: text, at: &index)))
        }
        let set = bits.members(program)
        self.bits = bits
        reset(program)
        return state(program, of: set)
    }

    /// Adds to `next` what the states of `set` lead to by consuming a scalar of class `symbol`.
    private mutating func step(_ program: PatternProgram, _ set: [Int32], _ symbol: Int, into next: inout [Int32]) {
        for member in set {
            switch program.instructions[Int(member)] {
            case .consume(let accepted), .consumeOrJump(let accepted, _):
                guard program.isMember(class: symbol, of: accepted) else { continue }
                // Mostly the next instruction consumes too, and there is nothing to follow.
                if case .consume = program.instructions[Int(member) + 1] {
                    if marks[Int(member) + 1] != generation {
                        marks[Int(member) + 1] = generation
                        next.append(member + 1)
                    }
                } else {
                    close(program, from: member + 1, into: &next)
                }
            case .split, .jump, .accept: break
            }
        }
    }

    /// Decodes one scalar; broken UTF-8 gives U+FFFD and moves on by one byte.
    @inline(__always)
    private static func scalar(in text: UnsafeBufferPointer<UInt8>, at index: inout Int) -> UInt32 {
        let first = UInt32(text[index])
        index += 1
        if first < 0x80 { return first }
        let length = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0
        guard length > 0, index + length <= text.count else { return 0xFFFD }
        var value = first & (0x3F >> UInt32(length))
        for offset in 0..<length { value = value << 6 | UInt32(text[index + offset] & 0x3F) }
        index += length
        return min(value, ScalarSet.last)
    }

    // MARK: States

    private mutating func reset(_ program: PatternProgram) {
        numbers.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        accepts.removeAll(keepingCapacity: true)
        transitions.removeAll(keepingCapacity: true)
        weight = 0
        resets += 1
        _ = state(program, of: [])
        beginClosure()
        var set: [Int32] = []
        close(program, from: 0, into: &set)
        set.sort()
        start = state(program, of: set)
    }

    private mutating func explore(_ program: PatternProgram, from state: Int32, _ symbol: Int) -> Int32 {
        beginClosure()
        var set: [Int32] = []
        step(program, members[Int(state)], symbol, into: &set)
        set.sort()
        if let known = numbers[set] {
            transitions[Int(state) * program.classCount + symbol] = known
            return known
        }
        if weight + set.count + program.classCount > Self.capacity {
            reset(program)
            return self.state(program, of: set)
        }
        let next = self.state(program, of: set)
        transitions[Int(state) * program.classCount + symbol] = next
        return next
    }

    private mutating func state(_ program: PatternProgram, of set: [Int32]) -> Int32 {
        if let known = numbers[set] { return known }
        let number = Int32(members.count)
        numbers[set] = number
        members.append(set)
        accepts.append(set.last == Int32(program.instructions.count - 1))
        let next = set.isEmpty ? number : Self.unknown
        transitions.append(contentsOf: repeatElement(next, count: program.classCount))
        weight += set.count + program.classCount
        return number
    }

    // MARK: Closure

    private mutating func beginClosure() {
        if generation == .max {
            marks = [UInt32](repeating: 0, count: marks.count)
            generation = 0
        }
        generation += 1
    }

    /// Adds to `set` what is reached from `instruction` without consuming anything.
    private mutating func close(_ program: PatternProgram, from instruction: Int32, into set: inout [Int32]) {
        pending.append(instruction)
        while let next = pending.popLast() {
            if marks[Int(next)] == generation { continue }
            marks[Int(next)] = generation
            switch program.instructions[Int(next)] {
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .consume, .accept: set.append(next)
            case .consumeOrJump(_, let target):
                set.append(next)
                pending.append(target)
            }
        }
    }
}
