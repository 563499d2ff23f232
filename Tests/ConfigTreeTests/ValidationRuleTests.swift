import Basics
import ConfigTree
import Testing
import YANG

private func tree(_ model: DataModel, _ settings: [(String, String?)]) throws -> DataTree {
    var tree = DataTree(model)
    for (path, value) in settings { try tree.apply(value.map(Edit.set) ?? .create, at: tree.path(path)) }
    return tree
}

private func faults(_ body: String, _ settings: [(String, String?)]) throws -> [String] {
    let model = try TreeModels.model(body)
    return Validator(model).violations(in: try tree(model, settings)).map { "\($0.path ?? "") \($0.appTag ?? "")" }
}

@Test func aDefaultWhoseConditionIsFalseIsNotThere() throws {
    let body = """
        leaf a { type boolean; default false; }
        leaf b { when "../a = 'true'"; type uint8; default 3; }
        container c { when "../b"; leaf d { type uint8; default 4; } }
        leaf e { type string; must "../b and ../c/d = 4"; }
        leaf f { type leafref { path "../c/d"; } }
        """
    let model = try TreeModels.model(body)
    let bare = try tree(model, [("/m:e", "x")])
    #expect(bare.rootInstance.value("b") == nil)
    #expect(bare.rootInstance.children(withDefaults: true).map(\.node.name) == ["a", "e"])
    #expect(Validator(model).violations(in: bare).map(\.appTag) == ["must-violation"])
    let full = try tree(model, [("/m:e", "x"), ("/m:f", "4"), ("/m:a", "true")])
    #expect(full.rootInstance.value("b") == "3")
    #expect(full.rootInstance.child("c")?.value("d") == "4")
    #expect(Validator(model).violations(in: full) == [])
    // What takes them away is noticed by what reads them.
    let changed = try full.applying(.set("false"), at: full.path("/m:a"))
    #expect(
        Validator(model).violations(in: changed, changedFrom: full).map(\.path) == ["/m:e", "/m:f"])
}

@Test func aValueThatTakesThePlaceOfADefaultIsMissedByReferences() throws {
    let model = try TreeModels.model(
        """
        list s { key k; leaf k { type uint8; } leaf label { type string; default d; } leaf-list n { type uint8; default 1; } }
        leaf r { type leafref { path "../s/label"; } }
        leaf t { type leafref { path "../s/n"; } }
        """)
    let old = try tree(model, [("/m:s{1}", nil), ("/m:r", "d"), ("/m:t", "1")])
    let validator = Validator(model)
    #expect(validator.violations(in: old) == [])
    let new = try tree(model, [("/m:s{1}/label", "e"), ("/m:s{1}/n{2}", nil), ("/m:r", "d"), ("/m:t", "1")])
    for found in [validator.violations(in: new), validator.violations(in: new, changedFrom: old)] {
        #expect(Set(found.map(\.path)) == ["/m:r", "/m:t"])
        #expect(Set(found.map(\.appTag)) == ["instance-required"])
    }
}

@Test func violationsBearTheTagsOfTheStandard() throws {
    let body = """
        container c { presence c;
          list l { key k; min-elements 1; max-elements 2; unique v; leaf k { type uint8; } leaf v { type string; } }
          leaf-list n { type uint8; min-elements 2; }
          choice x { mandatory true; leaf y { type string; } leaf z { type string; } }
          leaf m { type string; mandatory true; }
          leaf o { type string; must "false()"; }
          leaf p { type string; must "false()" { error-app-tag own; } }
          leaf r { type leafref { path "../l/k"; } }
        }
        """
    #expect(
        try faults(body, [("/m:c/n{1}", nil), ("/m:c/o", "1"), ("/m:c/p", "1"), ("/m:c/r", "9")])
            == [
                "/m:c/l too-few-elements", "/m:c/n too-few-elements", "/m:c missing-choice", "/m:c/m ",
                "/m:c/o must-violation",
                "/m:c/p own", "/m:c/r instance-required",
            ])
    let full: [(String, String?)] = [
        ("/m:c/n{1}", nil), ("/m:c/n{2}", nil), ("/m:c/y", "1"), ("/m:c/m", "1"), ("/m:c/l{1}/v", "a"),
        ("/m:c/l{2}/v", "a"), ("/m:c/l{3}/v", "b"),
    ]
    #expect(try faults(body, full) == ["/m:c/l too-many-elements", "/m:c/l[k='2'] data-not-unique"])
}

@Test func stateIsCheckedForItsOwnConstraintsAlone() throws {
    let model = try TreeModels.model(
        """
        leaf a { type string; mandatory true; }
        container s { config false;
          leaf b { type string; mandatory true; }
          leaf c { type uint8; must ". > count(../../a)"; }
          list l { leaf d { type leafref { path "/m:a"; } } }
        }
        """)
    let validator = Validator(model)
    let state = try tree(model, [("/m:s/c", "0")])
    #expect(validator.violations(in: state).map(\.path) == ["/m:a"])
    #expect(validator.stateViolations(in: state).map(\.path) == ["/m:s/b", "/m:s/c"])
    #expect(validator.stateViolations(in: try tree(model, [("/m:s/b", "x"), ("/m:s/c", "1")])) == [])
}

@Test func operationsAndNotificationsAreCheckedAtTheirPlace() throws {
    let model = try TreeModels.model(
        """
        leaf known { type string; }
        rpc go { input { leaf to { type leafref { path "/m:known"; } mandatory true; } leaf fast { type empty; must "../to"; } }
          output { leaf-list told { type uint8; min-elements 1; } } }
        list box { key k; leaf k { type string; } leaf size { type uint8; }
          action fill { input { leaf by { type uint8; must ". <= ../../../size" { error-message "too much"; } } } }
          notification full { leaf at { type string; mandatory true; } } }
        """)
    let validator = Validator(model)
    let data = try tree(model, [("/m:known", "there"), ("/m:box{a}/size", "3")])
    func content(_ path: String, _ part: NodeKind, _ name: String, _ value: String) throws -> [Diagnostic] {
        let path = try data.path(path)
        let node = try #require(path.last?.node)
        let inner = try #require(part == .notification ? node : node.children.first { $0.kind == part })
        let draft = RowDraft(inner)
        if let leaf = inner.dataChild(named: name) { draft.set(value, for: leaf) }
        return try validator.violations(in: draft.freeze(in: model), part: part, at: path, of: data)
    }
    #expect(try content("/m:go", .input, "to", "there") == [])
    #expect(try content("/m:go", .input, "to", "elsewhere").map(\.appTag) == ["instance-required"])
    #expect(try content("/m:go", .input, "fast", "").map(\.path) == ["/m:go/input/to", "/m:go/input/fast"])
    #expect(try content("/m:go", .output, "", "").map(\.appTag) == ["too-few-elements"])
    #expect(try content("/m:box{a}/fill", .input, "by", "3") == [])
    #expect(try content("/m:box{a}/fill", .input, "by", "4").map(\.summary) == ["too much"])
    #expect(try content("/m:box{a}/full", .notification, "at", "noon") == [])
    #expect(try content("/m:box{a}/full", .notification, "", "").map(\.path) == ["/m:box[k='a']/full/at"])
    #expect(throws: PathError.self) { try content("/m:box{b}/fill", .input, "by", "1") }
}

@Test func conditionsFallOneAfterTheOther() throws {
    // Each leaf is there while the one before it is: more of them than any fixed number of rounds.
    let leaves = (1...40).map { "leaf l\($0) { when \"../l\($0 - 1)\"; type string; }" }.joined(separator: " ")
    let model = try TreeModels.model("leaf l0 { type string; } \(leaves)")
    let old = try tree(model, (0...40).map { ("/m:l\($0)", "x") })
    let new = try old.applying(.delete, at: old.path("/m:l0"))
    let (pruned, removed) = try Validator(model).pruned(new, changedFrom: old)
    #expect(pruned.isEmpty && removed.count == 40)
}

@Test func keysOfInstanceIdentifiersAreCanonical() throws {
    let model = try TreeModels.model(
        """
        list l { key "n i"; leaf n { type uint8; } leaf i { type identityref { base b; } } leaf-list v { type int8; } }
        identity b; identity d { base b; }
        leaf r { type instance-identifier; }
        """)
    let type = try #require(model.schema.root.dataChild(named: "r")?.type)
    let context = ValueContext(schema: model.schema)
    let value = try type.canonical("/m:l[m:n='007'][m:i=\"d\"]/m:v[.='+5']", in: context)
    #expect(value == "/m:l[n='7'][i='m:d']/v[.='5']")
    let data = try tree(model, [("/m:l{7 m:d}/v{5}", nil), ("/m:r", value)])
    #expect(Validator(model).violations(in: data) == [])
    #expect(Validator(model).violations(in: try data.applying(.delete, at: data.path("/m:l"))).count == 1)
}

@Test func innerUnionsHoldReferencesToo() throws {
    let body = """
        leaf-list known { type string; }
        typedef inner { type union { type leafref { path "/m:known"; } type uint8; } }
        leaf u { type union { type inner; type enumeration { enum none; } } }
        """
    for value in ["7", "none", "there"] {
        #expect(try faults(body, [("/m:known{there}", nil), ("/m:u", value)]) == [])
    }
    #expect(try faults(body, [("/m:known{there}", nil), ("/m:u", "x")]) == ["/m:u instance-required"])
}
