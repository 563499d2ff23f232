import Testing

@testable import YANG

/// Data for these tests: a tree of elements, addressed by number.
private final class Document: Sendable {
    struct Element: Sendable {
        var schema: SchemaNode
        var value: String
        var parent: Int?
        var children: [Int] = []
    }

    let elements: [Element]

    init(_ elements: [Element]) { self.elements = elements }
}

private struct TestNode: XPathNode, Sendable {
    let document: Document
    let index: Int
    var isText = false

    static func == (a: TestNode, b: TestNode) -> Bool { a.index == b.index && a.isText == b.isText }
    func hash(into hasher: inout Hasher) { hasher.combine(index) }
    private var element: Document.Element { document.elements[index] }
    private func node(_ index: Int) -> TestNode { TestNode(document: document, index: index) }

    var schemaNode: SchemaNode? { element.schema }
    var name: String { isText ? "" : element.schema.name }
    var module: String { isText || index == 0 ? "" : element.schema.module.name }
    var ownValue: String { element.value }
    var parent: TestNode? { isText ? node(index) : element.parent.map(node) }
    var root: TestNode { node(0) }
    var children: [TestNode] {
        if isText { return [] }
        if element.schema.isTerminal {
            return element.value.isEmpty ? [] : [TestNode(document: document, index: index, isText: true)]
        }
        return element.children.map(node)
    }
    func children(named name: String, module: String?) -> [TestNode] {
        children.filter { $0.name == name && (module == nil || module == $0.module) }
    }
    func entry(of list: SchemaNode, keys: [String]) -> TestNode? {
        children.first { entry in
            entry.element.schema == list
                && zip(list.keys, keys).allSatisfy { key, value in
                    entry.children(named: key.name, module: nil).first?.ownValue == value
                }
        }
    }
    func precedes(_ other: TestNode) -> Bool { index == other.index ? !isText && other.isText : index < other.index }
}

private indirect enum Tree {
    case leaf(String, String)
    case inner(String, [Tree])
}

private func build(_ schema: Schema, _ trees: [Tree]) -> TestNode {
    var elements = [Document.Element(schema: schema.root, value: "", parent: nil)]
    func add(_ trees: [Tree], to parent: Int) {
        for tree in trees {
            let index = elements.count
            switch tree {
            case .leaf(let name, let value):
                guard let node = elements[parent].schema.dataChild(named: name) else { continue }
                elements.append(Document.Element(schema: node, value: value, parent: parent))
                elements[parent].children.append(index)
            case .inner(let name, let children):
                guard let node = elements[parent].schema.dataChild(named: name) else { continue }
                elements.append(Document.Element(schema: node, value: "", parent: parent))
                elements[parent].children.append(index)
                add(children, to: index)
            }
        }
    }
    add(trees, to: 0)
    return TestNode(document: Document(elements), index: 0)
}

private func identityType() -> ResolvedType {
    var type = ResolvedType(base: .identityref)
    type.identityBases = ["m:kind"]
    return type
}

private func enumType() -> ResolvedType {
    var type = ResolvedType(base: .enumeration)
    type.enums = [EnumMember(name: "low", value: 3), EnumMember(name: "high", value: 7)]
    return type
}

private func sample() throws -> TestNode {
    let schema = try SketchBuilder.schema(
        [
            .node(
                .container, "system",
                [
                    .leaf("name"), .leaf("level", enumType()), .leaf("flags", ResolvedType(base: .bits)),
                    .leaf("main", Sketch.leafref("/system/port/name")),
                    .leaf("target", ResolvedType(base: .instanceIdentifier)),
                    .list(
                        "port", key: "name",
                        [
                            .leaf("name"), .leaf("speed", ResolvedType(base: .uint32)), .leaf("kind", identityType()),
                            .leaf("peer", Sketch.leafref("../../port/name")),
                        ]),
                    .list(
                        "route", key: "from to",
                        [.leaf("from"), .leaf("to"), .leaf("cost", ResolvedType(base: .int32))]),
                ])
        ],
        identities: IdentityTable(ancestors: [
            "m:kind": [], "m:ether": ["m:kind"], "m:fast": ["m:ether", "m:kind"],
        ]))
    func port(_ name: String, _ speed: String, _ kind: String, _ more: Tree...) -> Tree {
        .inner("port", [.leaf("name", name), .leaf("speed", speed), .leaf("kind", kind)] + more)
    }
    func route(_ from: String, _ to: String, _ cost: String) -> Tree {
        .inner("route", [.leaf("from", from), .leaf("to", to), .leaf("cost", cost)])
    }
    return build(
        schema,
        [
            .inner(
                "system",
                [
                    .leaf("name", "box one"), .leaf("level", "high"), .leaf("flags", "a c"), .leaf("main", "p2"),
                    .leaf("target", "/m:system/port[name='p3']/speed"),
                    port("p1", "10", "m:ether", .leaf("peer", "p3")), port("p2", "100", "m:fast"),
                    port("p3", "1000", "m:kind"),
                    route("a", "b", "5"), route("a", "c", "-7"), route("b", "c", "2"),
                ])
        ])
}

private func text(_ expression: String, at path: String = "/system") throws -> String {
    let root = try sample()
    let evaluator = XPathEvaluator<TestNode>()
    let context = try #require(try evaluator.nodes(SketchBuilder.parse(path), at: root).first)
    return try evaluator.evaluate(SketchBuilder.parse(expression), at: context).string
}

@Test(arguments: [
    ("1 + 2 * 3", "7"), ("7 mod 3", "1"), ("-7 mod 3", "-1"), ("5 div 2", "2.5"), ("1 div 0", "Infinity"),
    ("-1 div 0", "-Infinity"), ("0 div 0", "NaN"), ("'a' + 1", "NaN"), ("--2", "2"), ("-(2)", "-2"),
    ("10 - 4 - 3", "3"),
    ("1000000 * 1000000", "1000000000000"), ("1 div 4000000", "0.00000025"), ("number(' 12 ')", "12"),
    ("number('1e3')", "NaN"), ("number('-.5')", "-0.5"), ("number(true())", "1"), ("number('')", "NaN"),
    ("floor(-1.5)", "-2"), ("ceiling(1.2)", "2"), ("round(2.5)", "3"), ("round(-2.5)", "-2"),
    ("1 < 2", "true"), ("2 <= 1", "false"), ("'a' = 'a'", "true"), ("'1' = 1", "true"), ("'x' < 1", "false"),
    ("true() = 'false'", "true"), ("not('')", "true"), ("boolean('0')", "true"), ("boolean(0)", "false"),
    ("1 = 1 and 2 = 3", "false"), ("1 = 2 or 3 = 3", "true"), ("concat('a', 1, true())", "a1true"),
    ("starts-with('abc', 'ab')", "true"), ("contains('abc', 'bd')", "false"), ("contains('abc', '')", "true"),
    ("substring-before('1999/04/01', '/')", "1999"), ("substring-after('1999/04/01', '/')", "04/01"),
    ("substring-after('a', 'b')", ""), ("substring('12345', 2, 3)", "234"), ("substring('12345', 1.5, 2.6)", "234"),
    ("substring('12345', 0, 3)", "12"), ("substring('12345', 0 div 0, 3)", ""), ("substring('12345', 2)", "2345"),
    ("substring('12345', -42, 1 div 0)", "12345"), ("string-length('aéb')", "3"),
    ("normalize-space('  a   b ')", "a b"), ("translate('bar', 'abc', 'AB')", "BAr"),
    ("translate('--a-', '-', '')", "a"),
    ("re-match('1.22.333', '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}')", "true"), ("re-match('aXb', 'X')", "false"),
    ("band(12, 10)", "8"), ("bor(12, 10)", "14"), ("bxor(12, 10)", "6"), ("string-compare('a', 'b')", "-1"),
])
func valuesAreComputedAsXPathSays(expression: String, expected: String) throws {
    #expect(try text(expression) == expected, "\(expression)")
}

@Test(arguments: [
    ("name", "box one"), ("starts-with(string(), 'box onehigha cp2')", "true"), ("port/name", "p1"),
    ("count(port)", "3"), ("port[2]/name", "p2"),
    ("port[last()]/name", "p3"), ("port[position() < 3][2]/name", "p2"), ("(port/name)[3]", "p3"),
    ("port[name = 'p2']/speed", "100"), ("port['p2' = name]/speed", "100"), ("port[name = 'none']", ""),
    ("port[speed > 50][1]/name", "p2"), ("sum(port/speed)", "1110"), ("max(port/speed)", "1000"),
    ("avg(route/cost)", "0"), ("route[from='a'][to='c']/cost", "-7"), ("route[to='c' and from='b']/cost", "2"),
    ("route[from='a']/cost", "5"), ("count(route[from='a'])", "2"), ("route[from='a'][2]/cost", "-7"),
    ("route[from='a'][to='c'][cost < 0]/cost", "-7"), ("route[from='a'][to='c'][from='b']/cost", ""),
    ("port[name = /system/main]/speed", "100"), ("count(//name)", "4"), ("count(//*)", "31"), ("count(/*)", "1"),
    ("name(/*)", "system"), ("namespace-uri(/system)", "urn:m"), ("port[1]/following-sibling::port[1]/name", "p2"),
    ("port[3]/preceding-sibling::port[1]/name", "p2"), ("count(port[1]/preceding::*)", "5"),
    ("count(port[2]/following::port)", "1"), ("name(port[1]/name/ancestor::*[1])", "port"),
    ("count(port[1]/name/ancestor-or-self::*)", "3"), ("port/../name", "box one"), ("count(port/..)", "1"),
    ("count(port/name | port[1]/name | name)", "4"), ("name/text()", "box one"), ("port/name = 'p3'", "true"),
    ("port/name != 'p3'", "true"), ("not(port/name = 'p9')", "true"), ("port/speed > 999", "true"),
    ("5 > port/speed", "false"), ("port/speed = route/cost", "false"), ("port/speed > route/cost", "true"),
    ("none = none", "false"), ("none != 'x'", "false"), ("port = true()", "true"), ("none = false()", "true"),
    ("sort-by(port, speed)[1]/name", "p1"), ("p:port[p:name='p2']/m:speed", "100"), ("self::system/name", "box one"),
    ("descendant::speed[. > 500]", "1000"),
])
func pathsSelectNodes(expression: String, expected: String) throws {
    #expect(try text(expression) == expected, "\(expression)")
}

@Test(arguments: [
    ("current()/name", "box one"), ("port[name = current()/main]/speed", "100"), ("deref(main)/../speed", "100"),
    ("deref(port[1]/peer)/../kind", "m:kind"), ("deref(target)", "1000"), ("deref(name)", ""),
    ("enum-value(level)", "7"), ("enum-value(name)", "NaN"), ("bit-is-set(flags, 'c')", "true"),
    ("bit-is-set(flags, 'b')", "false"), ("derived-from(port[2]/kind, 'm:ether')", "true"),
    ("derived-from(port[1]/kind, 'p:ether')", "false"), ("derived-from-or-self(port[1]/kind, 'p:ether')", "true"),
    ("derived-from(port[2]/kind, 'kind')", "true"), ("port[1]/kind = 'p:ether'", "true"),
    ("port[1]/kind = 'ether'", "true"), ("port[1]/kind = 'm:ether'", "true"), ("port[1]/kind != 'p:ether'", "false"),
    ("port[1]/kind = 'p:fast'", "false"), ("port[kind = 'p:fast']/name", "p2"), ("name = 'one'", "false"),
])
func yangFunctionsFollowSection10(expression: String, expected: String) throws {
    #expect(try text(expression) == expected, "\(expression)")
}

@Test func nodesComeInDocumentOrderOnce() throws {
    let root = try sample()
    let nodes = try XPathEvaluator<TestNode>().nodes(
        SketchBuilder.parse("/system/port[3]/name | //port/name | /system/name"), at: root)
    #expect(nodes.map(\.stringValue) == ["box one", "p1", "p2", "p3"])
}

@Test func leafrefsAskWhetherAValueIsThere() throws {
    let root = try sample()
    let evaluator = XPathEvaluator<TestNode>()
    let path = try SketchBuilder.parse("/system/port/name")
    #expect(try evaluator.contains(path, value: "p2", at: root))
    #expect(try !evaluator.contains(path, value: "p4", at: root))
    let narrowed = try SketchBuilder.parse("/system/route[from = 'a']/to")
    #expect(try evaluator.contains(narrowed, value: "c", at: root))
    #expect(try !evaluator.contains(narrowed, value: "a", at: root))
}

@Test func workIsBoundedAndPatternsOfDataAreChecked() throws {
    let root = try sample()
    let costly = try SketchBuilder.parse("count(//*[count(//*[count(//*[count(//*) > 1]) > 1]) > 1])")
    let error = #expect(throws: XPathError.self) { try XPathEvaluator(workLimit: 10_000).evaluate(costly, at: root) }
    #expect(error?.code == .tooMuchWork)
    #expect(
        error?.message
            == "“count(/descendant-or-self::node()/child::*[count(/descendant-or-self::node()/child::*[count(/desc"
            + "endant-or-self::node()/child::*[count(/descendant-or-self::node()/child::*) > 1]) > 1]) > 1])” takes"
            + " more than 10000 steps, the limit of one evaluation; simplify it")
    let pattern = #expect(throws: XPathError.self) { try text("re-match('a', concat('(', name))") }
    #expect(pattern?.code == .malformedArgument)
    let long = #expect(throws: XPathError.self) {
        try XPathEvaluator(workLimit: 20).evaluate(SketchBuilder.parse("string-length(/) > 9"), at: root)
    }
    #expect(long?.code == .tooMuchWork)
}

// MARK: Dependencies

private func reads(_ expression: String, at path: [String]) throws -> (reads: Set<String>, isAny: Bool) {
    let schema = try #require(try sample().schemaNode).schema
    let context = try path.reduce(schema.root) { try #require($0.dataChild(named: $1)) }
    let found = XPathDependencies(of: try SketchBuilder.parse(expression), at: context)
    return (Set(found.reads.map { "\(schema[$0.node].path) in \(schema[$0.anchor].path)" }), found.isAny)
}

@Test func dependenciesKnowHowFarAnExpressionClimbs() throws {
    let inner = try reads("../speed > 5", at: ["system", "port", "name"])
    #expect(inner.reads.contains("/m:system/port/speed in /m:system/port"))
    #expect(!inner.reads.contains { $0.hasSuffix(" in /") })
    let outer = try reads("../../port[name = current()]/kind", at: ["system", "port", "peer"])
    #expect(
        outer.reads.isSuperset(of: [
            "/m:system/port/kind in /m:system", "/m:system/port/name in /m:system", "/m:system/port in /m:system",
            "/m:system/port/peer in /m:system/port/peer",
        ]))
    let absolute = try reads("/system/port/name", at: ["system", "main"])
    #expect(absolute.reads.contains("/m:system/port/name in /"))
}

@Test func dependenciesFollowReferencesAndWildcards() throws {
    #expect(try reads("deref(main)/../speed = 1", at: ["system"]).reads.contains("/m:system/port/speed in /"))
    #expect(try reads("deref(target) = 1", at: ["system"]).isAny)
    #expect(try reads("count(*) > 1", at: ["system"]).reads.contains("/m:system/level in /m:system"))
    #expect(try reads("following::name", at: ["system", "port"]).isAny)
    #expect(try reads("'a' = 'b'", at: ["system"]).reads.isEmpty)
}
