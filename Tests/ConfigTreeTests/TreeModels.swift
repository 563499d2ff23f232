import Basics
import ConfigTree
import Testing
import YANG

/// Numbers that are the same in every run with the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Small models compiled from source.
enum TreeModels {
    static func compile(_ texts: [String], policy: CompilePolicy = .strict) throws -> Schema {
        let sources = texts.enumerated().map {
            SchemaCompiler.Source(path: "t\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        var options = SchemaCompiler.Options()
        options.policy = policy
        let outcome = SchemaCompiler(options: options).compile(sources)
        guard let schema = outcome.schema else { throw DiagnosticsError(outcome.diagnostics) }
        return schema
    }

    static func module(_ name: String = "m", _ body: String) -> String {
        "module \(name) { yang-version 1.1; namespace \"urn:\(name)\"; prefix \(name); \(body) }"
    }

    static func model(named name: String = "m", _ body: String) throws -> DataModel {
        DataModel(try compile([module(name, body)]))
    }

    /// Every shape of node, for random edits.
    static let every = """
        container top {
          leaf a { type string; }
          leaf flag { type empty; }
          choice c {
            case x { leaf x1 { type string; } container xc { leaf x2 { type string; } } }
            case y {
              leaf y1 { type string; }
              leaf-list y2 { type string; }
              choice inner { leaf i1 { type string; } leaf i2 { type string; } }
            }
          }
          list l {
            key "k n";
            leaf v { type string; }
            leaf n { type uint8; }
            leaf k { type string; }
            container in { leaf w { type string; } }
            list sub { key id; ordered-by user; leaf id { type string; } leaf v { type string; } }
          }
          leaf-list ul { type string; ordered-by user; }
          leaf-list sl { type uint16; }
          container p { presence "on"; leaf q { type string; } }
        }
        """

    /// `/ncs:devices/device` with a mount point before the leaf that tells what is mounted; kinds `one` and `two`.
    static func devices() throws -> DataModel {
        let first = "leaf host { type string; } list i { key k; leaf k { type string; } }"
        let one = DataModel(try compile([module("one", first)]))
        let two = DataModel(try compile([module("two", "leaf host { type string; } leaf-list s { type string; }")]))
        let extensions = """
            module openned-extensions { namespace "urn:oned"; prefix oned;
              extension mount-point { argument name; } }
            """
        let outer = """
            module ncs { yang-version 1.1; namespace "urn:ncs"; prefix ncs;
              import openned-extensions { prefix oned; }
              container devices { list device { key name; leaf name { type string; }
                container config { oned:mount-point "device-config"; }
                leaf kind { type string; } } } }
            """
        return DataModel(try compile([outer, extensions])) { row, point in
            switch point.dataParent?.dataChild(named: "kind").flatMap({ row.value(in: $0.slot) }) {
            case "one": one
            case "two": two
            default: nil
            }
        }
    }
}

extension DataTree {
    /// Edits by path text, for short tests.
    func with(_ edits: (Edit, String)...) throws -> DataTree {
        var tree = self
        for (edit, path) in edits { tree = try tree.applying(edit, at: tree.path(path)) }
        return tree
    }

    /// All that is stored, a line an instance, in the order of a reader.
    var lines: [String] { rootInstance.children().flatMap(Self.lines) }

    private static func lines(_ instance: Instance) -> [String] {
        let path = instance.path.description
        switch instance.node.kind {
        case .leaf, .anydata, .anyxml: return ["\(path) \(instance.value ?? "")"]
        case .leafList: return [path]
        case .list: return [path] + instance.children().flatMap(lines)
        default: return (instance.node.isPresence ? [path] : []) + instance.children().flatMap(lines)
        }
    }
}
