import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// Models written as YANG, for what the two encodings have rules.
enum CodecModels {
    static func model(_ sources: [(name: String, text: String)]) throws -> DataModel {
        let outcome = SchemaCompiler().compile(
            sources.map { .init(path: "\($0.name).yang", bytes: Array($0.text.utf8)) })
        let faults = outcome.diagnostics.filter { $0.severity == .error }.map(\.description)
        #expect(faults == [])
        return DataModel(try #require(outcome.schema))
    }

    static let metadata = (
        "ietf-yang-metadata",
        """
        module ietf-yang-metadata {
          namespace "urn:ietf:params:xml:ns:yang:ietf-yang-metadata"; prefix md;
          extension annotation { argument name; }
        }
        """
    )

    /// One of each thing that is written in a way of its own.
    static let things = (
        "things",
        """
        module things {
          yang-version 1.1; namespace "urn:things"; prefix t;
          import ietf-yang-metadata { prefix md; }
          md:annotation owner { type string; }
          md:annotation seen { type uint32; }
          identity shape; identity square { base shape; }
          container top {
            leaf name { type string; }
            leaf size { type uint8; default 7; }
            leaf big { type int64; }
            leaf ratio { type decimal64 { fraction-digits 3; } }
            leaf on { type boolean; default true; }
            leaf none { type empty; }
            leaf shape { type identityref { base shape; } }
            leaf either { type union { type int32; type boolean; type string { pattern 'x.*'; } } }
            leaf number { type union { type uint8; type enumeration { enum auto; } } }
            leaf-list tag { type string; ordered-by user; }
            leaf-list preset { type string; default a; default b; }
            list item { key id; leaf id { type string; } leaf note { type string; default "-"; } }
            container box { presence yes; leaf in { type string; } }
            anydata any; anyxml xml;
          }
          rpc start { input { leaf delay { type uint8; } list job { key n; leaf n { type string; } } }
            output { leaf done { type boolean; } } }
          notification alarm { leaf severity { type string; } }
        }
        """
    )

    static func thingsModel() throws -> DataModel { try model([metadata, things]) }

    static func xml(_ content: String, _ model: DataModel, _ options: DecodeOptions = .init()) -> Decoded<DataTree> {
        let text = "<top xmlns='urn:things' xmlns:t='urn:things'>\(content)</top>"
        return XMLDataDecoder.tree(Array(text.utf8), file: "t.xml", model: model, options: options)
    }

    static func json(_ content: String, _ model: DataModel, _ options: DecodeOptions = .init()) -> Decoded<DataTree> {
        let text = "{\"things:top\":{\(content)}}"
        return JSONDataDecoder.tree(Array(text.utf8), file: "t.json", model: model, options: options)
    }

    static func printXML(_ tree: DataTree, _ change: (inout EncodeOptions) -> Void = { _ in }) -> String {
        var options = EncodeOptions(content: .all, pretty: false, wrapped: false)
        change(&options)
        return String(decoding: XMLDataEncoder.bytes(tree, options), as: UTF8.self)
    }

    static func printJSON(_ tree: DataTree, _ change: (inout EncodeOptions) -> Void = { _ in }) -> String {
        var options = EncodeOptions(content: .all, pretty: false, wrapped: false)
        change(&options)
        return String(decoding: JSONDataEncoder.bytes(tree, options), as: UTF8.self)
    }
}
