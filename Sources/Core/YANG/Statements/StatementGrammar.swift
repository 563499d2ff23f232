/// Which statements may stand in which, how often, and what their arguments look like (RFC 7950 section 14).
///
/// The table is in the words of the RFC: `?` none or one, `!` exactly one, `*` any number, `+` at least one. `@data`
/// stands for the statements that define data. Statements of YANG 1.1 are accepted in every module: published models
/// use them without saying so.
struct StatementGrammar: Sendable {
    struct Rule: Sendable {
        var allowed: KeywordSet = []
        var single: KeywordSet = []
        var required: KeywordSet = []
    }

    static let standard = StatementGrammar(table: table)

    /// What the extension statements that define something allow inside them.
    static let structure = Rule("*must ?@about *typedef *grouping *@data")
    static let structureAugment = Rule("?@about *@data *case")
    static let metadataAnnotation = Rule("!type *if-feature ?units ?@about")

    private let rules: [Rule?]

    subscript(_ keyword: Keyword) -> Rule? { rules[Int(keyword.rawValue)] }

    private init(table: String) {
        var rules = [Rule?](repeating: nil, count: Keyword.allCases.count)
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            let rule = Rule(words.dropFirst())
            for name in words[0].split(separator: ",") {
                if let keyword = Keyword.byText[String(name)] { rules[Int(keyword.rawValue)] = rule }
            }
        }
        self.rules = rules
    }

    fileprivate static let groups = [
        "@data": "container leaf leaf-list list choice anydata anyxml uses",
        "@meta": "organization contact description reference",
        "@about": "status description reference",
        "@error": "error-message error-app-tag description reference",
    ]

    private static let table = """
        module ?yang-version !namespace !prefix *import *include ?@meta *revision *extension *feature *identity \
        *typedef *grouping *@data *augment *rpc *notification *deviation
        submodule ?yang-version !belongs-to *import *include ?@meta *revision *extension *feature *identity \
        *typedef *grouping *@data *augment *rpc *notification *deviation
        import !prefix ?revision-date ?description ?reference
        include ?revision-date ?description ?reference
        belongs-to !prefix
        revision ?description ?reference
        extension ?argument ?@about
        argument ?yin-element
        feature *if-feature ?@about
        identity *if-feature *base ?@about
        typedef !type ?units ?default ?@about
        type ?fraction-digits *base ?range ?length *pattern *enum *bit ?path ?require-instance *type
        range,length ?@error
        pattern ?modifier ?@error
        must ?@error
        when ?description ?reference
        enum *if-feature ?value ?@about
        bit *if-feature ?position ?@about
        grouping ?@about *typedef *grouping *@data *action *notification
        container ?when *if-feature *must ?presence ?config ?@about *typedef *grouping *@data *action *notification
        leaf ?when *if-feature !type ?units *must ?default ?config ?mandatory ?@about
        leaf-list ?when *if-feature !type ?units *must *default ?config ?min-elements ?max-elements ?ordered-by ?@about
        list ?when *if-feature *must ?key *unique ?config ?min-elements ?max-elements ?ordered-by ?@about *typedef \
        *grouping *@data *action *notification
        choice ?when *if-feature ?default ?config ?mandatory ?@about *case *container *leaf *leaf-list *list *choice \
        *anydata *anyxml
        case ?when *if-feature ?@about *@data
        anydata,anyxml ?when *if-feature *must ?config ?mandatory ?@about
        uses ?when *if-feature ?@about *refine *augment
        refine *if-feature *must ?presence *default ?config ?mandatory ?min-elements ?max-elements ?description \
        ?reference
        augment ?when *if-feature ?@about *@data *case *action *notification
        rpc,action *if-feature ?@about *typedef *grouping ?input ?output
        input,output *must *typedef *grouping *@data
        notification *if-feature *must ?@about *typedef *grouping *@data
        deviation ?description ?reference +deviate
        deviate ?type ?units *must *unique *default ?config ?mandatory ?min-elements ?max-elements
        """
}

extension StatementGrammar.Rule {
    fileprivate init(_ text: String) { self.init(text.split(separator: " ")) }

    fileprivate init(_ words: some Sequence<Substring>) {
        for word in words { add(word) }
    }

    private mutating func add(_ word: Substring) {
        let count = word.first
        let name = String(word.dropFirst())
        let keywords = StatementGrammar.groups[name]?.split(separator: " ").map(String.init) ?? [name]
        for keyword in keywords.compactMap({ Keyword.byText[$0] }) {
            allowed.insert(keyword)
            if count == "?" || count == "!" { single.insert(keyword) }
            if count == "!" || count == "+" { required.insert(keyword) }
        }
    }
}

/// Checks the statements of one text against the grammar.
struct GrammarCheck {
    let log: FaultLog
    private let grammar = StatementGrammar.standard

    init(log: FaultLog) { self.log = log }

    /// Checks a statement and all below it; what stands inside extension statements is theirs to define.
    func check(_ statement: Statement) {
        guard statement.prefix == nil else { return }
        checkArgument(statement)
        checkSubstatements(statement, grammar[statement.keyword])
    }

    /// Checks a structure (RFC 8791, RFC 8040), whose content is YANG's own.
    func checkStructure(_ statement: Statement) { checkDefinition(statement, StatementGrammar.structure) }
    func checkStructureAugment(_ statement: Statement) {
        checkSubstatements(statement, StatementGrammar.structureAugment)
    }
    func checkMetadataAnnotation(_ statement: Statement) {
        checkDefinition(statement, StatementGrammar.metadataAnnotation)
    }

    private func checkDefinition(_ statement: Statement, _ rule: StatementGrammar.Rule) {
        if !Identifier.isValid(statement.text) {
            log.report(
                .badArgument,
                "'\(statement.text)' is no argument of '\(statement.writtenKeyword)'",
                remedy: "expected a name: a letter or '_', then letters, digits, '_', '-' and '.'", statement.place)
        }
        checkSubstatements(statement, rule)
    }

    private func checkSubstatements(_ statement: Statement, _ rule: StatementGrammar.Rule?) {
        if statement.substatements.isEmpty && rule?.required.bits ?? 0 == 0 { return }
        var seen: KeywordSet = []
        for child in statement.substatements where child.prefix == nil {
            guard child.keyword != .unknown else {
                log.report(.unknownStatement, "unknown statement '\(child.name)'", remedy: "extensions need a prefix", child.place)
                continue
            }
            if rule?.allowed.contains(child.keyword) != true {
                log.report(
                    .misplacedStatement,
                    "'\(child.name)' may not stand in '\(statement.name)'",
                    remedy: "move or remove it", child.place)
            } else if rule?.single.contains(child.keyword) == true, seen.contains(child.keyword) {
                log.report(
                    .repeatedStatement,
                    "'\(statement.name) \(statement.text)' has more than one '\(child.name)'", remedy: "keep one",
                    child.place)
            }
            seen.insert(child.keyword)
            check(child)
        }
        for missing in rule?.required.subtracting(seen) ?? [] {
            log.report(
                .missingStatement,
                "'\(statement.name) \(statement.text)' has no '\(missing.text)'", remedy: "add it", statement.place)
        }
    }

    private func checkArgument(_ statement: Statement) {
        switch statement.keyword {
        case .input, .output:
            if statement.argument != nil {
                log.report(.badArgument, "'\(statement.name)' takes no argument", remedy: "remove it", statement.place)
            }
            return
        default:
            guard let argument = statement.argument else {
                log.report(.badArgument, "'\(statement.name)' has no argument", remedy: "add it", statement.place)
                return
            }
            if let expectation = expectation(of: statement.keyword, argument) {
                log.report(
                    .badArgument,
                    "'\(argument)' is no argument of '\(statement.name)'", remedy: "expected \(expectation)",
                    statement.place)
            }
        }
    }

    /// What was expected, if `argument` is not it.
    private func expectation(of keyword: Keyword, _ argument: String) -> String? {
        switch keyword {
        case .module, .submodule, .import, .include, .belongsTo, .prefix, .extension, .argument, .feature, .identity,
            .typedef, .grouping, .container, .leaf, .leafList, .list, .choice, .case, .anydata, .anyxml, .rpc,
            .action, .notification, .bit:
            Identifier.isValid(argument) ? nil : "a name: a letter or '_', then letters, digits, '_', '-' and '.'"
        case .type, .base, .uses:
            Identifier.isValidReference(argument) ? nil : "a name, with a prefix or without"
        case .config, .mandatory, .requireInstance, .yinElement:
            argument == "true" || argument == "false" ? nil : "true or false"
        case .status: NodeStatus(text: argument) != nil ? nil : "current, deprecated or obsolete"
        case .orderedBy: argument == "user" || argument == "system" ? nil : "user or system"
        case .minElements: Identifier.isNumber(argument) && UInt32(argument) != nil ? nil : "a number"
        case .maxElements:
            argument == "unbounded" || Identifier.isNumber(argument) && UInt32(argument) ?? 0 > 0
                ? nil : "a number above 0 or unbounded"
        case .revision, .revisionDate: Identifier.isDate(argument) ? nil : "a date such as 2026-01-31"
        case .namespace: argument.isEmpty || argument.contains(where: \.isWhitespace) ? "a URI" : nil
        case .key, .unique, .refine, .augment, .deviation, .range, .length: pathExpectation(of: keyword, argument)
        case .yangVersion: argument == "1" || argument == "1.1" ? nil : "1 or 1.1"
        case .modifier: argument == "invert-match" ? nil : "invert-match"
        case .deviate:
            ["add", "delete", "replace", "not-supported"].contains(argument)
                ? nil : "add, delete, replace or not-supported"
        case .fractionDigits:
            Identifier.isNumber(argument) && (1...18).contains(Int(argument) ?? 0) ? nil : "a number from 1 to 18"
        case .value:
            Identifier.isNumber(argument.hasPrefix("-") ? argument.dropFirst() : argument[...])
                && Int32(argument) != nil ? nil : "a 32-bit integer"
        case .position: Identifier.isNumber(argument) && UInt32(argument) != nil ? nil : "a 32-bit number"
        case .enum:
            argument.isEmpty || argument.first?.isWhitespace == true || argument.last?.isWhitespace == true
                ? "a text without blanks at its ends" : nil
        default: nil
        }
    }
}

extension GrammarCheck {
    /// Arguments that are made of names: keys, paths in the schema tree.
    private func pathExpectation(of keyword: Keyword, _ argument: String) -> String? {
        switch keyword {
        case .key:
            let words = argument.split(whereSeparator: \.isWhitespace)
            return words.allSatisfy { Identifier.isValidReference(String($0)) } ? nil : "names of leafs"
        case .unique:
            let words = argument.split(whereSeparator: \.isWhitespace)
            return !words.isEmpty && words.allSatisfy { isPath($0) } ? nil : "paths such as a/b, relative to the list"
        case .refine: return isPath(argument[...]) ? nil : "a path from the uses, such as a/b"
        case .augment: return isPath(argument[...]) || isAbsolute(argument) ? nil : "a path such as /p:a/p:b or a/b"
        case .deviation: return isAbsolute(argument) ? nil : "an absolute path such as /p:a/p:b"
        default: return argument.allSatisfy(\.isWhitespace) ? "a \(keyword.text) such as 1..10 | 20" : nil
        }
    }

    private func isAbsolute(_ text: String) -> Bool {
        let trimmed = text.trimmed
        return trimmed.hasPrefix("/") && isPath(trimmed.dropFirst())
    }

    private func isPath(_ text: Substring) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            Identifier.isValidReference(String($0).trimmed)
        }
    }
}

/// The names of YANG (RFC 7950 section 6.2).
enum Identifier {
    static func isValid(_ text: some StringProtocol) -> Bool {
        var isStart = true
        for byte in text.utf8 {
            guard isStart ? StatementParser.startsIdentifier(byte) : StatementParser.continuesIdentifier(byte) else {
                return false
            }
            isStart = false
        }
        return !isStart
    }

    static func isValidReference(_ text: String) -> Bool {
        let (prefix, name) = split(text)
        return isValid(name) && (prefix.map { isValid($0) } ?? true)
    }

    /// `prefix:name` in its parts.
    static func split(_ text: String) -> (prefix: String?, name: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return (nil, text) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    static func isDate(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 else { return false }
        let isForm = bytes.enumerated().allSatisfy { index, byte in
            index == 4 || index == 7
                ? byte == UInt8(ascii: "-") : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isForm, let month = Int(text.dropFirst(5).prefix(2)), let day = Int(text.suffix(2)),
            (1...12).contains(month)
        else { return false }
        return (1...[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]).contains(day)
    }

    /// Decimal digits without a leading zero.
    static func isNumber(_ text: some StringProtocol) -> Bool {
        text == "0"
            || !text.isEmpty && text.utf8.first != 48 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}

extension NodeStatus {
    init?(text: String) {
        switch text {
        case "current": self = .current
        case "deprecated": self = .deprecated
        case "obsolete": self = .obsolete
        default: return nil
        }
    }
}
