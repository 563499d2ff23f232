import ConfigTree
import YANG

/// XPath: parser, evaluator and the analysis of what an expression reads.
///
/// - What is parsed, written and parsed again is the same expression; it has the same value twice.
/// - A refusal says something, and evaluation stays within its work limit.
/// - A change at nodes that the analysis does not list never changes the value.
enum XPathCheck {
    private static let workLimit = 20_000

    /// A tree that differs from `FuzzModels.tree`, and where.
    struct Variant {
        var tree: DataTree
        var changes: [InstancePath]
    }

    static func fault(on bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let expression: XPathExpression
        do {
            expression = try parse(text)
        } catch {
            return error.message.isEmpty ? "a refusal without a word" : nil
        }
        let written = expression.description
        do {
            guard try parse(written) == expression else { return "written as \(written) it is another expression" }
        } catch {
            // All parentheses written out may be nested deeper than is allowed.
            guard error.message.contains("nested") else { return "written as \(written) it is refused: \(error)" }
        }
        for context in contexts {
            if let fault = fault(of: expression, at: context) { return fault }
        }
        return nil
    }

    static func parse(_ text: String) throws(XPathSyntaxError) -> XPathExpression {
        try XPathParser.parse(
            text, moduleForPrefix: { ["m", "o", "dev"].contains($0) ? $0 : nil }, defaultModule: "m")
    }

    private static func fault(of expression: XPathExpression, at context: InstancePath) -> String? {
        let value = self.value(of: expression, in: FuzzModels.tree, at: context)
        guard self.value(of: expression, in: FuzzModels.tree, at: context) == value else { return "it has two values" }
        guard let node = context.last?.node else { return nil }
        let reads = XPathDependencies(of: expression, at: node)
        if reads.isAny || node.schema !== FuzzModels.model.schema { return nil }
        for variant in variants where !variant.changes.contains(where: { reads.mayRead($0, from: context) }) {
            // Where the context node went, nobody asks.
            guard let other = self.value(of: expression, in: variant.tree, at: context) else { continue }
            if other != value {
                return "at \(context) the value is \(value ?? "none"), and \(other) after a change at "
                    + variant.changes.map(\.description).joined(separator: ", ")
            }
        }
        return nil
    }

    /// The value as a text; nil where the context is absent, and a text for an error too.
    static func value(of expression: XPathExpression, in tree: DataTree, at path: InstancePath) -> String? {
        guard let instance = tree.rootInstance.descendant(path.steps[...]) else { return nil }
        do {
            switch try XPathEvaluator<DataNode>(workLimit: workLimit).evaluate(expression, at: DataNode(instance)) {
            case .nodeSet(let nodes):
                let sorted = nodes.sorted { $0.precedes($1) }
                return "{" + sorted.map { "\($0.instance.path)=\($0.ownValue)" }.joined(separator: " ") + "}"
            case .string(let text): return "'\(text)'"
            case .number(let number): return XPathValue<DataNode>.number(number).string
            case .boolean(let flag): return flag ? "true" : "false"
            }
        } catch {
            return "error"
        }
    }

    private static func path(_ text: String) -> InstancePath {
        guard let path = try? FuzzModels.tree.path(text) else { preconditionFailure("no path \(text)") }
        return path
    }

    static let contexts = [
        "/m:top", "/m:top/ref", "/m:top/l{p1 1}/v", "/m:top/l{p1 1}/sub{a}/w", "/m:device{r1}/config/i{e0}/peer",
    ].map(path)

    static let variants: [Variant] = {
        let edits: [(Edit, String)] = [
            (.set("q"), "/m:top/m:s"), (.set("q"), "/m:top/o:s"), (.delete, "/m:top/p"), (.set("true"), "/m:top/b"),
            (.delete, "/m:top/e"), (.set("7"), "/m:top/n"), (.delete, "/m:top/d"), (.set("one"), "/m:top/flags"),
            (.set("low"), "/m:top/level"), (.set("m:ether"), "/m:top/id"), (.set("p2"), "/m:top/ref"),
            (.delete, "/m:top/inst"), (.set("auto"), "/m:top/u"), (.delete, "/m:top/y1"), (.set("x"), "/m:top/x1"),
            (.create, "/m:top/y2{9}"), (.delete, "/m:top/on"), (.set("2"), "/m:top/on/q"), (.create, "/m:top/sl{1}"),
            (.delete, "/m:top/ul"), (.place(.last), "/m:top/ul{z}"), (.delete, "/m:top/m:l{p2 1}"),
            (.create, "/m:top/m:l{p0 3}"), (.set("w"), "/m:top/m:l{p1 1}/v"), (.set("w"), "/m:top/m:l{p2 1}/v"),
            (.place(.first), "/m:top/m:l{p1 1}/sub{a}"), (.set("9"), "/m:top/m:l{p1 1}/sub{b}/w"),
            (.delete, "/m:top/t"), (.create, "/m:top/o:l{2}"), (.delete, "/m:lone"), (.create, "/m:device{r2}"),
            (.set("g"), "/m:device{r1}/config/host"), (.delete, "/m:device{r1}/config/i{e0}/peer"), (.delete, "/m:top"),
        ]
        return edits.map { edit, text in
            var tree = FuzzModels.tree
            do { try tree.apply(edit, at: path(text)) } catch { preconditionFailure("\(text): \(error)") }
            return Variant(tree: tree, changes: changes(from: FuzzModels.tree, to: tree))
        }
    }()

    /// The paths of what is in one tree only, has another value or another place among its siblings; defaults in use
    /// count.
    static func changes(from old: DataTree, to new: DataTree) -> [InstancePath] {
        let before = listing(old.rootInstance)
        let after = listing(new.rootInstance)
        let lines = Set(before.map(\.line)).symmetricDifference(after.map(\.line))
        var changed = Set((before + after).filter { lines.contains($0.line) }.map(\.path))
        let common = Set(before.map(\.path)).intersection(after.map(\.path))
        let orders = [before, after].map { list in list.map(\.path).filter { common.contains($0) } }
        for (a, b) in zip(orders[0], orders[1]) where a != b { changed.formUnion([a, b]) }
        return Array(changed)
    }

    private static func listing(_ instance: Instance) -> [(path: InstancePath, line: String)] {
        instance.children(withDefaults: true).flatMap { child in
            [(child.path, "\(child.path) \(child.value ?? "")")] + listing(child)
        }
    }

    static let seeds = [
        "../l[k = current()/../ref and n=1]/v", "count(//l[v]) > 1 or not(e)",
        "/m:top/m:l[last()-1]/sub[position()=2]/w",
        "derived-from-or-self(id, 'm:kind') and enum-value(level)=7", "deref(ref)/../v | deref(inst)/..",
        "bit-is-set(flags, 'one')", "re-match(string(p), '[a-z]+-\\d{1,3}')", "sum(sl) div count(sl) mod 3 - -1 * 2",
        "ancestor-or-self::node()/following-sibling::*[1]", "preceding::*[self::v or local-name()='k'][2]",
        "(l|o:l)[1]/descendant::text()", "translate(normalize-space(concat(s, ' ', o:s)), 'abc', 'AB')",
        "substring(substring-before(p, '-'), 2, string-length(p) - 1)", "'a' != \"b\" and 1 <= 2.5 and .5 > 0",
        "floor(-1.5) + ceiling(n) + round(d) + number('x')", "namespace-uri(..) = name(.)", "../../../device/config/*",
        "/dev:i[dev:k=current()]/dev:peer", "//node()[starts-with(., 'p')]",
        "id('x') | ul[. = 'a'] | attribute::x | @y",
        "boolean(lang('en')) = false()", "min(sl) < max(sl) and avg(sl) and compare('a','b')", "sort-by(l, 'k')[1]",
        "near and deref(near)", "self::node()/child::m:*/processing-instruction('a')",
        "contains(substring-after(s,'<'),'b')",
    ]

    static let words =
        XPathFunction.allCases.map { $0.rawValue + "(" } + [
            "ancestor::", "ancestor-or-self::", "attribute::", "child::", "descendant::", "descendant-or-self::",
            "following::", "following-sibling::", "namespace::", "parent::", "preceding::", "preceding-sibling::",
            "self::",
            "node()", "text()", "comment()", "processing-instruction(", "*", "..", ".", "/", "//", "[", "]", "(", ")",
            ",",
            " or ", " and ", " div ", " mod ", "|", "=", "!=", "<", "<=", ">", ">=", "+", "-", "'", "\"", "m:", "o:",
            "1",
            "0.5", "top", "l", "v", "k", "n", "ref", "id", "sub", "'m:fast'", "current()", "last()", "position()",
        ]
}

extension XPathDependencies {
    /// Whether one of the reads stands for `path`, seen from the instance `context`. A change in a mounted tree is a
    /// change of its mount point.
    func mayRead(_ path: InstancePath, from context: InstancePath) -> Bool {
        let schema = FuzzModels.model.schema
        return reads.contains { read in
            guard let last = path.steps.last(where: { $0.node.schema === schema }), last.node.id == read.node else {
                return false
            }
            let depth = path.steps.firstIndex { $0.node.id == read.anchor }.map { $0 + 1 } ?? 0
            return Array(path.steps.prefix(depth)) == Array(context.steps.prefix(depth))
        }
    }
}
