/// The texts that a string type allows: those that all patterns and a length allow.
package struct TextLanguage: Sendable {
    package var patterns: [TypePattern]
    /// Allowed lengths in characters; empty allows all.
    package var lengths: [ClosedRange<Int>]

    package init(patterns: [TypePattern], lengths: [ClosedRange<Int>]) {
        self.patterns = patterns
        self.lengths = lengths
    }

    package enum Inclusion: Hashable, Sendable {
        case included
        /// A text of the one that is none of the other.
        case excluded(String)
        /// More work than the bound allows.
        case undecided
    }

    /// Whether each text of this language is one of `other`, found by following the machines of all patterns side by
    /// side. Time and memory are bounded; the shortest text that is in the way is found first.
    package func inclusion(in other: TextLanguage) -> Inclusion {
        let areLengthsIncluded = other.lengths.isEmpty || lengths.isCovered(by: other.lengths)
        let arePatternsKept = other.patterns.allSatisfy { pattern in
            patterns.contains { $0.source == pattern.source && $0.isInverted == pattern.isInverted }
        }
        if areLengthsIncluded && arePatternsKept { return .included }
        let bounds = (lengths + other.lengths).flatMap { [$0.lowerBound, $0.upperBound] }.filter { $0 < Int.max / 2 }
        let limit = (bounds.max() ?? 0) + 1
        if limit > LanguageSearch.lengthLimit { return withoutLengths(other, areLengthsIncluded) }
        guard var search = LanguageSearch(self, other, length: bounds.isEmpty ? 0 : limit) else { return .undecided }
        return search.run()
    }

    /// The shortest text of the language; nil if there is none or it takes too long to find.
    package var shortest: String? {
        guard var search = LanguageSearch(self, nil, length: lengths.isEmpty ? 0 : LanguageSearch.lengthLimit) else {
            return nil
        }
        if case .excluded(let text) = search.run() { return text }
        return nil
    }

    /// Lengths beyond what is followed character by character.
    private func withoutLengths(_ other: TextLanguage, _ areLengthsIncluded: Bool) -> Inclusion {
        let (bare, otherBare) = (TextLanguage(patterns: patterns, lengths: []), other.patterns)
        guard areLengthsIncluded else { return .undecided }
        let found = bare.inclusion(in: TextLanguage(patterns: otherBare, lengths: []))
        guard case .excluded(let text) = found else { return found }
        let count = text.unicodeScalars.count
        return lengths.isEmpty || lengths.contains { $0.contains(count) } ? found : .undecided
    }
}

extension [ClosedRange<Int>] {
    fileprivate func isCovered(by other: [ClosedRange<Int>]) -> Bool {
        !isEmpty
            && allSatisfy { range in
                other.contains { $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound }
            }
    }
}

/// A search, breadth first, for a text that one set of patterns accepts and another does not.
private struct LanguageSearch {
    static let lengthLimit = 512
    private static let stateLimit = 20_000
    private static let stepLimit = 400_000

    private struct Symbol {
        var scalar: Unicode.Scalar
        var classes: [Int]
    }

    private struct State: Hashable {
        var sets: [Int32]
        var length: Int
    }

    private var walks: [PatternWalk] = []
    private let inverted: [Bool]
    /// How many of the patterns are of the language that accepts.
    private let ownCount: Int
    private let own: TextLanguage
    /// Nil for a language without texts.
    private let other: TextLanguage?
    /// Longer texts count as this long.
    private let lengthCap: Int
    private var symbols: [Symbol] = []

    init?(_ own: TextLanguage, _ other: TextLanguage?, length: Int) {
        let patterns = own.patterns + (other?.patterns ?? [])
        for pattern in patterns {
            guard let program = pattern.matcher.compiledProgram else { return nil }
            walks.append(PatternWalk(program))
        }
        inverted = patterns.map(\.isInverted)
        ownCount = own.patterns.count
        (self.own, self.other, lengthCap) = (own, other, length)
        symbols = Self.symbols(of: walks.map(\.program), onlyReadable: true)
    }

    /// One character of each kind that the patterns tell apart; of those that YANG allows in strings, readable ones
    /// first.
    private static func symbols(of programs: [PatternProgram], onlyReadable: Bool) -> [Symbol] {
        let readable = Array("a0b1A.:-/ _".unicodeScalars).map(\.value)
        let edges =
            onlyReadable
            ? [] : Set(programs.flatMap(\.boundaries)).union([0x9, 0xA, 0xD, 0x20, 0xE000, 0xFDF0, 0x10000])
        var seen: Set<[Int]> = []
        var result: [Symbol] = []
        for value in readable + edges.sorted() {
            guard isAllowed(value), let scalar = Unicode.Scalar(value) else { continue }
            let classes = programs.map { $0.alphabetClass(of: value) }
            if seen.insert(classes).inserted { result.append(Symbol(scalar: scalar, classes: classes)) }
        }
        return result
    }

    /// RFC 7950 section 14, `yang-char`.
    private static func isAllowed(_ value: UInt32) -> Bool {
        switch value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFDCF, 0xFDF0...0xFFFD: true
        default: value >= 0x10000 && value <= 0x10FFFD && value & 0xFFFE != 0xFFFE
        }
    }

    /// Most texts that are in the way are found among those of readable characters, which are few.
    mutating func run() -> TextLanguage.Inclusion {
        let quick = search()
        if case .excluded = quick { return quick }
        symbols = Self.symbols(of: walks.map(\.program), onlyReadable: false)
        return search()
    }

    private mutating func search() -> TextLanguage.Inclusion {
        var states = [State(sets: walks.indices.map { walks[$0].start() }, length: 0)]
        var cameBy: [(state: Int, symbol: Int)] = [(-1, -1)]
        var seen: Set<State> = [states[0]]
        var steps = 0
        var next = 0
        while next < states.count {
            let state = states[next]
            if isOfOwn(state), !isOfOther(state) { return .excluded(text(next, cameBy)) }
            for (number, symbol) in symbols.enumerated() {
                steps += 1
                let sets = walks.indices.map { walks[$0].step(state.sets[$0], symbol.classes[$0]) }
                let reached = State(sets: sets, length: min(state.length + 1, lengthCap))
                guard isAlive(reached), seen.insert(reached).inserted else { continue }
                states.append(reached)
                cameBy.append((next, number))
            }
            if states.count > Self.stateLimit || steps > Self.stepLimit { return .undecided }
            next += 1
        }
        return .included
    }

    private func isAlive(_ state: State) -> Bool {
        (0..<ownCount).allSatisfy { inverted[$0] || !walks[$0].isDead(state.sets[$0]) }
    }

    private func holds(_ state: State, _ patterns: Range<Int>, _ lengths: [ClosedRange<Int>]) -> Bool {
        patterns.allSatisfy { walks[$0].accepts(state.sets[$0]) != inverted[$0] }
            && (lengths.isEmpty || lengths.contains { $0.contains(state.length) })
    }

    private func isOfOwn(_ state: State) -> Bool { holds(state, 0..<ownCount, own.lengths) }
    private func isOfOther(_ state: State) -> Bool {
        other.map { holds(state, ownCount..<walks.count, $0.lengths) } ?? false
    }

    private func text(_ state: Int, _ cameBy: [(state: Int, symbol: Int)]) -> String {
        var scalars = String.UnicodeScalarView()
        var state = state
        while cameBy[state].state >= 0 {
            scalars.append(symbols[cameBy[state].symbol].scalar)
            state = cameBy[state].state
        }
        return String(String(scalars).unicodeScalars.reversed().reduce(into: "") { $0.unicodeScalars.append($1) })
    }
}

/// The deterministic machine of a pattern as far as it has been walked; states are numbers, 0 is dead.
private struct PatternWalk {
    let program: PatternProgram
    private var numbers: [[Int32]: Int32] = [[]: 0]
    private var sets: [[Int32]] = [[]]
    private var transitions: [UInt64: Int32] = [:]

    init(_ program: PatternProgram) { self.program = program }

    func isDead(_ state: Int32) -> Bool { state == 0 }
    func accepts(_ state: Int32) -> Bool { sets[Int(state)].last == Int32(program.instructions.count - 1) }

    mutating func start() -> Int32 { number(of: closure([0])) }

    mutating func step(_ state: Int32, _ symbol: Int) -> Int32 {
        if state == 0 { return 0 }
        let key = UInt64(state) << 32 | UInt64(symbol)
        if let known = transitions[key] { return known }
        var reached: [Int32] = []
        for member in sets[Int(state)] {
            switch program.instructions[Int(member)] {
            case .consume(let set), .consumeOrJump(let set, _):
                if program.isMember(class: symbol, of: set) { reached.append(member + 1) }
            case .split, .jump, .accept: break
            }
        }
        let next = number(of: closure(reached))
        transitions[key] = next
        return next
    }

    private mutating func number(of set: [Int32]) -> Int32 {
        if let known = numbers[set] { return known }
        let number = Int32(sets.count)
        numbers[set] = number
        sets.append(set)
        return number
    }

    /// The consuming and accepting instructions that are reached without consuming anything, ascending.
    private func closure(_ starts: [Int32]) -> [Int32] {
        var visited: Set<Int32> = []
        var result: [Int32] = []
        var waiting = starts
        while let next = waiting.popLast() {
            guard visited.insert(next).inserted else { continue }
            switch program.instructions[Int(next)] {
            case .jump(let target): waiting.append(target)
            case .split(let first, let second): waiting += [first, second]
            case .consume, .accept: result.append(next)
            case .consumeOrJump(_, let target):
                result.append(next)
                waiting.append(target)
            }
        }
        return result.sorted()
    }
}
