import Synchronization

/// The function library.
extension XPathRun {
    mutating func call(
        _ name: String, _ arguments: [XPathExpression], _ focus: Focus
    ) throws(XPathError) -> Value {
        guard let function = XPathFunction(rawValue: name), function.arity.contains(arguments.count) else {
            throw XPathError(code: .wrongOperand, message: "\(name)() with \(arguments.count) arguments is unknown")
        }
        switch function {
        case .last: return .number(Double(focus.size))
        case .position: return .number(Double(focus.position))
        case .true: return .boolean(true)
        case .false: return .boolean(false)
        case .not: return .boolean(!(try value(arguments[0], focus).boolean))
        case .boolean: return .boolean(try value(arguments[0], focus).boolean)
        case .current: return .nodeSet([current])
        case .count, .sum, .name, .localName, .namespaceURI, .id, .lang, .min, .max, .avg, .sortBy:
            return try callOnNodes(function, arguments, focus)
        case .deref, .derivedFrom, .derivedFromOrSelf, .enumValue, .bitIsSet, .reMatch:
            return try callYANG(function, arguments, focus)
        case .number, .floor, .ceiling, .round, .band, .bor, .bxor, .bnot:
            return .number(try callOnNumbers(function, arguments, focus))
        case .string, .concat, .startsWith, .contains, .substringBefore, .substringAfter, .substring, .stringLength,
            .normalizeSpace, .translate, .compare, .stringCompare:
            return try callOnStrings(function, arguments, focus)
        }
    }

    private mutating func text(
        _ arguments: [XPathExpression], _ index: Int, _ focus: Focus
    ) throws(XPathError) -> String {
        guard index < arguments.count else { return try text(of: focus.node) }
        return try text(try value(arguments[index], focus))
    }

    // MARK: Node sets

    private mutating func callOnNodes(
        _ function: XPathFunction, _ arguments: [XPathExpression], _ focus: Focus
    ) throws(XPathError) -> Value {
        // There are neither identifiers nor languages in YANG data.
        if function == .id { return .nodeSet([]) }
        if function == .lang { return .boolean(false) }
        if function == .count { return .number(Double(try count(arguments[0], focus))) }
        let set = arguments.isEmpty ? [focus.node] : try nodes(arguments[0], focus)
        let first = Self.first(of: set)
        switch function {
        case .name, .localName: return .string(first.map { isTop($0) ? "" : $0.name } ?? "")
        case .namespaceURI:
            guard let first, !first.module.isEmpty, !isTop(first) else { return .string("") }
            return .string(first.schemaNode?.schema.module(named: first.module)?.namespace ?? "")
        case .sortBy:
            var keyed: [(key: String, node: Node)] = []
            for node in set { keyed.append((try text(try value(arguments[1], Focus(node: node))), node)) }
            return .nodeSet(keyed.sorted { $0.key < $1.key }.map(\.node))
        default:
            let numbers = try numbers(of: set)
            let sum = numbers.reduce(0, +)
            switch function {
            case .min: return .number(numbers.min() ?? .nan)
            case .max: return .number(numbers.max() ?? .nan)
            case .avg: return .number(sum / Double(numbers.count))
            default: return .number(sum)
            }
        }
    }

    /// How many nodes a path names. Those of a list as a whole are not made to be counted.
    private mutating func count(_ path: XPathExpression, _ focus: Focus) throws(XPathError) -> Int {
        guard case .path(let start, let steps) = path, let last = steps.last, last.axis == .child,
            last.predicates.isEmpty, case .name(let module, let name) = last.test
        else { return try nodes(path, focus).count }
        var sum = 0
        for parent in try nodes(.path(start: start, steps: steps.dropLast()), focus) {
            if !parent.isText, let list = parent.schemaNode?.dataChild(named: name, module: module), list.kind == .list
            {
                try spend(1)
                sum += parent.entryCount(of: list)
            } else {
                let found = parent.children(named: name, module: module)
                try spend(1 + found.count)
                sum += found.count
            }
        }
        return sum
    }

    // MARK: Numbers

    private mutating func callOnNumbers(
        _ function: XPathFunction, _ arguments: [XPathExpression], _ focus: Focus
    ) throws(XPathError) -> Double {
        if arguments.isEmpty { return XPathNumber.parse(try text(of: focus.node).utf8) }
        let number = try number(try value(arguments[0], focus))
        switch function {
        case .floor: return number.rounded(.down)
        case .ceiling: return number.rounded(.up)
        case .round: return XPathStrings.round(number)
        case .bnot: return Self.bits(number).map { Double(~$0) } ?? .nan
        case .band, .bor, .bxor:
            let other = try self.number(try value(arguments[1], focus))
            guard let left = Self.bits(number), let right = Self.bits(other) else { return .nan }
            switch function {
            case .band: return Double(left & right)
            case .bor: return Double(left | right)
            default: return Double(left ^ right)
            }
        default: return number
        }
    }

    private static func bits(_ number: Double) -> Int64? { Int64(exactly: number.rounded(.towardZero)) }

    // MARK: Strings

    private mutating func callOnStrings(
        _ function: XPathFunction, _ arguments: [XPathExpression], _ focus: Focus
    ) throws(XPathError) -> Value {
        if function == .substring { return try substring(arguments, focus) }
        let first = try text(arguments, 0, focus)
        try spend(first.utf8.count >> 6)
        if arguments.count < 2 { return XPathStrings.apply(function, first) }
        if function == .concat {
            var result = first
            for index in arguments.indices.dropFirst() {
                result += try text(arguments, index, focus)
                try spend(result.utf8.count >> 6)
            }
            return .string(result)
        }
        let second = try text(arguments, 1, focus)
        // A search compares at every place.
        try spend((first.utf8.count * min(second.utf8.count + 1, 1 << 20)) >> 8)
        if function == .translate {
            return .string(XPathStrings.translate(first, from: second, to: try text(arguments, 2, focus)))
        }
        return XPathStrings.apply(function, first, second)
    }

    private mutating func substring(_ arguments: [XPathExpression], _ focus: Focus) throws(XPathError) -> Value {
        let text = try text(arguments, 0, focus)
        try spend(text.utf8.count >> 6)
        let start = XPathStrings.round(try number(try value(arguments[1], focus)))
        var end = Double.infinity
        if arguments.count > 2 { end = start + XPathStrings.round(try number(try value(arguments[2], focus))) }
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated()
        where Double(index + 1) >= start && Double(index + 1) < end {
            result.append(scalar)
        }
        return .string(String(result))
    }

    // MARK: YANG 1.1

    private mutating func callYANG(
        _ function: XPathFunction, _ arguments: [XPathExpression], _ focus: Focus
    ) throws(XPathError) -> Value {
        if function == .reMatch {
            let subject = try text(arguments, 0, focus)
            return .boolean(try PatternCache.matcher(try text(arguments, 1, focus)).matches(subject))
        }
        let set = try nodes(arguments[0], focus)
        switch function {
        case .deref: return .nodeSet(try dereference(set))
        case .enumValue:
            guard let first = Self.first(of: set), let type = first.schemaNode?.valueType else { return .number(.nan) }
            return .number(type.enumValue(first.ownValue).map(Double.init) ?? .nan)
        case .bitIsSet:
            guard let first = Self.first(of: set), first.schemaNode?.mayHold(.bits) == true else {
                return .boolean(false)
            }
            let bit = try text(arguments, 1, focus)
            return .boolean(first.ownValue.split(separator: " ").contains { $0 == bit })
        default:
            let base: String
            if case .qualifiedName(_, let identity) = arguments[1] {
                base = identity
            } else {
                base = try text(arguments, 1, focus)
            }
            for node in set {
                guard let schemaNode = node.schemaNode, schemaNode.mayHold(.identityref) else { continue }
                let value = node.ownValue
                if value == base, function == .derivedFromOrSelf { return .boolean(true) }
                if schemaNode.schema.identities.isDerived(value, from: base) { return .boolean(true) }
            }
            return .boolean(false)
        }
    }

    /// What the leafrefs and instance-identifiers of `set` refer to.
    private mutating func dereference(_ set: [Node]) throws(XPathError) -> [Node] {
        var found: [Node] = []
        for node in set {
            guard let type = node.schemaNode?.type else { continue }
            let value = node.ownValue
            for member in type.base == .union ? type.members : [type] {
                if let path = member.leafref {
                    found += try delegate(path, at: node).filter { $0.ownValue == value }
                } else if member.base == .instanceIdentifier, let path = InstanceIdentifier.expression(value) {
                    found += try delegate(path, at: node)
                }
                if !found.isEmpty { break }
            }
        }
        return Self.distinct(found)
    }
}

/// Functions over texts alone. Positions count Unicode scalars.
enum XPathStrings {
    static func apply<Node>(_ function: XPathFunction, _ text: String) -> XPathValue<Node> {
        switch function {
        case .stringLength: .number(Double(text.unicodeScalars.count))
        case .normalizeSpace:
            .string(
                text.utf8.split { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
                    .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " "))
        default: .string(text)
        }
    }

    static func apply<Node>(_ function: XPathFunction, _ first: String, _ second: String) -> XPathValue<Node> {
        switch function {
        case .startsWith: return .boolean(first.utf8.starts(with: second.utf8))
        case .contains: return .boolean(range(of: second, in: first) != nil)
        case .substringBefore:
            return .string(range(of: second, in: first).map { String(first[..<$0.lowerBound]) } ?? "")
        case .substringAfter:
            return .string(range(of: second, in: first).map { String(first[$0.upperBound...]) } ?? "")
        default:
            return .number(first == second ? 0 : first.utf8.lexicographicallyPrecedes(second.utf8) ? -1 : 1)
        }
    }

    /// To the nearest integer; half goes up, also below zero.
    static func round(_ number: Double) -> Double {
        let floor = number.rounded(.down)
        return number - floor >= 0.5 ? floor + 1 : floor
    }

    private static func range(of needle: String, in text: String) -> Range<String.Index>? {
        text.utf8.firstRange(of: needle.utf8)
    }

    static func translate(_ text: String, from: String, to: String) -> String {
        let replacements = Array(to.unicodeScalars)
        var map: [Unicode.Scalar: Unicode.Scalar?] = [:]
        for (index, scalar) in from.unicodeScalars.enumerated() where map[scalar] == nil {
            map[scalar] = .some(index < replacements.count ? replacements[index] : nil)
        }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard let replacement = map[scalar] else {
                result.append(scalar)
                continue
            }
            if let replacement { result.append(replacement) }
        }
        return String(result)
    }
}

/// Compiled patterns of `re-match()`; forgotten all at once when there are too many.
enum PatternCache {
    private static let matchers = Mutex<[String: PatternMatcher]>([:])

    static func matcher(_ pattern: String) throws(XPathError) -> PatternMatcher {
        if let known = matchers.withLock({ $0[pattern] }) { return known }
        let matcher: PatternMatcher
        do {
            matcher = try PatternMatcher(pattern)
        } catch {
            throw XPathError(code: .malformedArgument, message: "re-match(): \(error)")
        }
        matchers.withLock { cache in
            if cache.count >= 256 { cache.removeAll() }
            cache[pattern] = matcher
        }
        return matcher
    }
}
