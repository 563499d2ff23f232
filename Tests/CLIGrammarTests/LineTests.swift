import ConfigTree
import Testing
import YANG

@testable import CLIGrammar

/// Lines typed by an operator, over a mount point.
struct LineTests {
    let grammar: CLIGrammar
    let device: DataModel

    init() throws {
        let device = try TestModels.model(
            """
            container interface { list Ethernet { tailf:cli-allow-join-with-key { tailf:cli-display-joined; }
              tailf:cli-mode-name "config-if"; tailf:cli-explicit-exit; key name;
              leaf name { type string; tailf:info "WORD;;Interface number"; }
              leaf mtu { type uint16 { range "68..9000"; } tailf:info "Set the MTU"; }
              leaf shutdown { type empty; } leaf description { tailf:cli-multi-value; type string; } } }
            leaf hostname { type string; }
            """)
        self.device = device
        let text = """
            module ncs { yang-version 1.1; namespace "urn:ncs"; prefix ncs; import tailf-common { prefix tailf; }
              import openned-extensions { prefix oned; }
              identity ned-id; identity ios { base ned-id; }
              container devices { description "The managed devices. And more.";
                list device { key name; description "A device.";
                  leaf name { type string; tailf:cli-allow-range; }
                  leaf address { type string; } leaf port { type uint16; } leaf description { type string; }
                  container device-type { leaf ned-id { type identityref { base ned-id; } } }
                  container config { oned:mount-point "device-config"; }
                  action check-sync { input { leaf suppress { type empty; }
                    container dry-run { presence "d"; leaf outformat { type enumeration { enum xml; enum cli; } } }
                    list variable { key name; leaf name { type string; } leaf value { type string; } }
                    leaf-list device { type string; } } output { leaf result { type string; } } } }
                action sync-from; } }
            """
        let schema = try TestModels.compile([SchemaCompiler.Source(path: "ncs.yang", bytes: Array(text.utf8))])
        let model = DataModel(schema) { row, _ in
            row.child(in: 4)?.value(in: 0) == "ncs:ios" ? device : nil
        }
        grammar = CLIGrammar(model: model, dialect: .c)
    }

    /// Runs lines one after another; gives the prompts after each, or the fault.
    private func run(_ lines: String..., tree: DataTree? = nil) -> (prompts: [String], tree: DataTree) {
        var tree = tree ?? DataTree(grammar.model)
        var mode = CLIMode.top
        var prompts: [String] = []
        for line in lines {
            switch grammar.parseLine(line, mode: mode, tree: tree) {
            case .edits(let edits, let next):
                for edit in edits { tree = (try? tree.applying(edit.edit, at: edit.path)) ?? tree }
                mode = next
                prompts.append(mode.prompt)
            case .mode(let next):
                mode = next ?? .top
                prompts.append(next?.prompt ?? "-")
            case .action(let calls):
                prompts.append(calls.map { $0.path.keypath + " " + $0.action.name }.joined(separator: ";"))
            case .fault(let fault): prompts.append("\(fault.column) \(fault.message)")
            }
        }
        return (prompts, tree)
    }

    @Test func linesEditAndEnterModes() throws {
        let (prompts, tree) = run(
            "devices device ce0 address 10.0.0.1 port 22", "description \"a b\"", "exit", "dev device ce1 port 23",
            "top", "no devices device ce1", "devices device ce0", "no port", "end")
        #expect(
            prompts == [
                "config-device-ce0", "config-device-ce0", "config", "config-device-ce1", "config", "config",
                "config-device-ce0", "config-device-ce0", "-",
            ])
        #expect(grammar.render(tree) == "devices device ce0\n address     10.0.0.1\n description \"a b\"\n!\n")
    }

    @Test func faultsTellTheColumn() {
        let (prompts, _) = run(
            "devices device ce0 colour red", "devices device ce0 port 70000", "devices", "devices device", "bogus")
        #expect(
            prompts == [
                "19 unknown argument: colour", "24 \"70000\" is not a valid value", "7 incomplete command",
                "14 incomplete command", "0 unknown command",
            ])
    }

    @Test func actionsAreCalledWithTheirParameters() throws {
        let (_, tree) = run("devices device ce0 port 1", "top", "devices device ce1 port 1")
        let (prompts, _) = run("devices device ce0..1 check-sync suppress", "devices sync-from", tree: tree)
        #expect(
            prompts == [
                "/ncs:devices/device{ce0} check-sync;/ncs:devices/device{ce1} check-sync", "/ncs:devices sync-from",
            ])
        let line =
            "devices device ce0 check-sync dry-run { outformat cli } variable { name X value 'y' } device [ a b ]"
        guard case .action(let calls) = grammar.parseAction(line, mode: .top, tree: tree) else {
            Issue.record("no action")
            return
        }
        let input = try #require(calls.first?.action.dataChildren.first { $0.kind == .input })
        let instance = Instance(detached: input, row: calls[0].input, model: grammar.model)
        #expect(instance.child("dry-run")?.value("outformat") == "cli")
        #expect(instance.entries("variable").map { $0.value("value") } == ["'y'"])
        #expect(instance.values(try #require(input.dataChild(named: "device"))) == ["a", "b"])
    }

    @Test func completionsComeFromModelAndInstances() {
        let (_, tree) = run("devices device ce0 port 1 description core", "top", "devices device ce1 port 1")
        func words(_ line: String) -> [String] {
            grammar.completions(line, mode: .top, tree: tree).map {
                $0.info.isEmpty ? $0.text : "\($0.text): \($0.info)"
            }
        }
        #expect(words("dev") == ["devices: The managed devices"])
        #expect(words("devices device ") == ["ce0: core", "ce1", "<string>"])
        #expect(words("devices device ce0 p") == ["port"])
        #expect(words("devices device ce0 port ") == ["<unsignedInt, 0 .. 65535>"])
        #expect(words("devices device ce0 device-type ned-id ") == ["ios"])
        #expect(words("devices device ce0 check-sync dry-run outformat ") == ["cli", "xml"])
        #expect(words("no devices device ce1 ") == ["port", "<cr>"])
    }

    @Test func pathsMayLeaveOutKeysAndHaveRanges() throws {
        var tree = DataTree(grammar.model)
        for name in ["ce0", "ce1", "ce3", "pe1"] { tree = run("devices device \(name) port 1", tree: tree).tree }
        func paths(_ words: String) throws -> [String] {
            try grammar.resolvePaths(words.split(separator: " ").map(String.init), tree: tree).map(\.words)
        }
        #expect(try paths("devices device ce0..2 port") == ["devices device ce0 port", "devices device ce1 port"])
        #expect(try paths("devices device ce0..1,3").count == 3)
        #expect(try paths("devices device * port").count == 4)
        #expect(try paths("devices device port").count == 4)
        #expect(try paths("devices device") == ["devices device"])
        #expect(try paths("devices device nobody").isEmpty)
        #expect(throws: CLIFault.self) { try paths("devices gadget") }
        var options = RenderOptions()
        options.selection = try grammar.resolvePaths(["devices", "device", "ce0..1", "port"], tree: tree)
        #expect(
            grammar.render(tree, options: options) == "devices device ce0\n port 1\n!\ndevices device ce1\n port 1\n!\n"
        )
    }

    @Test(arguments: [
        ("*", "anything", true), ("ce*", "ce12", true), ("ce*", "c12", false), ("*1*", "ce12", true),
        ("ce0..3", "ce3", true), ("ce0..3", "ce4", false), ("ce0..3", "cx1", false), ("ce0..1,3", "ce3", true),
        ("ce0..1,3", "ce2", false), ("ce0,2", "ce2", true), ("1..3", "2", true), ("ce0,pe1", "pe1", true),
        ("1-4,7", "3", true), ("1-4,7", "5", false), ("Gig*", "Gig0/1", true), ("Gig/1-2/*", "Gig/2/x", true),
        ("Gig/1-2/*", "Gig/3/x", false), ("ce3..0", "ce1", false), ("ce3..0", "ce3..0", true),
    ])
    func keyPatternsNameSeveral(_ pattern: String, _ key: String, _ expected: Bool) {
        #expect(KeyPattern(pattern).isPattern)
        #expect(KeyPattern(pattern).matches(key) == expected)
    }

    @Test func aPlainKeyIsNoPattern() {
        #expect(!KeyPattern("ce0").isPattern)
        #expect(!KeyPattern("ce-0").isPattern)
    }

    @Test func rangesAreBounded() {
        #expect(CLIRanges.numbers(2, 4, 3) == ["2", "3", "4"])
        #expect(CLIRanges.numbers(2, 5, 3) == nil)
        #expect(CLIRanges.numbers(4, 2, 3) == nil)
        #expect(CLIRanges.numbers(-5, Int.max, 3) == nil)
        #expect(KeyPattern("1..65536").numbers?.count == 65_536)
        #expect(KeyPattern("1..65536,7").numbers == nil)
        #expect(KeyPattern("-5..\(Int.max)").numbers == nil)
    }

    @Test func aLineOfManyModesIsReadOnceAroundThem() throws {
        let model = try TestModels.model(
            "list a { key n; leaf n { type uint32; } list b { key n; leaf n { type uint32; } } }")
        let grammar = CLIGrammar(model: model, dialect: .c)
        func typed(_ line: String, _ mode: CLIMode, _ tree: DataTree) throws -> (CLIMode, DataTree) {
            guard case .edits(let edits, let after) = grammar.parseLine(line, mode: mode, tree: tree) else {
                throw CLIFault(column: 0, message: "\(grammar.parseLine(line, mode: mode, tree: tree))")
            }
            return (after, try edits.reduce(tree) { try $0.applying($1.edit, at: $1.path) })
        }
        let (mode, tree) = try typed("a 1..30", .top, DataTree(model))
        #expect(mode.paths.count == 30)
        // Each of the modes would give the same 30 again.
        let (again, same) = try typed("a 1..30", mode, tree)
        #expect(again == mode && same.diff(to: tree).isEmpty)
        var around = LineSession(grammar: grammar, sink: EditSink(tree))
        let found = try mode.paths.reduce(0) { count, path in
            count + (try around.read(CLILine("a 1..30".utf8, dialect: .c), path).get().count)
        }
        #expect(found == 30)
        let (inner, _) = try typed("b 1..20", mode, tree)
        #expect(inner.paths.count == 600)
        // What a line makes is bounded in all modes together.
        var session = LineSession(grammar: grammar, sink: EditSink(tree))
        session.made = CLIRanges.most - 30
        func made(_ line: String, _ path: InstancePath) -> Int? {
            try? session.read(CLILine(line.utf8, dialect: .c), path).get().count
        }
        #expect(made("b 1..20", mode.paths[0]) == 20 && made("b 1..20", mode.paths[1]) == nil)
    }

    @Test func linesCrossIntoTheMountedModel() throws {
        let (prompts, tree) = run(
            "devices device ce0 device-type ned-id ios", "config", "interface Ethernet0/1 mtu 1500",
            "description to pe0 / x",
            "exit", "exit", "config interface Ethernet 0/2 shutdown", "top",
            "devices device ce0 config hostname r1", "devices device ce1 config hostname r2",
            "no devices device ce0 config interface Ethernet0/2")
        #expect(
            prompts == [
                "config-device-ce0", "config-config", "config-if", "config-if", "config-config", "config-device-ce0",
                "config-if",
                "config", "config-config", "26 no driver is loaded that knows what can stand here", "config",
            ])
        let text = """
            devices device ce0
             device-type ned-id ios
             config
              interface Ethernet0/1
               mtu 1500
               description to pe0 / x
              exit
              hostname r1
             !
            !

            """
        #expect(grammar.render(tree) == text)
        let again = try grammar.parse(text)
        #expect(grammar.render(again.tree) == text)
        #expect(tree.diff(to: again.tree).isEmpty)
        #expect(try grammar.applyFaults(DataTree(grammar.model), tree) == nil)
        #expect(try grammar.applyFaults(tree, DataTree(grammar.model)) == nil)
        let words = grammar.completions("devices device ce0 config interface Ethernet0/1 ", mode: .top, tree: tree)
        #expect(words.map(\.text) == ["description", "mtu", "shutdown", "<cr>"])
        var options = RenderOptions()
        options.selection = try grammar.resolvePaths(["devices", "device", "config", "hostname"], tree: tree)
        #expect(grammar.render(tree, options: options) == "devices device ce0\n config\n  hostname r1\n !\n!\n")
    }

    @Test func loadMergeGivesEditsWithDeletions() throws {
        let (_, tree) = run("devices device ce0 port 1 address a", "devices device ce1 port 1")
        let text = "devices device ce0\n no port\n address b\n!\nno devices device ce1\n"
        var result = tree
        for edit in try grammar.edits(Array(text.utf8), over: tree) { try result.apply(edit.edit, at: edit.path) }
        #expect(grammar.render(result) == "devices device ce0\n address b\n!\n")
        #expect(throws: CLIFault.self) {
            try grammar.edits(Array("devices device ce0\n colour red\n".utf8), over: tree)
        }
    }
}
