import Testing

@testable import YANG

private func parse(_ text: String) throws(XPathSyntaxError) -> XPathExpression {
    try XPathParser.parse(text, moduleForPrefix: { $0 == "p" ? "other" : nil }, defaultModule: "m")
}

private func child(_ name: String, _ module: String? = "m", _ predicates: [XPathExpression] = [])
    -> XPathExpression.Step
{
    XPathExpression.Step(axis: .child, test: .name(module: module, name: name), predicates: predicates)
}

private func relative(_ steps: XPathExpression.Step...) -> XPathExpression { .path(start: .context, steps: steps) }

private let up = XPathExpression.Step(axis: .parent, test: .anyNode)
private let here = XPathExpression.Step(axis: .`self`, test: .anyNode)
private let below = XPathExpression.Step(axis: .descendantOrSelf, test: .anyNode)

@Test func namesGetTheirModules() throws {
    #expect(try parse("a/p:b") == relative(child("a"), child("b", "other")))
    #expect(
        try parse("p:*/*")
            == relative(
                XPathExpression.Step(axis: .child, test: .anyName(module: "other")),
                XPathExpression.Step(axis: .child, test: .anyName(module: nil))))
    let error = #expect(throws: XPathSyntaxError.self) { try parse("../q:b") }
    #expect(error?.offset == 3)
}

@Test func abbreviationsAreWrittenOut() throws {
    #expect(try parse("..") == relative(up))
    #expect(try parse(".") == relative(here))
    #expect(try parse("/") == .path(start: .root, steps: []))
    #expect(try parse("//a") == .path(start: .root, steps: [below, child("a")]))
    #expect(try parse("a//b") == relative(child("a"), below, child("b")))
    #expect(
        try parse("ancestor-or-self::a")
            == relative(
                XPathExpression.Step(axis: .ancestorOrSelf, test: .name(module: "m", name: "a"))))
    #expect(try parse("a[1]['x']") == relative(child("a", "m", [.number(1), .literal("x")])))
}

@Test func starAndOperatorNamesAreToldApart() throws {
    #expect(try parse("a * b") == .arithmetic(.multiply, relative(child("a")), relative(child("b"))))
    #expect(
        try parse("* * *")
            == .arithmetic(
                .multiply, relative(XPathExpression.Step(axis: .child, test: .anyName(module: nil))),
                relative(XPathExpression.Step(axis: .child, test: .anyName(module: nil)))))
    #expect(try parse("and and or") == .and(relative(child("and")), relative(child("or"))))
    #expect(try parse("div div mod") == .arithmetic(.divide, relative(child("div")), relative(child("mod"))))
    #expect(try parse("a-b") == relative(child("a-b")))
    #expect(try parse("a -b") == .arithmetic(.subtract, relative(child("a")), relative(child("b"))))
    #expect(try parse("text") == relative(child("text")))
    #expect(try parse("text()") == relative(XPathExpression.Step(axis: .child, test: .text)))
}

@Test func operatorsBindAsTheRecommendationSays() throws {
    let (a, b, c) = (relative(child("a")), relative(child("b")), relative(child("c")))
    #expect(try parse("a or b and c") == .or(a, .and(b, c)))
    #expect(try parse("a = b < c") == .comparison(.equal, a, .comparison(.less, b, c)))
    #expect(try parse("a - b - c") == .arithmetic(.subtract, .arithmetic(.subtract, a, b), c))
    #expect(try parse("a + b * c") == .arithmetic(.add, a, .arithmetic(.multiply, b, c)))
    #expect(try parse("-a|b") == .negate(.union(a, b)))
    #expect(try parse("(a)[1]/b") == .path(start: .expression(a, predicates: [.number(1)]), steps: [child("b")]))
    #expect(
        try parse("current()/../a")
            == .path(
                start: .expression(.call("current", []), predicates: []), steps: [up, child("a")]))
    #expect(
        try parse("deref(a)/../b")
            == .path(
                start: .expression(.call("deref", [a]), predicates: []), steps: [up, child("b")]))
}

@Test func literalsThatNameIdentitiesKeepBothReadings() throws {
    #expect(try parse("'p:x'") == .qualifiedName("p:x", identity: "other:x"))
    #expect(try parse("'q:x'") == .literal("q:x"))
    #expect(try parse("'a b:c'") == .literal("a b:c"))
    #expect(
        try parse("derived-from(a, 'x')")
            == .call("derived-from", [relative(child("a")), .qualifiedName("x", identity: "m:x")]))
}

@Test(arguments: [
    "", "a b", "a/", "/ /", "a[", "a[]", "a]", "(a", "a)", "'x", "1 2", "a=", "a or", "$x", "a!b", "foo()",
    "count()", "count(a,b)", "a::b", "bogus::a", "p:count(a)", "p:", ":a", "a:::b", "a|", "#", "1a", "text()(1)",
    "not(a", "a/'x'", "substring('a')", "é:",
])
func whatIsNoExpressionIsRefused(text: String) {
    #expect(throws: XPathSyntaxError.self) { try parse(text) }
}

@Test func depthAndLengthAreBounded() throws {
    #expect(throws: XPathSyntaxError.self) {
        try parse(String(repeating: "(", count: 50_000) + "a" + String(repeating: ")", count: 50_000))
    }
    #expect(throws: XPathSyntaxError.self) { try parse(String(repeating: "-", count: 10_000) + "1") }
    #expect(throws: XPathSyntaxError.self) { try parse(Array(repeating: "1", count: 10_000).joined(separator: "+")) }
    // Long alternatives are usual in vendors' modules; their tree is balanced.
    let long = try parse(Array(repeating: ". = 'value'", count: 5_000).joined(separator: " or "))
    #expect(depth(of: long) < 20)
}

private func depth(of expression: XPathExpression) -> Int {
    switch expression {
    case .or(let left, let right): max(depth(of: left), depth(of: right)) + 1
    default: 1
    }
}

@Test func pathsOnlyAreTakenForLeafrefs() throws {
    let path = try XPathParser.parsePath(
        "/a/b[k = current()/../k]/c", moduleForPrefix: { _ in nil }, defaultModule: "m")
    guard case .path(.root, let steps) = path else {
        Issue.record("not a path")
        return
    }
    #expect(steps.count == 3)
    #expect(throws: XPathSyntaxError.self) {
        try XPathParser.parsePath("1 + 1", moduleForPrefix: { _ in nil }, defaultModule: "m")
    }
}
