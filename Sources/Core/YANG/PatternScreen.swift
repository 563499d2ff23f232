/// Says quickly of most texts that a pattern does not match them: by the first byte, and by a character that every match
/// contains.
///
/// Invariant: what the pattern matches passes. A screen is immutable, so that threads need not wait for each other as they
/// do at the pattern's machine.
package struct PatternScreen: Sendable {
    /// By which bytes a match may begin.
    private var first: (UInt64, UInt64, UInt64, UInt64) = (.max, .max, .max, .max)
    private var acceptsEmpty = true
    /// An ASCII character that is in every match.
    private var required: UInt8?

    /// Patterns with more instructions are not looked into: everything passes.
    private static let sizeLimit = 2_000

    package init(_ matcher: PatternMatcher) {
        guard let program = matcher.compiledProgram, program.instructions.count <= Self.sizeLimit else { return }
        let start = Self.reachable(program, from: [0], through: nil)
        acceptsEmpty = start.accepts
        first = (0, 0, ~0, ~0)
        for byte in UInt8(0)..<128 {
            let symbol = program.alphabetClass(of: UInt32(byte))
            guard start.sets.contains(where: { program.isMember(class: symbol, of: $0) }) else { continue }
            if byte < 64 { first.0 |= 1 << UInt64(byte) } else { first.1 |= 1 << UInt64(byte & 63) }
        }
        if !acceptsEmpty { required = Self.required(program) }
    }

    /// The first punctuation mark without which the end of the program is not reached; else the first such character.
    private static func required(_ program: PatternProgram) -> UInt8? {
        var counts = [Int](repeating: 0, count: program.classCount)
        for byte in UInt32(0)..<128 { counts[program.alphabetClass(of: byte)] += 1 }
        // The class of U+0080 and of other scalars beyond may hold one ASCII character too.
        for boundary in program.boundaries where boundary >= 128 { counts[program.alphabetClass(of: boundary)] += 2 }
        counts[program.alphabetClass(of: 128)] += 2
        let single = (UInt8(33)..<127).filter { counts[program.alphabetClass(of: UInt32($0))] == 1 }
        let marks = single.filter { !isWordCharacter($0) } + single.filter(isWordCharacter)
        return marks.first { byte in
            let symbol = program.alphabetClass(of: UInt32(byte))
            return !reachable(program, from: [0], through: symbol).accepts
        }
    }

    private static func isWordCharacter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// What is reached without consuming anything; or, with an excluded class, by consuming anything but that.
    private static func reachable(
        _ program: PatternProgram, from start: [Int32], through excluded: Int?
    ) -> (accepts: Bool, sets: Set<Int32>) {
        var seen = [Bool](repeating: false, count: program.instructions.count)
        var sets: Set<Int32> = []
        var pending = start
        func consume(_ set: Int32, _ index: Int32) {
            sets.insert(set)
            guard let excluded else { return }
            let isPassable = (0..<program.classCount).contains {
                $0 != excluded && program.isMember(class: $0, of: set)
            }
            if isPassable { pending.append(index + 1) }
        }
        var accepts = false
        while let index = pending.popLast() {
            if seen[Int(index)] { continue }
            seen[Int(index)] = true
            switch program.instructions[Int(index)] {
            case .consume(let set): consume(set, index)
            case .consumeOrJump(let set, let target):
                consume(set, index)
                pending.append(target)
            case .split(let one, let other): pending += [one, other]
            case .jump(let target): pending.append(target)
            case .accept: accepts = true
            }
        }
        return (accepts, sets)
    }

    /// Whether the pattern may match `text`; false is certain.
    package func mayMatch(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let byte = text.first else { return acceptsEmpty }
        let word =
            switch byte >> 6 {
            case 0: first.0
            case 1: first.1
            case 2: first.2
            default: first.3
            }
        guard word & (1 << UInt64(byte & 63)) != 0 else { return false }
        return required.map(text.contains) ?? true
    }
}

/// Patterns of which one may match a line: most lines are settled without running any.
package struct PatternList: Sendable {
    package let matchers: [PatternMatcher]
    private let screens: [PatternScreen]

    package init(_ matchers: [PatternMatcher]) {
        self.matchers = matchers
        screens = matchers.map(PatternScreen.init)
    }

    package func contains(matchOf text: UnsafeBufferPointer<UInt8>) -> Bool {
        for (index, screen) in screens.enumerated() where screen.mayMatch(text) {
            if matchers[index].matches(text) { return true }
        }
        return false
    }

    package func contains(matchOf text: String) -> Bool {
        var text = text
        return text.withUTF8 { contains(matchOf: $0) }
    }
}
