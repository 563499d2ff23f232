import ConfigTree
import Testing

@testable import YANG

/// RFC 7950 section 6.4 and 10: names, canonical values and functions of YANG, and what a device's expressions see.
@Suite struct XPathNamespaceTests {
    private static let first = """
        module a { yang-version 1.1; namespace "urn:a"; prefix pa;
          identity kind; identity ether { base kind; } identity fast { base ether; }
          container top {
            leaf x { type int8; } leaf id { type identityref { base kind; } } leaf word { type string; }
            leaf any { type union { type int8; type identityref { base kind; } } }
            leaf where { type instance-identifier { require-instance false; } }
            leaf level { type enumeration { enum low { value 3; } enum high { value 7; } } }
            leaf same { type leafref { path "../level"; } }
            leaf flags { type bits { bit one; bit two; } } leaf dec { type decimal64 { fraction-digits 2; } }
            list l { key "k"; leaf k { type identityref { base kind; } } leaf v { type string; } }
            list n { key "k"; leaf k { type uint8; } leaf v { type string; } }
            leaf pick { type leafref { path "../n/k"; } }
            leaf named { type leafref { path "deref(../pick)/../v"; } }
          } }
        """
    private static let second = """
        module b { yang-version 1.1; namespace "urn:b"; prefix pb; import a { prefix pa; } identity other;
          augment "/pa:top" { leaf x { type int8; } leaf b { type string; } container in { leaf x { type int8; } } } }
        """

    private static func tree() throws -> DataTree {
        let model = DataModel(try TreeModels.compile([first, second]))
        return try DataTree(model).with(
            (.set("1"), "/a:top/a:x"), (.set("2"), "/a:top/b:x"), (.set("bee"), "/a:top/b:b"),
            (.set("a:fast"), "/a:top/id"), (.set("a:fast"), "/a:top/word"), (.set("a:ether"), "/a:top/any"),
            (.set("/a:top/n[k='5']/v"), "/a:top/where"), (.set("high"), "/a:top/level"), (.set("low"), "/a:top/same"),
            (.set("one two"), "/a:top/flags"), (.set("2.5"), "/a:top/dec"), (.create, "/a:top/l{a:ether}"),
            (.set("e"), "/a:top/l{a:ether}/v"), (.set("f"), "/a:top/l{a:fast}/v"), (.set("five"), "/a:top/n{5}/v"),
            (.set("six"), "/a:top/n{6}/v"), (.set("6"), "/a:top/pick"), (.set("six"), "/a:top/named"),
            (.set("3"), "/a:top/in/x"))
    }

    /// As module `a` (or `b`) writes it.
    private static func text(_ expression: String, in module: String = "a", at path: String = "/a:top") throws -> String
    {
        let parsed = try XPathParser.parse(
            expression, moduleForPrefix: { ["pa": "a", "pb": "b"][$0] }, defaultModule: module)
        let tree = try tree()
        let context = try #require(tree.instance(tree.path(path)))
        return try XPathEvaluator<DataNode>().evaluate(parsed, at: DataNode(context)).string
    }

    @Test(arguments: [
        ("x", "1"), ("pa:x", "1"), ("pb:x", "2"), ("count(*[local-name() = 'x'])", "2"), ("b", ""), ("pb:b", "bee"),
        ("pb:in/x", ""), ("pb:in/pb:x", "3"), ("count(pb:*)", "3"), ("namespace-uri(pb:b)", "urn:b"),
        ("/top/x", "1"), ("/pa:top/pb:x", "2"), ("//x", "1"), ("count(//pb:x)", "2"), ("descendant::pb:in/*", "3"),
        ("id = 'pa:fast'", "true"), ("id = 'fast'", "true"), ("id = 'a:fast'", "true"), ("id = 'pb:fast'", "false"),
        ("id != 'pa:fast'", "false"), ("word = 'pa:fast'", "false"), ("word = 'a:fast'", "true"),
        ("word = 'fast'", "false"), ("any = 'pa:ether'", "true"), ("any = 'ether'", "true"), ("id = word", "true"),
        ("id/text() = 'pa:fast'", "true"), ("string(id)", "a:fast"), ("l[k = 'pa:fast']/v", "f"),
        ("l[k = 'ether']/v", "e"),
        ("l[k = 'a:ether']/v", "e"), ("l[k = 'pb:ether']/v", ""), ("l[pb:k = 'pa:fast']/v", ""),
        ("l[pa:k = 'fast']/v", "f"),
        ("n[k = 5]/v", "five"), ("n[k = '5']/v", "five"), ("n[k = '05']/v", ""), ("n[k = 5.0]/v", "five"),
        ("n[k = 5.5]/v", ""), ("n[k = current()/pick]/v", "six"), ("n[k = /top/pick]/v", "six"),
        ("where = \"/pa:top/pa:n[pa:k='5']/pa:v\"", "true"), ("where = \"/a:top/n[k='5']/v\"", "true"),
        ("where = \"/pa:top/pa:n[pa:k='6']/pa:v\"", "false"), ("deref(where)", "five"), ("deref(pick)/../v", "six"),
        ("name(deref(pick))", "k"), ("deref(named)/../k", "6"), ("count(deref(same))", "0"),
        ("count(deref(word))", "0"),
        ("enum-value(level)", "7"), ("enum-value(same)", "3"), ("enum-value(word)", "NaN"),
        ("enum-value(nothing)", "NaN"),
        ("bit-is-set(flags, 'two')", "true"), ("bit-is-set(flags, 'three')", "false"),
        ("bit-is-set(word, 'a')", "false"),
        ("derived-from(id, 'pa:kind')", "true"), ("derived-from(id, 'kind')", "true"),
        ("derived-from(id, 'fast')", "false"),
        ("derived-from-or-self(id, 'pa:fast')", "true"), ("derived-from-or-self(word, 'pa:fast')", "false"),
        ("derived-from(any, 'kind')", "true"), ("derived-from(id, 'pb:other')", "false"),
        ("derived-from(l/k, 'ether')", "true"), ("derived-from-or-self(nothing, 'kind')", "false"),
        ("re-match(word, 'a:[a-z]+')", "true"), ("re-match(word, 'a')", "false"), ("dec = 2.50", "true"),
        ("dec = '2.50'", "false"),
        ("count(current()/n)", "2"), ("n[v = current()/named]/k", "6"), ("n[2]/preceding-sibling::n[1]/k", "5"),
    ])
    func namesAndValuesAreThoseOfTheModule(expression: String, expected: String) throws {
        #expect(try Self.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("x", "2"), ("pa:x", "1"), ("/pa:top/in/x", "3"), ("pa:id = 'pa:fast'", "true"), ("pa:id = 'fast'", "true"),
    ])
    func theSameTextMeansOthersInAnotherModule(expression: String, expected: String) throws {
        #expect(try Self.text(expression, in: "b") == expected, "\(expression)")
    }

    @Test(arguments: [
        "count('a')", "1 | x", "x | 'a'", "'a'/x", "(1)[1]", "string(x)[1]", "deref('x')", "sum(1)",
        "enum-value(1 + 1)",
        "re-match(x, '(')", "derived-from(id, 'none:x')", "derived-from(id, 'not a name')", "$x", "none:x", "x[",
        "last(1)",
    ])
    func whatCouldNotBeEvaluatedIsRefusedBefore(expression: String) {
        #expect(throws: XPathSyntaxError.self) { try Self.text(expression) }
    }

    // MARK: Mounted trees

    /// Two devices of different drivers with a model of their own each.
    private static func network() throws -> DataTree {
        try DataTree(TreeModels.devices()).with(
            (.set("one"), "/ncs:devices/device{r1}/kind"), (.set("alpha"), "/ncs:devices/device{r1}/config/one:host"),
            (.create, "/ncs:devices/device{r1}/config/one:i{a}"), (.create, "/ncs:devices/device{r1}/config/one:i{b}"),
            (.set("two"), "/ncs:devices/device{r2}/kind"), (.set("beta"), "/ncs:devices/device{r2}/config/two:host"),
            (.create, "/ncs:devices/device{r2}/config/two:s{q}"))
    }

    private static func networkText(_ expression: String, in module: String?, at path: String) throws -> String {
        let parsed = try XPathParser.parse(expression, moduleForPrefix: { $0 }, defaultModule: module)
        let tree = try network()
        let context = try #require(try tree.instance(tree.path(path)))
        return try XPathEvaluator<DataNode>().evaluate(parsed, at: DataNode(context)).string
    }

    @Test(arguments: [
        ("/host", "alpha"), ("count(/i)", "2"), ("../host", "alpha"), ("../i[k = 'b']/k", "b"), ("/devices", ""),
        ("/ncs:devices/device", ""), ("count(/node())", "3"), ("count(//node())", "8"), ("count(/..)", "0"),
        ("count(ancestor::*)", "0"), ("count(ancestor::node())", "1"), ("name(..)", ""), ("name(/*)", "host"),
        ("count(/i[1]/following::*)", "2"),
        ("deref(current())", ""),
    ])
    func aDevicesExpressionsSeeThatDevice(expression: String, expected: String) throws {
        #expect(try Self.networkText(expression, in: "one", at: "/ncs:devices/device{r1}/config/host") == expected)
    }

    @Test(arguments: [
        ("/devices/device[name = 'r1']/config/one:host", "alpha"),
        ("/devices/device[name = 'r2']/config/two:host", "beta"),
        ("/devices/device[name = 'r2']/config/one:host", ""), ("count(/devices/device/config/one:host)", "1"),
        ("count(/devices/device/config/*)", "5"), ("count(/devices/device/config/one:i[one:k = 'a'])", "1"),
        ("/devices/device[config/two:host = 'beta']/name", "r2"), ("count(//one:i)", "2"),
        ("count(//one:i/ancestor::device)", "1"),
        ("//two:s/../../name", "r2"), ("/devices/device[config/one:i/one:k = 'b']/kind", "one"),
        ("count(/devices/device/config[one:host = /devices/device/config/one:host])", "1"),
    ])
    func theSystemsExpressionsEnterDevicesByTheirDriver(expression: String, expected: String) throws {
        #expect(try Self.networkText(expression, in: "ncs", at: "/ncs:devices") == expected, "\(expression)")
    }

    @Test func namesWithoutAModuleBindInEachDevice() throws {
        #expect(try Self.networkText("count(device/config/host)", in: nil, at: "/ncs:devices") == "2")
        #expect(try Self.networkText("count(//host)", in: nil, at: "/ncs:devices") == "2")
    }

    @Test func whatEntersAMountPointDependsOnIt() throws {
        let schema = try Self.network().model.schema
        let devices = try #require(schema.root.dataChild(named: "devices"))
        let config = try #require(devices.dataChild(named: "device")?.dataChild(named: "config"))
        for text in [
            "device/config/one:host", "//one:host", "count(descendant::*)", "device/config/*/../../name", "string(.)",
        ] {
            let expression = try XPathParser.parse(text, moduleForPrefix: { $0 }, defaultModule: "ncs")
            let found = XPathDependencies(of: expression, at: devices)
            #expect(found.isAny || found.nodes.contains(config.id), "\(text)")
        }
        let back = try XPathParser.parse(
            "device/config/one:i/../../name", moduleForPrefix: { $0 }, defaultModule: "ncs")
        let name = try #require(config.dataParent?.dataChild(named: "name"))
        #expect(XPathDependencies(of: back, at: devices).nodes.contains(name.id))
    }
}
