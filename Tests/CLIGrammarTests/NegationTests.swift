import ConfigTree
import Netsim
import Testing
import YANG

@testable import CLIGrammar

/// What a line with `no` takes away: neither less than a device would, nor more.
struct NegationTests {
    /// A user with group, password and secrecy on one line; a timer that can go alone.
    private static let user = """
        list user { key name; tailf:cli-suppress-mode; leaf name { type string; }
          container account { presence "x"; tailf:cli-drop-node-name; tailf:cli-compact-syntax;
            tailf:cli-sequence-commands; tailf:cli-flatten-container;
            leaf group { tailf:cli-optional-in-sequence; tailf:cli-drop-node-name; tailf:cli-disallow-value "auth";
              type string; }
            container auth { presence "x"; tailf:cli-compact-syntax; tailf:cli-sequence-commands;
              tailf:cli-flatten-container;
              leaf word { tailf:cli-drop-node-name; mandatory true; type string; } }
            container priv { presence "x"; tailf:cli-compact-syntax; tailf:cli-sequence-commands;
              tailf:cli-flatten-container; tailf:cli-optional-in-sequence;
              leaf length { tailf:cli-drop-node-name; tailf:cli-optional-in-sequence; type uint16; } }
            leaf engine { tailf:cli-optional-in-sequence; type string; } } }
        container keepalive { presence "x"; tailf:cli-compact-syntax; leaf timer { type uint16; } }
        """

    /// What is left, by both ways of reading.
    private func left(_ body: String, _ text: String) throws -> String {
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: .i)
        let fast = try grammar.parse(Array(text.utf8), options: ParseOptions(.turbo))
        let slow = try grammar.parse(Array(text.utf8), options: ParseOptions(.robust))
        #expect(fast.skipped.isEmpty && slow.skipped.isEmpty)
        #expect(fast.tree.diff(to: slow.tree).isEmpty)
        return grammar.render(fast.tree)
    }

    /// The commands between two texts; checks that they lead there, and back.
    private func commands(_ body: String, _ from: String, _ to: String) throws -> String {
        let model = try TestModels.model(body)
        let grammar = CLIGrammar(model: model, dialect: .i)
        let (a, b) = (try grammar.parse(from).tree, try grammar.parse(to).tree)
        for (a, b) in [(a, b), (b, a)] {
            #expect(StrictOrderTests.fault(grammar, StrictRules(model), from: a, to: b, tolerating: []) == nil)
        }
        return grammar.commands(from: a, to: b).text()
    }

    @Test func partsOfALineGoWithTheLine() throws {
        let line = "user u admin auth secret priv 128 engine e\n"
        #expect(try left(Self.user, "\(line)no \(line)") == "user u\n")
        #expect(try left(Self.user, "user u auth secret\nno user u auth secret\n") == "user u\n")
        #expect(try left(Self.user, "user u auth secret priv\nno user u auth secret\n") == "user u priv\n")
        #expect(try commands(Self.user, line, "user u\n") == "no \(line)")
        #expect(try commands(Self.user, line, "user u admin auth secret\n").hasSuffix("user u admin auth secret\n"))
    }

    @Test func whatIsSaidOfAThingGoesWithoutTheThing() throws {
        #expect(try left(Self.user, "keepalive timer 5\nno keepalive timer 5\n") == "keepalive\n")
        #expect(try commands(Self.user, "keepalive timer 5\n", "keepalive\n") == "no keepalive timer 5\n")
    }

    /// A container that must have something may be empty in data that are not valid.
    @Test func whatIsWantedEmptyIsSaidOnceMore() throws {
        let body = """
            container zone { presence "x"; tailf:cli-compact-syntax; leaf name { mandatory true; type string; } }
            """
        #expect(try commands(body, "zone name a\n", "zone\n") == "no zone name a\nzone\n")
    }

    private static let metrics = """
        container set {
          choice form {
            leaf metric { tailf:cli-full-command; tailf:cli-no-value-on-delete; type uint32; }
            container eigrp { presence "x"; tailf:alt-name "metric"; tailf:cli-compact-syntax;
              tailf:cli-sequence-commands;
              leaf bandwidth { tailf:cli-drop-node-name; mandatory true; type uint32; }
              leaf delay { tailf:cli-drop-node-name; mandatory true; type uint32; } } } }
        """

    @Test func aNameAloneIsAboutEachFormOfIt() throws {
        #expect(try left(Self.metrics, "set metric 5\nno set metric\n") == "")
        #expect(try left(Self.metrics, "set metric 1 2\nno set metric\n") == "")
        #expect(try commands(Self.metrics, "set metric 1 2\n", "") == "no set metric 1 2\n")
        #expect(try commands(Self.metrics, "set metric 1 2\n", "set metric 5\n").hasSuffix("set metric 5\n"))
    }

    @Test func entriesOfListsOfOneNameAreToldApart() throws {
        let body = """
            list both { key mark; tailf:cli-suppress-mode; tailf:cli-compact-syntax; leaf mark { type string; } }
            list both-evpn { key mark; tailf:alt-name "both"; tailf:cli-suppress-mode; tailf:cli-compact-syntax;
              leaf mark { type string; } leaf evpn { mandatory true; type empty; } }
            """
        #expect(try commands(body, "both a\nboth a evpn\n", "both a\n") == "no both a evpn\n")
        #expect(try commands(body, "both a\nboth a evpn\n", "both a evpn\n") == "no both a\n")
    }

    @Test func aPortOfARouterHasNoSettingsOfASwitch() throws {
        let body = """
            choice kind {
              container switchport { presence "x"; tailf:cli-display-separated; leaf mode { type string; } }
              leaf routed { tailf:alt-name "switchport"; type boolean; tailf:cli-boolean-no; tailf:cli-full-command; } }
            """
        #expect(try left(body, "switchport\nswitchport mode access\nno switchport\n") == "no switchport\n")
        #expect(try commands(body, "switchport\nswitchport mode access\n", "no switchport\n") == "no switchport\n")
    }

    /// Groups of which the members are entries: what refers is the key of one.
    @Test func groupsThatHaveEachOtherAsMembersLoseThemFirst() throws {
        let body = """
            list group { key name; leaf name { type string; }
              list member { key name; tailf:cli-suppress-mode;
                leaf name { type leafref { path "/m:group/m:name"; } } } }
            """
        let text = try commands(body, "group a\n member b\n!\ngroup b\n member c\n!\ngroup c\n member a\n!\n", "")
        #expect(text.contains("no member"))
    }

    @Test func whatStandsByItselfGoesBeforeWhatItsNameLeadsTo() throws {
        let body = """
            container mgcp { leaf port { type uint16; } }
            container mgcp-enable { tailf:cli-drop-node-name; leaf mgcp { type empty; } }
            """
        #expect(try left(body, "mgcp port 5\nmgcp\nno mgcp\n") == "mgcp port 5\n")
        #expect(try commands(body, "mgcp port 5\nmgcp\n", "mgcp port 5\n") == "no mgcp\n")
    }

    @Test func headersThatLoseAWordAreGivenAnew() throws {
        let body = """
            list track { key id; leaf id { type uint16; }
              container interface { tailf:cli-hide-in-submode; tailf:cli-flatten-container; tailf:cli-compact-syntax;
                tailf:cli-sequence-commands; leaf name { tailf:cli-drop-node-name; type string; }
                leaf line-protocol { type empty; } }
              leaf delay { type uint16; } }
            """
        let text = try commands(
            body, "track 1 interface a line-protocol\n delay 5\n!\n", "track 1 interface a\n delay 5\n!\n")
        #expect(text == "no track 1\ntrack 1 interface a\n delay 5\nexit\n")
    }

    @Test func aWordThatCouldBeAValueDoesNotGoAlone() throws {
        let body = """
            container output { tailf:cli-compact-syntax; tailf:cli-sequence-commands;
              leaf name { tailf:cli-drop-node-name; type string; } leaf silent { type empty; } }
            """
        _ = try commands(body, "output silent silent\n", "output silent\n")
        // The router would take the word for the name.
        #expect(try commands(body, "output x silent\n", "output x\n") == "no output x silent\noutput x\n")
        _ = try commands(body, "output x silent\n", "output silent\n")
    }

    /// The word `any` alone would be about the source.
    @Test func aWordThatAnotherLeafWouldTakeDoesNotGoAlone() throws {
        let body = """
            list rule { key id; tailf:cli-drop-node-name; tailf:cli-suppress-mode; tailf:cli-delete-when-empty;
              tailf:cli-compact-syntax; tailf:cli-sequence-commands; leaf id { type uint32; }
              container source { tailf:cli-drop-node-name; tailf:cli-flatten-container; tailf:cli-compact-syntax;
                leaf any { type empty; } }
              leaf any { type empty; } }
            """
        #expect(try commands(body, "5 any any\n", "5 any\n") == "no 5\n5 any\n")
    }

    /// `no logging rate all` alone would be about the boolean and a host.
    @Test func aWordThatGoesOnElsewhereDoesNotGoAlone() throws {
        let body = """
            container logging {
              list host { key name; tailf:cli-drop-node-name; tailf:cli-suppress-mode;
                leaf name { type string { pattern "[a-z]+"; } } }
              choice kind { leaf rate { type boolean; }
                container limit { tailf:cli-drop-node-name;
                  container rate { tailf:cli-compact-syntax; leaf all { type empty; }
                    leaf speed { tailf:cli-drop-node-name; type uint16; }
                    leaf except { type enumeration { enum errors; } } } } } }
            """
        let line = "logging rate all 22 except errors\n"
        #expect(try commands(body, line, "logging rate 22 except errors\n").hasPrefix("no \(line)"))
    }

    @Test func aDeviceHasOneSubmodeOfAName() throws {
        let body = """
            container key {
              list chain { key name; leaf name { type string; } leaf text { type string; } }
              container tcp { tailf:cli-drop-node-name; list chain { key name; leaf name { type string; }
                leaf tcp { tailf:cli-hide-in-submode; type empty; } leaf id { type uint16; } } }
              container control { tailf:cli-drop-node-name; list chain { key name;
                leaf type { tailf:cli-prefix-key; type enumeration { enum control; } }
                leaf name { type string; } leaf id { type uint16; } } } }
            """
        let control = "key chain type control x\n id 7\n!\n"
        #expect(try left(body, "key chain x tcp\n id 5\n!\n\(control)no key chain x\n") == control)
        #expect(try commands(body, "key chain x tcp\n id 5\n!\n", "") == "no key chain x\n")
        let text = try commands(body, "key chain x tcp\n id 5\n!\n", "key chain x\n text y\n!\n")
        #expect(text == "no key chain x\nkey chain x\n text y\nexit\n")
    }

    /// Lines of one word that the model keeps in two lists are two things: each goes by its whole line.
    @Test func linesOfOneNameGoEachByItself() throws {
        let body = """
            container police {
              list policer { key name; tailf:cli-suppress-mode; tailf:cli-delete-when-empty; tailf:cli-compact-syntax;
                tailf:cli-sequence-commands; leaf name { type string; }
                leaf rate { tailf:cli-drop-node-name; type uint32; } }
              container fast { tailf:cli-drop-node-name;
                list policer { key name; tailf:cli-suppress-mode; tailf:cli-delete-when-empty;
                  tailf:cli-compact-syntax; tailf:cli-sequence-commands; leaf name { type string; }
                  leaf rate { tailf:cli-drop-node-name; type uint32; } leaf high { type empty; } } } }
            """
        let both = "police policer x 5\npolice policer x 7 high\n"
        #expect(try commands(body, both, "police policer x 5\n") == "no police policer x 7 high\n")
        _ = try commands(body, both, "police policer x 5\npolice policer x high\n")
    }

    @Test func linesInASubmodeStayWhenItsHeaderIsGivenAgain() throws {
        let body = """
            list occurrence { key name; tailf:cli-sequence-commands { tailf:cli-reset-siblings; }
              leaf name { type string; }
              leaf at { tailf:cli-hide-in-submode; type string; }
              leaf oneshot { tailf:cli-hide-in-submode; type empty; }
              leaf-list policy { type string; } }
            """
        let text = "occurrence a at 5 oneshot\n policy p\n!\n"
        #expect(try left(body, "\(text)occurrence a at 6\n") == "occurrence a at 6\n policy [ p ]\n!\n")
        _ = try commands(body, text, "occurrence a at 6 oneshot\n policy p\n policy q\n!\n")
    }

    @Test func valuesThatGoFromALineThatStaysAreSaid() throws {
        let body = """
            container disable { tailf:cli-compact-syntax; tailf:cli-sequence-commands { tailf:cli-reset-siblings; }
              leaf-list vlan { tailf:cli-range-list-syntax; type uint16; } leaf port { type string; } }
            """
        let text = try commands(body, "disable vlan 5,7 port x\n", "disable vlan 7 port x\n")
        #expect(text.hasPrefix("no disable vlan 5\n") && !text.contains("no disable vlan 5,7"))
    }

    @Test func aThingThatIsAllOfALineGoesByItsName() throws {
        let body = """
            container mask { tailf:cli-compact-syntax; container remove { presence "x"; leaf match { type string; } } }
            """
        #expect(try commands(body, "mask remove match x\n", "") == "no mask remove\n")
    }

    /// Without a way to say where it goes, an entry that is given anew takes along those behind it.
    @Test func entriesGivenAnewKeepTheirPlace() throws {
        let body = """
            list host { key name; ordered-by user; tailf:cli-suppress-mode; tailf:cli-delete-when-empty;
              tailf:cli-compact-syntax; leaf name { type string; }
              leaf port { type uint16; } leaf secret { tailf:cli-remove-before-change; type string; } }
            """
        let (from, to) = ("host a secret x\nhost b port 5\n", "host a secret y\nhost b port 5\n")
        let text = try commands(body, from, to)
        #expect(text.hasSuffix("host a secret y\nhost b port 5\n"))
        _ = try commands(body, from, "host a port 7\nhost b port 5\n")
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: .c)
        let placed = grammar.commands(from: try grammar.parse(from).tree, to: try grammar.parse(to).tree).text()
        #expect(placed.hasSuffix("# first\nhost a secret y\n"))
    }

    /// What is referred to is removed and given again, while the reference stays.
    @Test func referencesStepAsideWhileTheirTargetIsGivenAnew() throws {
        let body = """
            list community { key name; tailf:cli-suppress-mode; tailf:cli-compact-syntax; leaf name { type string; }
              leaf access { tailf:cli-drop-node-name; type enumeration { enum ro; enum rw; } } }
            list host { key name; tailf:cli-suppress-mode; tailf:cli-compact-syntax; leaf name { type string; }
              leaf community { type leafref { path "/m:community/m:name"; } } }
            """
        let text = try commands(body, "community c ro\nhost h community c\n", "community c\nhost h community c\n")
        #expect(text == "no host h\nno community c\ncommunity c\nhost h community c\n")
    }

    /// Several entries have the name that is referred to: another one comes before the last one goes.
    @Test func referencesAreHandedOver() throws {
        let body = """
            list map { key "name number"; leaf name { type string; } leaf number { type uint16; } }
            leaf use { type leafref { path "/m:map/m:name"; } }
            """
        let text = try commands(body, "map a 1\n!\nuse a\n", "map a 2\n!\nuse a\n")
        #expect(text == "map a 2\nexit\nno map a 1\n")
    }
}
