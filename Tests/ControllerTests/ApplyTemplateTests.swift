import Basics
import ConfigTree
import ControlProtocol
import Controller
import Synchronization
import TestSupport
import Testing
import YANG

/// Device templates: what becomes of their values and tags on the devices that are selected.
@Suite struct ApplyTemplateTests {
    private static let template = "/tailf-ncs:devices/template[name='t']/ned-id[id='mini-cli-1.0:mini-cli-1.0']"
    private static func device(_ name: String) -> String { "/tailf-ncs:devices/device[name='\(name)']" }

    /// Devices of one driver, southbound-locked; a commit changes our copy alone.
    private final class Lab {
        let workshop: ControllerWorkshop
        let session: any ControlSession

        init(_ devices: [String] = ["ce0", "ce1", "pe0"]) throws {
            workshop = try ControllerWorkshop()
            try workshop.package("mini", version: "1.0", module: TestModels.first)
            try workshop.start()
            session = try workshop.session()
            for name in devices { try workshop.device(name, "mini-cli-1.0", session) }
        }

        /// Gives the template leaves (an empty value: an entry) and tags, below `config`.
        func template(_ leaves: [(path: String, value: String)], tags: [String: String] = [:]) throws {
            let base = session.running
            var edits: [PathEdit] = [PathEdit(.create, try base.path(ApplyTemplateTests.template))]
            var tree = try base.applying(.create, at: edits[0].path)
            func config(_ path: String) throws -> InstancePath {
                try tree.path("\(ApplyTemplateTests.template)/config/mini:\(path)")
            }
            for leaf in leaves {
                let path = try config(leaf.path)
                edits.append(PathEdit(path.last?.node.kind == .list ? .create : .set(leaf.value), path))
            }
            for (path, tag) in tags {
                edits.append(PathEdit(.annotate(RowMetadata.tagsName, tag), try config(path)))
            }
            for edit in try session.sealed(edits, over: base) { tree = try tree.applying(edit.edit, at: edit.path) }
            try commit(tree, from: base)
        }

        func commit(_ tree: DataTree, from base: DataTree) throws {
            var options = CommitOptions()
            options.noNetworking = true
            _ = try session.commit(CommitRequest(base: base, candidate: tree, options: options))
        }

        /// `apply-template` in a candidate, which is committed if none is given; gives `DEVICE RESULT`, one each.
        @discardableResult
        func apply(
            _ place: String = "", _ variables: [String: String] = [:], _ inputs: [String: [String]] = [:],
            in transaction: ActionTransaction? = nil, acceptsUnknown: Bool = true,
            watcher: ActionWatcher = ActionWatcher()
        ) throws -> [String] {
            let tree = transaction?.tree ?? session.running
            let candidate = transaction ?? ActionTransaction(tree)
            let action = try tree.path("/tailf-ncs:devices/\(place)apply-template")
            let input = try #require(action.last?.node.dataChild(named: "input"))
            let draft = RowDraft(input)
            var inputs = inputs
            inputs["template-name"] = ["t"]
            if acceptsUnknown { inputs["accept-empty-capabilities"] = [""] }
            for (name, values) in inputs {
                let leaf = try #require(input.dataChild(named: name))
                for value in values {
                    if leaf.kind == .leafList { draft.add(value, to: leaf) } else { draft.set(value, for: leaf) }
                }
            }
            let list = try #require(input.dataChild(named: "variable"))
            for (name, value) in variables {
                draft.entry(of: list, keys: [name]).set(value, for: try #require(list.dataChild(named: "value")))
            }
            let output = try session.invoke(
                action, input: draft.freeze(in: tree.model), in: candidate, parts: nil, watcher: watcher)
            if transaction == nil, candidate.tree.root !== tree.root { try commit(candidate.tree, from: tree) }
            return output.instance.entries("apply-template-result").map {
                "\($0.keys[0]) \($0.value("result") ?? "")" + ($0.value("info").map { ": \($0)" } ?? "")
            }
        }

        func value(_ device: String, _ path: String) throws -> String? {
            try session.value("\(ApplyTemplateTests.device(device))/config/mini:\(path)")
        }
    }

    @Test func variablesAndExpressionsBecomeValuesOfTheDevice() throws {
        let lab = try Lab()
        try lab.template([
            ("hostname", "{$DEVICE}-{$SITE}"), ("contact", "\\{{port + $N}\\}"),
            ("vlan[id='{$N * 10}']/name", "it''s {$SITE}"), ("interface[name='e{$N}']/mtu", "1500"),
        ])
        let results = try lab.apply("device[name='ce0']/", ["SITE": "'north'", "N": "7"])
        #expect(results == ["ce0 ok"])
        #expect(try lab.value("ce0", "hostname") == "ce0-north")
        #expect(try lab.value("ce0", "contact") == "{8}")
        #expect(try lab.value("ce0", "vlan[id='70']/name") == "it''s north")
        #expect(try lab.value("ce0", "interface[name='e7']/mtu") == "1500")
        #expect(try lab.value("ce1", "hostname") == nil)
    }

    @Test func debuggingTellsWhatTheTemplateDoesWithoutItsSecrets() throws {
        let lab = try Lab()
        try lab.template([
            ("hostname", "{$SITE}"), ("contact", "{address}"), ("vlan[id='7']/name", "seven"),
            ("user[name='joe']/secret", "{$WORD}"),
        ])
        let told = Mutex<[String]>([])
        var watcher = ActionWatcher()
        watcher.templates = { line in told.withLock { $0.append(line) } }
        let variables = ["SITE": "'north'", "WORD": "'Planted-4471'"]
        try lab.apply("device[name='ce0']/", variables, watcher: watcher)
        let lines = told.withLock { $0 }
        let config = "/devices/device[name='ce0']/config"
        for line in [
            "Operation 'merge' on existing node: /devices/device[name='ce0']", "Variable $SITE is set to \"north\"",
            "Operation 'merge' on non-existing node: \(config)/mini:vlan[id='7']/name",
            "Evaluating \"address\"\nContext node: /ncs:devices/device[name='ce0']\nResult: it evaluates to \"127.0.0.1\"",
            "Operation 'merge' on non-existing node: \(config)/mini:user[name='joe']/secret",
        ] {
            #expect(lines.contains(line), "\(line) in \(lines)")
        }
        #expect(!lines.joined().contains("Planted-4471"))
        #expect(lines.contains { $0.hasPrefix("Variable $WORD is set to") })
        told.withLock { $0 = [] }
        watcher.template = "another"
        try lab.apply("device[name='ce1']/", variables, watcher: watcher)
        #expect(told.withLock { $0 }.isEmpty)
    }

    @Test func nodesInAKeyMakeOneEntryEach() throws {
        let lab = try Lab()
        try lab.template([("interface[name='{/devices/device[name!=$DEVICE]/name}']/mtu", "{1000 + port}")])
        try lab.apply("device[name='pe0']/")
        #expect(try lab.value("pe0", "interface[name='ce0']/mtu") == "1001")
        #expect(try lab.value("pe0", "interface[name='ce1']/mtu") == "1001")
        #expect(try lab.value("pe0", "interface[name='pe0']/mtu") == nil)
    }

    @Test func tagsSayWhatBecomesOfANode() throws {
        let lab = try Lab(["ce0"])
        let config = Self.device("ce0") + "/config/mini:"
        try lab.session.change([
            (config + "hostname", "old"), (config + "contact", "noc"), (config + "interface[name='a']/mtu", "1"),
            (config + "interface[name='b']/mtu", "2"), (config + "vlan[id='1']/name", "gone"),
        ])
        try lab.template(
            [
                ("hostname", "new"), ("contact", ""), ("interface[name='a']", ""), ("interface[name='b']/mtu", "3"),
                ("interface[name='c']/mtu", "4"), ("vlan[id='2']/name", "made"),
            ],
            tags: [
                "hostname": "nocreate", "contact": "delete", "interface[name='a']": "replace",
                "interface[name='b']": "nocreate", "interface[name='c']": "nocreate", "vlan[id='2']": "create",
            ])
        #expect(try lab.apply("device[name='ce0']/") == ["ce0 ok"])
        #expect(try lab.value("ce0", "hostname") == "new")
        #expect(try lab.value("ce0", "contact") == nil)
        #expect(lab.session.running.instance(try lab.session.running.path(config + "interface[name='a']")) != nil)
        #expect(try lab.value("ce0", "interface[name='a']/mtu") == nil, "replaced by an entry without it")
        #expect(try lab.value("ce0", "interface[name='b']/mtu") == "3")
        #expect(try lab.value("ce0", "interface[name='c']/mtu") == nil, "there was no such interface")
        #expect(try lab.value("ce0", "vlan[id='1']/name") == "gone")
        #expect(try lab.value("ce0", "vlan[id='2']/name") == "made")
        let again = try refusal { try lab.apply("device[name='ce0']/") }
        #expect(again.message.contains("Device ce0: /mini:vlan[id='2']: the template creates it (tag create)"))
    }

    @Test func tagsAreKeptAndComeBack() throws {
        let lab = try Lab(["ce0"])
        try lab.template([("hostname", "h"), ("vlan[id='{$V}']", "")])
        let base = lab.session.running
        let (leaf, entry) = (
            try base.path(Self.template + "/config/mini:hostname"),
            try base.path(Self.template + "/config/mini:vlan[id='{$V}']")
        )
        let tree = try base.applying(.annotate(RowMetadata.tagsName, "delete"), at: leaf)
            .applying(.annotate(RowMetadata.tagsName, "replace"), at: entry)
        try lab.commit(tree, from: base)
        func tags(_ session: any ControlSession) throws -> [[String]] {
            let now = session.running
            let path = try now.path(Self.template + "/config/mini:vlan[id='{$V}']")
            return [
                now.instance(path.parent)?.row?.metadata?.tags(of: leaf.last?.node.slot) ?? [],
                now.instance(path)?.row?.metadata?.tags() ?? [],
            ]
        }
        #expect(try tags(lab.session) == [["delete"], ["replace"]])
        try lab.workshop.restart()
        #expect(try tags(try lab.workshop.session()) == [["delete"], ["replace"]])
    }

    @Test func whatDoesNotFitIsNamedAndNothingChanges() throws {
        let lab = try Lab()
        try lab.template([
            ("hostname", "h"), ("contact", "{$WHO}"), ("vlan[id='{name}']", ""), ("interface[name='a']/mtu", "70000"),
            ("interface[name='b']/mtu", "{1 +}"),
        ])
        let fault = try refusal { try lab.apply("device[name='ce0']/") }
        #expect(fault.message.contains("Device ce0: /mini:contact: variable $WHO has no value"))
        #expect(fault.message.contains("Device ce0: /mini:vlan: key id: \"ce0\" is not a valid value"))
        #expect(fault.message.contains("/mini:interface[name='a']/mtu: \"70000\" is not a valid value"))
        #expect(fault.message.contains("/mini:interface[name='b']/mtu: “1 +” is no XPath expression"))
        #expect(try lab.value("ce0", "hostname") == nil)
        let bare = try refusal { try lab.apply("device[name='ce0']/", ["WHO": "NOC"]) }
        #expect(bare.message.contains("variable WHO: “NOC” names no node of a device; text stands in quotes"))
        let own = try refusal { try lab.apply("", ["DEVICE": "'x'"]) }
        #expect(own.message == "variable DEVICE is set by the system and takes no value")
    }

    @Test func aCandidateIsChangedAndNothingIsCommitted() throws {
        let lab = try Lab()
        try lab.template([("hostname", "{$DEVICE}")])
        let before = lab.session.running
        let candidate = ActionTransaction(before)
        #expect(try lab.apply("", in: candidate) == ["ce0 ok", "ce1 ok", "pe0 ok"])
        #expect(lab.session.running.root === before.root)
        let path = try before.path(Self.device("ce1") + "/config/mini:hostname")
        #expect(candidate.tree.value(path) == "ce1")
    }

    @Test func devicesAreSelectedByNamePatternGroupAndExpression() throws {
        let lab = try Lab()
        try lab.template([("hostname", "h")])
        let groups = "/tailf-ncs:devices/device-group"
        try lab.session.change([
            (groups + "[name='core']/device-name[.='pe0']", ""), (groups + "[name='all']/device-group[.='core']", ""),
            (groups + "[name='all']/device-name[.='ce1']", ""), (groups + "[name='none']/device-group[.='none']", ""),
        ])
        #expect(try lab.apply("device-group[name='all']/") == ["ce1 ok", "pe0 ok"])
        #expect(try lab.apply("device-group[name='none']/") == [])
        #expect(try lab.apply("", [:], ["device": ["ce0..1"]]) == ["ce0 ok", "ce1 ok"])
        #expect(try lab.apply("", [:], ["device": ["pe*", "ce1"], "device-group": ["core"]]) == ["ce1 ok", "pe0 ok"])
        let select = "device[starts-with(name, 'ce')]"
        #expect(try lab.apply("", [:], ["device-select": [select]]) == ["ce0 ok", "ce1 ok"])
        #expect(try lab.apply("", [:], ["device-select": ["name = 'pe0' or port > 1"]]) == ["pe0 ok"])
        #expect(
            try lab.apply("", [:], ["device": ["ce0"], "suppress-positive-result": [""]]) == [])
        for (inputs, message) in [
            (["device": ["ce7"]], "there is no device ce7"), (["device": ["x*"]], "no device matches x*"),
            (["device-group": ["x"]], "there is no device-group x"),
            (["device-select": ["device[name='x']"]], "device-select “device[name='x']” selects no device"),
        ] {
            #expect(try refusal { try lab.apply("", [:], inputs) }.message == message)
        }
        let faulty = try refusal { try lab.apply("", [:], ["device-select": ["device["]]) }
        #expect(faulty.message.hasPrefix("device-select: “device[” is no XPath expression"))
    }

    @Test func aDeviceThatNobodyKnowsOrThatTheTemplateHasNothingForIsTold() throws {
        let lab = try Lab(["ce0"])
        try lab.template([("hostname", "h")])
        #expect(
            try lab.apply("", acceptsUnknown: false) == [
                "ce0 no-capabilities: No capabilities found for device: ce0. Has a sync-from the device been performed?"
            ])
        try lab.session.change([(Self.template, nil)])
        let base = lab.session.running
        try lab.commit(
            try base.applying(.create, at: base.path("/tailf-ncs:devices/template[name='t']")), from: base)
        #expect(try lab.apply("") == ["ce0 no-namespace: No matching namespaces found for device: ce0."])
    }

    @Test func aSecretOfATemplateIsSealedAndOpensOnTheDevice() throws {
        let lab = try Lab(["ce0"])
        try lab.template([("user[name='u']/secret", "Planted-{$S}-4711")])
        let stored = try #require(try lab.session.value("\(Self.template)/config/mini:user[name='u']/secret"))
        #expect(!stored.contains("Planted"))
        try lab.apply("", ["S": "'x'"])
        let sealed = try #require(try lab.value("ce0", "user[name='u']/secret"))
        #expect(!sealed.contains("Planted") && sealed != stored)
    }
}
