/// Which features of which modules are supported.
package struct FeatureSelection: Hashable, Sendable, Codable {
    package enum Rule: Hashable, Sendable, Codable {
        case all
        case only(Set<String>)
        case except(Set<String>)

        private enum CodingKeys: String, CodingKey { case only, except }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let names = try container.decodeIfPresent(Set<String>.self, forKey: .only) {
                self = .only(names)
            } else if let names = try container.decodeIfPresent(Set<String>.self, forKey: .except) {
                self = .except(names)
            } else {
                self = .all
            }
        }

        /// Names are sorted, so that equal rules are equal texts.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .all: break
            case .only(let names): try container.encode(names.sorted(), forKey: .only)
            case .except(let names): try container.encode(names.sorted(), forKey: .except)
            }
        }
    }

    /// For modules that are not named.
    package var standard: Rule
    package var byModule: [String: Rule]

    package static let all = FeatureSelection()

    package init(standard: Rule = .all, byModule: [String: Rule] = [:]) {
        self.standard = standard
        self.byModule = byModule
    }

    package func supports(_ feature: String, of module: String) -> Bool {
        switch byModule[module] ?? standard {
        case .all: true
        case .only(let names): names.contains(feature)
        case .except(let names): !names.contains(feature)
        }
    }
}

/// An `if-feature` argument: names with `and`, `or`, `not` and parentheses (RFC 7950 section 7.20.2).
indirect enum FeatureExpression {
    case feature(String)
    case not(FeatureExpression)
    case and(FeatureExpression, FeatureExpression)
    case or(FeatureExpression, FeatureExpression)

    /// Nil if the text is no such expression.
    static func parse(_ text: String) -> FeatureExpression? {
        var parser = Parser(tokens: tokens(text)[...])
        guard let result = parser.disjunction(depth: 0), parser.tokens.isEmpty else { return nil }
        return result
    }

    func evaluate(_ isOn: (String) -> Bool) -> Bool {
        switch self {
        case .feature(let name): isOn(name)
        case .not(let operand): !operand.evaluate(isOn)
        case .and(let a, let b): a.evaluate(isOn) && b.evaluate(isOn)
        case .or(let a, let b): a.evaluate(isOn) || b.evaluate(isOn)
        }
    }

    var names: [String] {
        switch self {
        case .feature(let name): [name]
        case .not(let operand): operand.names
        case .and(let a, let b), .or(let a, let b): a.names + b.names
        }
    }

    private static func tokens(_ text: String) -> [Substring] {
        var result: [Substring] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            var rest = word
            while let first = rest.first {
                let isParenthesis = first == "(" || first == ")"
                let token = isParenthesis ? rest.prefix(1) : rest.prefix { $0 != "(" && $0 != ")" }
                result.append(token)
                rest = rest.dropFirst(token.count)
            }
        }
        return result
    }

    private struct Parser {
        static let maximumDepth = 100
        var tokens: ArraySlice<Substring>

        mutating func disjunction(depth: Int) -> FeatureExpression? {
            guard var left = conjunction(depth: depth) else { return nil }
            while tokens.first == "or" {
                tokens.removeFirst()
                guard let right = conjunction(depth: depth) else { return nil }
                left = .or(left, right)
            }
            return left
        }

        mutating func conjunction(depth: Int) -> FeatureExpression? {
            guard var left = factor(depth: depth) else { return nil }
            while tokens.first == "and" {
                tokens.removeFirst()
                guard let right = factor(depth: depth) else { return nil }
                left = .and(left, right)
            }
            return left
        }

        mutating func factor(depth: Int) -> FeatureExpression? {
            guard depth < Self.maximumDepth, tokens.count < 1000, let token = tokens.popFirst() else { return nil }
            switch token {
            case "not": return factor(depth: depth + 1).map { .not($0) }
            case "(":
                let inner = disjunction(depth: depth + 1)
                guard tokens.popFirst() == ")" else { return nil }
                return inner
            case ")", "and", "or": return nil
            default: return Identifier.isValidReference(String(token)) ? .feature(String(token)) : nil
            }
        }
    }
}

/// Evaluates `if-feature` statements over the loaded modules.
final class FeatureEvaluator {
    private let selection: FeatureSelection
    private unowned let names: NameResolver
    private let log: FaultLog
    private var states: [ObjectIdentifier: State] = [:]
    private var depth = 0

    private enum State { case open, known(Bool) }

    init(selection: FeatureSelection, names: NameResolver, log: FaultLog) {
        self.selection = selection
        self.names = names
        self.log = log
    }

    /// Whether no feature is left out.
    var takesAll: Bool { selection == .all }

    /// Whether all `if-feature` substatements hold.
    func allows(_ statement: Statement) -> Bool {
        for child in statement.substatements where child.keyword == .ifFeature {
            if !evaluate(child) { return false }
        }
        return true
    }

    /// The supported features of a module.
    func supported(of module: LoadedModule) -> [String] {
        module.features.keys.sorted().filter { name in
            module.features[name].map { isOn($0, named: name, of: module) } ?? false
        }
    }

    private func evaluate(_ statement: Statement) -> Bool {
        switch states[ObjectIdentifier(statement)] {
        case .known(let value): return value
        case .open: return true
        case nil: break
        }
        var value = true
        if let expression = FeatureExpression.parse(statement.text) {
            value = expression.evaluate { isOn(reference: $0, at: statement) }
        } else {
            log.report(
                .featureExpression,
                "'\(statement.text)' is no feature expression", remedy: "expected names with and, or, not, ( and )",
                statement.place)
        }
        states[ObjectIdentifier(statement)] = .known(value)
        return value
    }

    private func isOn(reference: String, at statement: Statement) -> Bool {
        let (prefix, name) = Identifier.split(reference)
        guard let module = names.module(prefix, at: statement) else { return false }
        guard let feature = module.features[name] else {
            log.report(
                .undefinedFeature,
                "feature '\(name)' is not defined in module '\(module.name)'", remedy: "define it or correct the name",
                statement.place)
            return false
        }
        return isOn(feature, named: name, of: module)
    }

    private func isOn(_ feature: Statement, named name: String, of module: LoadedModule) -> Bool {
        let key = ObjectIdentifier(feature)
        switch states[key] {
        case .known(let value): return value
        case .open:
            log.report(.featureCycle, "feature '\(name)' depends on itself", remedy: "break the cycle", feature.place)
            return false
        case nil: break
        }
        guard depth < CompileLimits.chain else {
            log.error("feature '\(name)' depends on too many others", remedy: "shorten the chain", feature.place)
            return false
        }
        states[key] = .open
        depth += 1
        let value = selection.supports(name, of: module.name) && allows(feature)
        depth -= 1
        states[key] = .known(value)
        return value
    }
}
