import Basics
import Testing

@testable import YANG

/// Structures, metadata annotations, mount labels and extension statements that stand on no node.
struct SchemaDefinitionTests {
    private let structureExtensions = """
        module ietf-yang-structure-ext { yang-version 1.1; namespace "urn:sx"; prefix sx;
          extension structure { argument name; } extension augment-structure { argument path; } }
        """
    private let metadata = """
        module ietf-yang-metadata { namespace "urn:md"; prefix md; extension annotation { argument name; } }
        """
    private let mount = """
        module ietf-yang-schema-mount { yang-version 1.1; namespace "urn:mnt"; prefix m;
          extension mount-point { argument label; } }
        """

    @Test func structuresAreTreesBesideTheDataTree() throws {
        let outcome = compile(
            module(
                "a",
                """
                ietf-yang-structure-ext:structure s { must "x";
                  leaf x { type leafref { path "/s/l/n"; } } list l { leaf n { config true; type string; } } }
                container c;
                """, imports: ["ietf-yang-structure-ext"]),
            module(
                "b", "ietf-yang-structure-ext:augment-structure /a:s/a:l { leaf added { type int8; } }",
                imports: ["ietf-yang-structure-ext", "a"]),
            library: [structureExtensions])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(outcome.findings.isEmpty)
        #expect(schema.outline == ["container c"])
        let structure = try #require(schema.structure(named: "s", module: "a"))
        #expect(structure.kind == .container && !structure.isConfig && structure.structure?.kind == .structure)
        #expect(structure.path == "/a:s" && structure.dataChildren.map(\.name) == ["x", "l"])
        let added = try #require(structure.dataChild(named: "l")?.dataChild(named: "added"))
        #expect(added.module.name == "b")
        #expect(structure.dataChild(named: "x")?.type?.leafrefTarget != nil)
        #expect(schema.structure(named: "s", module: "b") == nil)
    }

    @Test func faultyStructuresAreRefused() {
        let outcome = compile(
            module(
                "a",
                """
                ietf-yang-structure-ext:structure s { rpc r; }
                ietf-yang-structure-ext:structure s { leaf x { type string; } }
                ietf-yang-structure-ext:augment-structure /a:t { leaf y { type string; } }
                """, imports: ["ietf-yang-structure-ext"]),
            library: [structureExtensions])
        #expect(
            outcome.findings == [
                "a.yang:2:39: 'rpc' may not stand in 'structure'", "a.yang:3:1: structure 's' is defined twice",
                "a.yang:4:1: 'augment-structure /a:t' names no node: there is no 't'",
            ])
    }

    @Test func metadataAnnotationsAreLookedUpByModuleAndNamespace() throws {
        let outcome = compile(
            module(
                "a",
                """
                feature off;
                ietf-yang-metadata:annotation seen { type uint8 { range 1..9; } units times; description "d"; }
                ietf-yang-metadata:annotation gone { if-feature off; type string; }
                """, imports: ["ietf-yang-metadata"]),
            features: FeatureSelection(byModule: ["a": .only([])]), library: [metadata])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        let annotation = try #require(schema.metadataAnnotation(named: "seen", namespace: "urn:a"))
        #expect(annotation.type.ranges == [1...9] && annotation.units == "times" && annotation.description == "d")
        #expect(schema.metadataAnnotations.map(\.name) == ["seen"])
        #expect(schema.metadataAnnotation(named: "gone", module: "a") == nil)
    }

    @Test func annotationsNeedATypeAndAName() {
        let outcome = compile(
            module(
                "a", "ietf-yang-metadata:annotation x { units u; } ietf-yang-metadata:annotation 9 { type int8; }",
                imports: ["ietf-yang-metadata"]), library: [metadata])
        #expect(outcome.findings.contains("a.yang:2:1: 'annotation x' has no 'type'"))
        #expect(outcome.findings.contains("a.yang:2:46: '9' is no argument of 'ietf-yang-metadata:annotation'"))
    }

    @Test func mountPointsKeepTheirLabel() throws {
        let text = module(
            "a",
            """
            container c { ietf-yang-schema-mount:mount-point one; leaf x { type string; } }
            list l { key k; leaf k { type string; } ietf-yang-schema-mount:mount-point two; }
            """, imports: ["ietf-yang-schema-mount"])
        let schema = try #require(compile(text, library: [mount]).schema)
        #expect(schema.node("c")?.mountLabel == "one" && schema.node("l")?.mountLabel == "two")
        let leaf = module(
            "a", "leaf x { type string; ietf-yang-schema-mount:mount-point one; }", imports: ["ietf-yang-schema-mount"])
        #expect(compile(leaf, library: [mount]).findings == ["a.yang:2:23: 'x' is a leaf, which is no mount point"])
        let old = """
            module a { namespace "urn:a"; prefix a; import ietf-yang-schema-mount { prefix m; }
            container c { m:mount-point one; } }
            """
        #expect(
            compile(old, library: [mount]).findings == ["a.yang:2:15: mount point in a module of YANG version 1"])
    }

    @Test func extensionsOfModulesUsesAndGroupingsAreKept() throws {
        let text = module(
            "a",
            """
            tailf-common:info "the module";
            grouping g { tailf-common:info "the grouping"; leaf x { type string; } }
            container c { uses g { tailf-common:info "the uses"; } leaf y { type string; } }
            """, imports: ["tailf-common"])
        let schema = try #require(compile(text, library: [tailf]).schema)
        #expect(schema.module(named: "a")?.extensions.map(\.argument) == ["the module"])
        #expect(schema.node("c/x")?.originExtensions.map(\.argument) == ["the grouping", "the uses"])
        #expect(schema.node("c/y")?.originExtensions.isEmpty == true)
        #expect(schema.node("c/x")?.extensions.isEmpty == true)
    }
}
