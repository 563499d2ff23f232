import Basics

/// A type statement with all that its chain of typedefs adds.
struct TypeResolution {
    var type: ResolvedType
    /// The default and units of the nearest typedef that has them.
    var defaultStatement: Statement?
    var units: String?
    /// Extension statements on the type and on its typedefs, nearest first.
    var extensions: [Statement] = []
    /// The `path` statements of the leafrefs in the type, in the order of a walk over its members.
    var paths: [Statement] = []
    /// Enums and bits that hang on a feature: no default may name them.
    var conditionalMembers: Set<String> = []
    /// What `vendor` policy gave up of the type.
    var degradations: [String] = []
}

/// Resolves `type` statements; each once.
final class TypeResolver {
    let names: NameResolver
    let features: FeatureEvaluator
    let log: FaultLog
    private var known: [ObjectIdentifier: TypeResolution] = [:]
    private var open: [ObjectIdentifier] = []
    private var matchers: [String: PatternMatcher] = [:]

    init(names: NameResolver, features: FeatureEvaluator, log: FaultLog) {
        self.names = names
        self.features = features
        self.log = log
    }

    /// The type that `statement` means; after a fault (reported) a string.
    func resolve(_ statement: Statement, scope: Scope) -> TypeResolution {
        let key = ObjectIdentifier(statement)
        if let resolution = known[key] { return resolution }
        guard open.count < CompileLimits.chain else {
            log.error("types are nested too deeply", remedy: "flatten the typedefs", statement.place)
            return TypeResolution(type: ResolvedType(base: .string))
        }
        open.append(key)
        let resolution = make(statement, scope: scope)
        open.removeLast()
        known[key] = resolution
        return resolution
    }

    private func make(_ statement: Statement, scope: Scope) -> TypeResolution {
        var resolution: TypeResolution
        if let base = BuiltInType(rawValue: statement.text) {
            resolution = TypeResolution(type: ResolvedType(base: base))
            resolution.type.ranges = base.naturalRange.map { [$0] } ?? []
        } else if let derived = derive(statement, scope: scope) {
            resolution = derived
        } else {
            return TypeResolution(type: ResolvedType(base: .string))
        }
        let own = statement.substatements.filter { $0.prefix != nil }
        if !own.isEmpty { resolution.extensions = own + resolution.extensions }
        restrict(&resolution, by: statement, scope: scope)
        return resolution
    }

    /// The resolution of the typedef that the statement names.
    private func derive(_ statement: Statement, scope: Scope) -> TypeResolution? {
        let (prefix, name) = Identifier.split(statement.text)
        guard let module = names.module(prefix, at: statement) else { return nil }
        guard let (typedef, home) = module === scope.module ? scope.typedef(name) : module.scope.typedef(name) else {
            log.report(
                .undefinedType,
                "type '\(statement.text)' is not defined",
                remedy: "expected a built-in type or a typedef of module '\(module.name)'", statement.place)
            return nil
        }
        guard let type = typedef.first(.type) else { return nil }
        guard !open.contains(ObjectIdentifier(type)) else {
            log.report(.typedefCycle, "typedef '\(name)' is defined by itself", remedy: "break the cycle", typedef.place)
            return nil
        }
        var resolution = resolve(type, scope: home)
        resolution.type.typedefs.insert("\(home.module.name):\(name)", at: 0)
        if let secret = SecretKind(rawValue: name), secret.module == home.module.name {
            resolution.type.secret = secret
        }
        resolution.defaultStatement = typedef.first(.default) ?? resolution.defaultStatement
        resolution.units = typedef.argument(of: .units) ?? resolution.units
        resolution.extensions = typedef.substatements.filter { $0.prefix != nil } + resolution.extensions
        return resolution
    }

    // MARK: Restrictions

    private func restrict(_ resolution: inout TypeResolution, by statement: Statement, scope: Scope) {
        let isBuiltIn = resolution.type.typedefs.isEmpty
        if isBuiltIn && resolution.type.base == .decimal64 { readFractionDigits(&resolution.type, statement) }
        for child in statement.substatements where child.prefix == nil {
            guard resolution.type.base.allows(child.keyword) else {
                log.report(
                    .wrongRestriction,
                    "'\(child.name)' does not restrict a \(resolution.type.base.rawValue)", remedy: "remove it",
                    child.place)
                continue
            }
            switch child.keyword {
            case .range: restrictRange(&resolution, by: child)
            case .length: restrictLength(&resolution, by: child)
            case .pattern: addPattern(child, to: &resolution)
            case .path, .base, .type, .fractionDigits:
                guard isBuiltIn else {
                    log.report(
                        .wrongRestriction, "'\(child.name)' does not restrict '\(statement.text)'",
                        remedy: "it belongs into the typedef's own type", child.place)
                    continue
                }
                define(&resolution, by: child, scope: scope)
            case .requireInstance: resolution.type.requireInstance = child.text == "true"
            default: break
            }
        }
        for member in statement.substatements where member.keyword == .enum || member.keyword == .bit {
            if member.first(.ifFeature) != nil { resolution.conditionalMembers.insert(member.text) }
        }
        if resolution.type.base == .enumeration { readEnums(&resolution.type, statement, isBuiltIn: isBuiltIn) }
        if resolution.type.base == .bits { readBits(&resolution.type, statement, isBuiltIn: isBuiltIn) }
        if isBuiltIn { checkComplete(resolution.type, statement) }
    }

    /// What only a built-in type may say: it makes the type what it is.
    private func define(_ resolution: inout TypeResolution, by child: Statement, scope: Scope) {
        switch child.keyword {
        case .path:
            resolution.type.leafrefSource = child.text
            resolution.paths.append(child)
        case .base:
            if let identity = names.identity(child.text, at: child) {
                resolution.type.identityBases.append(identity)
            }
        case .type: addMember(child, to: &resolution, scope: scope)
        default: break
        }
    }

    private func checkComplete(_ type: ResolvedType, _ statement: Statement) {
        let missing: String? =
            switch type.base {
            case .enumeration where type.enums.isEmpty: "enum"
            case .bits where type.bits.isEmpty: "bit"
            case .union where type.members.isEmpty: "type"
            case .leafref where type.leafrefSource == nil: "path"
            case .identityref where type.identityBases.isEmpty && statement.first(.base) == nil: "base"
            default: nil
            }
        if let missing {
            log.report(.incompleteType, "\(type.base.rawValue) without '\(missing)'", remedy: "add it", statement.place)
        }
    }

    private func addMember(_ statement: Statement, to resolution: inout TypeResolution, scope: Scope) {
        let member = resolve(statement, scope: scope)
        if [.empty, .leafref].contains(member.type.base), !names.text(of: statement).isVersion11 {
            log.report(
                .laterVersion, "a union of \(member.type.base.rawValue) in a module of YANG version 1",
                remedy: "add 'yang-version 1.1' to the module", statement.place)
        }
        resolution.type.members.append(member.type)
        resolution.degradations += member.degradations
        resolution.paths += member.paths
    }

    private func readFractionDigits(_ type: inout ResolvedType, _ statement: Statement) {
        guard let digits = statement.argument(of: .fractionDigits).flatMap({ Int($0) }), (1...18).contains(digits)
        else {
            if statement.first(.fractionDigits) == nil {
                log.report(.fractionDigits, "decimal64 without 'fraction-digits'", remedy: "add it", statement.place)
            }
            type.fractionDigits = 1
            return
        }
        type.fractionDigits = digits
    }

    private func restrictRange(_ resolution: inout TypeResolution, by statement: Statement) {
        let digits = resolution.type.fractionDigits
        let base = resolution.type.ranges
        guard let parts = RangeText.parse(statement.text, within: base, { RangeText.number($0, digits: digits) })
        else {
            log.report(.rangeSyntax, "'\(statement.text)' is no range", remedy: "expected such as 1..10 | 20", statement.place)
            return
        }
        resolution.type.ranges = narrowed(base, to: parts, statement, &resolution.degradations)
    }

    private func restrictLength(_ resolution: inout TypeResolution, by statement: Statement) {
        let base = resolution.type.lengths.isEmpty ? [0...Int.max] : resolution.type.lengths
        guard let parts = RangeText.parse(statement.text, within: base, RangeText.length) else {
            log.report(.lengthSyntax, "'\(statement.text)' is no length", remedy: "expected such as 1..10 | 20", statement.place)
            return
        }
        resolution.type.lengths = narrowed(base, to: parts, statement, &resolution.degradations)
    }

    /// A restriction may only narrow; where it does not, what both allow is left.
    private func narrowed<Bound>(
        _ base: [ClosedRange<Bound>], to parts: [ClosedRange<Bound>], _ statement: Statement,
        _ degradations: inout [String]
    ) -> [ClosedRange<Bound>] {
        let areInside = parts.allSatisfy { part in
            base.contains { $0.contains(part.lowerBound) && $0.contains(part.upperBound) }
        }
        if areInside { return parts }
        degradations.append("\(statement.name) \"\(statement.text)\" allows more than the type that it restricts")
        log.report(
            .widenedType,
            "\(statement.name) \"\(statement.text)\" allows more than the type that it restricts",
            remedy: "narrow it", statement.place)
        let common = parts.flatMap { part in base.filter { $0.overlaps(part) }.map { $0.clamped(to: part) } }
        return common.isEmpty ? base : common
    }

    private func addPattern(_ statement: Statement, to resolution: inout TypeResolution) {
        do {
            resolution.type.patterns.append(
                TypePattern(
                    source: statement.text, isInverted: statement.first(.modifier) != nil,
                    errorMessage: statement.argument(of: .errorMessage),
                    errorAppTag: statement.argument(of: .errorAppTag), matcher: try matcher(statement.text)))
        } catch {
            resolution.degradations.append("pattern '\(statement.text)' is faulty")
            log.report(
                .patternSyntax,
                "pattern '\(statement.text)' is faulty: \(error.description)",
                remedy: "write it as XML Schema has regular expressions", statement.place)
        }
    }

    /// The matcher of a pattern, compiled once a run.
    private func matcher(_ pattern: String) throws(PatternSyntaxError) -> PatternMatcher {
        if let known = matchers[pattern] { return known }
        let made = try PatternMatcher(pattern)
        matchers[pattern] = made
        return made
    }

    // MARK: Enums and bits

    private func readEnums(_ type: inout ResolvedType, _ statement: Statement, isBuiltIn: Bool) {
        let written = statement.substatements.filter { $0.keyword == .enum }
        guard !written.isEmpty else { return }
        type.enums = members(
            written, of: type.enums, number: .value, limits: Int64(Int32.min)...Int64(Int32.max), isBuiltIn: isBuiltIn)
    }

    private func readBits(_ type: inout ResolvedType, _ statement: Statement, isBuiltIn: Bool) {
        let written = statement.substatements.filter { $0.keyword == .bit }
        guard !written.isEmpty else { return }
        type.bits = members(
            written, of: type.bits, number: .position, limits: 0...Int64(UInt32.max), isBuiltIn: isBuiltIn)
    }

    /// The members as written, numbered on from the highest (RFC 7950 section 9.6.4.2); a derived type keeps the
    /// numbers of its base.
    private func members(
        _ written: [Statement], of base: [EnumMember], number: Keyword, limits: ClosedRange<Int64>, isBuiltIn: Bool
    ) -> [EnumMember] {
        let baseMembers = Dictionary(base.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var result: [EnumMember] = []
        var seenNames: Set<String> = []
        var seenValues: Set<Int64> = []
        var highest: Int64?
        for statement in written {
            var value = statement.argument(of: number).flatMap { Int64($0) }
            if isBuiltIn {
                value = value ?? highest.map { $0 + 1 } ?? 0
            } else if let inherited = baseMembers[statement.text]?.value {
                if let value, value != inherited {
                    log.report(
                        .memberNumber, "'\(statement.text)' is \(inherited) in the type that this one restricts",
                        remedy: "remove '\(number.text) \(value)'", statement.place)
                }
                value = inherited
            } else {
                log.report(
                    .unknownMember,
                    "'\(statement.text)' is not in the type that this one restricts", remedy: "remove it",
                    statement.place)
                continue
            }
            guard let value, limits.contains(value) else {
                log.report(.memberNumber, "no number is left for '\(statement.text)'", remedy: "give it one", statement.place)
                continue
            }
            highest = max(highest ?? value, value)
            guard seenNames.insert(statement.text).inserted, seenValues.insert(value).inserted else {
                log.report(
                    .repeatedMember,
                    "'\(statement.text)' (\(value)) is there twice", remedy: "names and numbers must differ",
                    statement.place)
                continue
            }
            guard features.allows(statement) else { continue }
            let status = statement.argument(of: .status).flatMap(NodeStatus.init(text:)) ?? .current
            result.append(EnumMember(name: statement.text, value: value, status: status))
        }
        return result
    }
}

extension SecretKind {
    /// The module that defines the typedef.
    fileprivate var module: String { self == .cryptHash ? "iana-crypt-hash" : "tailf-common" }
}

extension BuiltInType {
    /// What an integer or decimal64 can hold, the latter unscaled.
    var naturalRange: ClosedRange<Int128>? {
        switch self {
        case .int8: Int128(Int8.min)...Int128(Int8.max)
        case .int16: Int128(Int16.min)...Int128(Int16.max)
        case .int32: Int128(Int32.min)...Int128(Int32.max)
        case .int64, .decimal64: Int128(Int64.min)...Int128(Int64.max)
        case .uint8: 0...Int128(UInt8.max)
        case .uint16: 0...Int128(UInt16.max)
        case .uint32: 0...Int128(UInt32.max)
        case .uint64: 0...Int128(UInt64.max)
        default: nil
        }
    }

    /// Whether a substatement of `type` fits this type.
    fileprivate func allows(_ keyword: Keyword) -> Bool {
        switch keyword {
        case .range: naturalRange != nil
        case .fractionDigits: self == .decimal64
        case .length: self == .string || self == .binary
        case .pattern: self == .string
        case .enum: self == .enumeration
        case .bit: self == .bits
        case .path: self == .leafref
        case .requireInstance: self == .leafref || self == .instanceIdentifier
        case .base: self == .identityref
        case .type: self == .union
        default: true
        }
    }
}

/// The arguments of `range` and `length`.
enum RangeText {
    /// `1..10 | max` in parts, ascending and apart; nil if it is none.
    static func parse<Bound>(
        _ text: String, within base: [ClosedRange<Bound>], _ number: (Substring) -> Bound?
    ) -> [ClosedRange<Bound>]? {
        guard let least = base.first?.lowerBound, let most = base.last?.upperBound else { return nil }
        func bound(_ text: Substring) -> Bound? {
            switch text {
            case "min": least
            case "max": most
            default: number(text)
            }
        }
        var parts: [ClosedRange<Bound>] = []
        for part in text.split(separator: "|", omittingEmptySubsequences: false) {
            let compact = part.filter { !$0.isWhitespace }
            let ends = split(Substring(compact))
            guard let low = bound(ends.low), let high = bound(ends.high), low <= high else { return nil }
            if let last = parts.last, last.upperBound >= low { return nil }
            parts.append(low...high)
        }
        return parts
    }

    private static func split(_ text: Substring) -> (low: Substring, high: Substring) {
        guard let dots = text.indices.first(where: { text[$0...].hasPrefix("..") }) else { return (text, text) }
        return (text[..<dots], text[text.index(dots, offsetBy: 2)...])
    }

    /// A number scaled by 10^digits; nil if it is none or has more digits.
    static func number(_ text: Substring, digits: Int) -> Int128? {
        if text.hasPrefix("0x"), digits == 0 { return Int128(text.dropFirst(2), radix: 16) }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, text.utf8.count < 40 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.count <= digits, parts.count == 1 || !fraction.isEmpty,
            fraction.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return nil }
        guard !whole.isEmpty, whole != "-" else { return nil }
        return Int128(String(whole) + fraction + String(repeating: "0", count: digits - fraction.utf8.count))
    }

    static func length(_ text: Substring) -> Int? {
        guard let value = UInt64(text) else { return nil }
        return Int(clamping: value)
    }
}
