import Basics
import YANG

/// The YANG parser and compiler.
///
/// - What is read without an error and written again reads the same.
/// - A set without a schema has an error to show for it; every finding is a sentence with a place.
/// - What `strict` policy accepts, `vendor` policy accepts, with the same nodes.
/// - A schema is sound: slots, parents, types and keys fit together.
enum YANGCheck {
    static func fault(on bytes: [UInt8]) -> String? {
        let texts = bytes.split(separator: 0, maxSplits: 7).map(Array.init)
        if texts.isEmpty { return nil }
        for text in texts {
            if let fault = faultOfReading(text) { return fault }
        }
        let sources = texts.enumerated().map { SchemaCompiler.Source(path: "m\($0.offset).yang", bytes: $0.element) }
        let strict = compile(sources, .strict)
        let vendor = compile(sources, .vendor)
        for outcome in [strict, vendor] {
            if let fault = fault(of: outcome) { return fault }
        }
        if let schema = strict.schema {
            guard let other = vendor.schema else { return "vendor policy refuses what strict policy accepts" }
            guard schema.nodeCount == other.nodeCount else { return "the policies differ on a set without faults" }
        }
        return vendor.schema.flatMap(fault(of:))
    }

    private static func compile(
        _ sources: [SchemaCompiler.Source], _ policy: CompilePolicy
    ) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.policy = policy
        return SchemaCompiler(options: options).compile(sources)
    }

    private static func faultOfReading(_ text: [UInt8]) -> String? {
        let (statements, faults) = Statement.parse(text, path: "m.yang")
        if faults.contains(where: { $0.severity == .error }) { return nil }
        if faults.contains(where: \.summary.isEmpty) { return "a finding without a word" }
        let again = Statement.parse(Array(StatementText.text(of: statements).utf8), path: "m.yang")
        guard StatementText.areSame(statements, again.statements) else {
            return "written and read again, the statements differ: \(again.faults)"
        }
        return nil
    }

    private static func fault(of outcome: SchemaCompiler.Outcome) -> String? {
        if outcome.schema == nil, !outcome.hasErrors { return "no schema, and no error that says why" }
        if outcome.schema != nil, outcome.hasErrors { return "a schema in spite of errors" }
        for finding in outcome.diagnostics where finding.summary.isEmpty || (finding.place?.line ?? 1) < 0 {
            return "a finding without a word or with a wrong place"
        }
        return nil
    }

    private static func fault(of schema: Schema) -> String? {
        for index in 0..<Int32(schema.nodeCount) {
            let node = schema[NodeID(index)]
            if node.isTerminal, node.type == nil { return "\(node.path) has no type" }
            for (slot, child) in node.dataChildren.enumerated() where node.kind != .choice && node.kind != .case {
                guard child.slot == slot, child.dataParent == node else { return "\(child.path) is in a wrong slot" }
                guard node.dataChild(named: child.name, module: child.module.name) == child else {
                    return "\(child.path) is not found by its name"
                }
            }
            for child in node.children where child.parent != node { return "\(child.path) has a wrong parent" }
            for key in node.keys where key.dataParent != node { return "a key of \(node.path) is not below it" }
            if node.kind == .list, node.isConfig, node.keys.isEmpty, !isInOperation(node) {
                return "\(node.path) is configuration without a key"
            }
        }
        return nil
    }

    private static func isInOperation(_ node: SchemaNode) -> Bool {
        var next: SchemaNode? = node
        while let here = next {
            switch here.kind {
            case .rpc, .action, .notification, .input, .output: return true
            default: next = here.parent
            }
        }
        return false
    }

    private static let head = "yang-version 1.1;namespace \"urn:a\";prefix a;"

    static let seeds = [
        FuzzModels.dataText, FuzzModels.otherText, FuzzModels.deviceText,
        FuzzModels.dataText + "\0" + FuzzModels.otherText,
        """
        module a{\(head)import b{prefix b;revision-date 2020-01-01;}include s;
        augment "/b:c"{when "b:k='x'";leaf n{type b:t{range "1..3|5";}default 2;}}
        deviation /b:c/b:l{deviate replace{type uint8;}deviate add{must ".>3"{error-message "no";}units u;}}
        deviation /b:c/b:d{deviate not-supported;}identity i{base b:j;if-feature "f and not g or (h)";}
        feature f;feature g{if-feature f;}feature h;}
        \0module b{yang-version 1.1;namespace "urn:b";prefix b;revision 2020-01-01;identity j;
        typedef t{type int32{range "1..10";}}container c{leaf k{type string;}leaf l{type int8;}leaf d{type empty;}}}
        \0submodule s{yang-version 1.1;belongs-to a{prefix a;}grouping q{leaf z{type string{length 1..max;pattern "[a-z]+"{
        modifier invert-match;}}}list y{key "k";unique "u v/w";leaf k{type string;}leaf u{type string;}
        container v{leaf w{type string;}}}}}
        """,
        """
        module a{\(head)grouping g{leaf x{type leafref{path "../y";}}leaf y{type string;}choice c{default d;case d{
        leaf e{type bits{bit p{position 3;}bit q;}}}leaf f{type enumeration{enum m{value -4;}enum n;}}}}
        container o{uses g{refine y{default "v";mandatory false;}augment c{case r{anydata s;}}}}
        rpc w{input{leaf i{type binary;}}output{uses g;}}notification n{leaf-list t{type decimal64{fraction-digits 3;}}}
        list l{config false;leaf u{type union{type instance-identifier{require-instance false;}type boolean;}}
        action p{input{leaf v{type identityref{base j;}}}}}identity j;identity k{base j;}}
        """,
        """
        module a{\(head)extension e{argument "n"{yin-element true;}}a:e "x" + 'y' /* c */ {a:e; // d
        }\n  description "two
            lines \\t \\" ";organization o;contact c;reference r;revision 2021-02-03{description q;}
        leaf-list u{type string;ordered-by user;min-elements 1;max-elements unbounded;status deprecated;}}
        """,
    ]

    static let words =
        Keyword.allCases.dropFirst().map(\.text) + [
            "{", "}", ";", "\"", "'", "+", "//", "/*", "*/", "\0", "\n", "1.1", "1", "min..max", "|", "..", "true",
            "false", "current", "user", "unbounded", "not-supported", "add", "replace", "delete", "invert-match",
            "string", "int8", "uint64", "decimal64", "boolean", "binary", "bits", "empty", "enumeration", "identityref",
            "instance-identifier", "leafref", "union", "a:", "b:", "../", "/a:c", " and ", " or ", "not ", "-1",
            "9223372036854775807", "2020-01-01", "module a{yang-version 1.1;namespace \"urn:a\";prefix a;",
            "type string;", "uses g;", "grouping g{", "leaf x{type string;}", "submodule s{belongs-to a{prefix a;}",
        ]
}
