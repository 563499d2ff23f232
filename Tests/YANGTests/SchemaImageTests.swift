import Basics
import Foundation
import Testing

@testable import YANG

/// All that a schema says, as text: two schemas with the same text are the same to every reader.
private func description(of schema: Schema) -> [String] {
    var lines = schema.modules.map { "\($0)" } + schema.diagnostics.map(\.description)
    lines += schema.identities.ancestors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sorted())" }
    lines += schema.identities.abstract.sorted()
    for index in 0..<schema.nodeCount {
        let node = schema[NodeID(Int32(index))]
        lines.append(
            "\(index) \(node.path) \(node.kind) \(node.name) \(node.module.name) \(node.slot) \(node.isConfig)"
                + " \(node.isMandatory) \(node.isPresence) \(node.isUserOrdered) \(node.isKey) \(node.status)"
                + " \(node.minElements) \(node.maxElements) \(node.defaults) \(node.units ?? "-") \(node.place)"
                + " \(node.describingText ?? "-") \(node.keys.map(\.id)) \(node.uniques.map { $0.map(\.id) })"
                + " \(node.children.map(\.id)) \(node.dataChildren.map(\.id)) \(node.musts) \(node.whens)"
                + " \(node.extensions)")
        guard let type = node.type else { continue }
        lines.append(text(of: type))
    }
    return lines
}

private func text(of type: ResolvedType) -> String {
    let patterns = type.patterns.map {
        "\($0.source) \($0.isInverted) \($0.errorMessage ?? "-") \($0.errorAppTag ?? "-")"
    }
    var plain = type
    plain.patterns = []
    plain.members = []
    return "\(plain) \(patterns) \(type.members.map(text))"
}

@Suite struct SchemaImageTests {
    static let everything = """
        module m { yang-version 1.1; namespace "urn:m"; prefix m;
          feature f; identity base; identity one { base base; } identity two { base one; }
          extension note { argument text; }
          typedef percent { type uint8 { range "0..50 | 60..100"; } units "%"; default 7; }
          grouping g { leaf deep { type string { length "1..10"; pattern '[a-c]+' { error-message "no"; }
                                                 pattern 'b' { modifier invert-match; } } m:note "x"; } }
          container top { presence "yes"; description "the top";
            list entry { key "name id"; unique "value other"; min-elements 1; max-elements 9; ordered-by user;
              must "count(../entry) < 5 or value = 'a'" { error-message "too many"; error-app-tag "tag"; }
              leaf name { type string; } leaf id { type int64; } leaf value { type percent; }
              leaf other { type decimal64 { fraction-digits 3; range "-1.5..2.25"; } }
              leaf ref { type leafref { path "../../entry[name = current()/../name]/id"; } }
              leaf kind { type identityref { base base; } default two; }
              leaf-list flags { type bits { bit a; bit b { position 5; status deprecated; } } }
              leaf either { type union { type enumeration { enum x; enum y { value -3; } } type percent;
                                         type leafref { path "../id"; require-instance false; } } }
              choice how { default slow; case slow { leaf s { type empty; } } leaf quick { type binary; } }
              container inner { when "../name != 'none'"; uses g; status obsolete; }
            } }
          rpc go { input { leaf a { type instance-identifier; mandatory true; } } output { anydata b; } }
          notification happened { leaf at { type string; } } }
        """

    private func compiled() throws -> Schema {
        try #require(SchemaCompiler().compile([source(Self.everything)], key: Array(0..<32)).schema)
    }

    @Test func fileHoldsWhatTheCompilerMade() throws {
        let directory = try TemporaryDirectory()
        let schema = try compiled()
        try schema.writeImage(directory.path + "/a")
        let mapped = try #require(Schema(mapping: directory.path + "/a", key: Array(0..<32)))
        #expect(description(of: mapped) == description(of: schema))
        #expect(mapped.node("top/entry/kind")?.defaults == ["m:two"])
        #expect(mapped.node("top/entry/inner/deep")?.type?.patterns.first?.matcher.matches("abc") == true)
        #expect(mapped.node("top/entry/inner/deep")?.type?.patterns.first?.matcher.matches("abd") == false)
        #expect(mapped.root.dataChild(named: "top")?.dataChild(named: "nothing") == nil)
        #expect(Schema(mapping: directory.path + "/a", key: Array(1..<33)) == nil, "made of something else")
        #expect(throws: FileError.self, "an image is never written over another") {
            try schema.writeImage(directory.path + "/a")
        }
    }

    /// Fingerprints are of what a model means: not of places, prefixes and texts for people.
    @Test func fingerprintsTellWhatModelsMean() throws {
        func fingerprint(_ prefix: String, _ body: String) throws -> UInt64 {
            let text = "module m { yang-version 1.1; namespace urn:m; prefix \(prefix); \(body) }"
            let schema = try #require(SchemaCompiler().compile([source(text)]).schema)
            return schema.root.fingerprint
        }
        func body(_ p: String, type: String = "uint8", must: String = "/P:c/P:a = 1", more: String = "") -> String {
            "identity i; identity j { base i; } \(more) container c { leaf a { type \(type); } "
                + "leaf b { must \"\(must.replacingOccurrences(of: "P", with: p))\"; type identityref { base i; } } }"
        }
        let first = try fingerprint("m", body("m"))
        #expect(try fingerprint("other", body("other")) == first)
        #expect(try fingerprint("m", "description \"text\";\n\n\(body("m"))") == first)
        #expect(try fingerprint("m", body("m", must: "/P:c/P:a=1")) == first)
        #expect(try fingerprint("m", body("m", type: "uint16")) != first)
        #expect(try fingerprint("m", body("m", must: "/P:c/P:a = 2")) != first)
        #expect(try fingerprint("m", body("m", more: "identity k { base j; }")) != first, "more values of b")
    }

    @Test func noDamagedByteIsTakenForAnImage() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a"
        try compiled().writeImage(path)
        let whole = try DurableFiles.read(path)
        func opens(_ bytes: some Collection<UInt8>) throws -> Bool {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return Schema(mapping: path) != nil
        }
        #expect(try opens(whole))
        for index in stride(from: 0, to: whole.count, by: 7) {
            var damaged = whole
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(try !opens(damaged), "byte \(index)")
        }
        for size in stride(from: 0, to: whole.count, by: 101) { #expect(try !opens(whole[..<size])) }
        #expect(try !opens(whole + [0]))
        #expect(try !opens([UInt8](repeating: 0xFF, count: 5000)))
    }

    /// Numbers that lead outside are refused even where the hashes are right, as after a fault of the writer.
    @Test func numbersOutsideAreRefusedWithRightHashes() throws {
        let schema = try compiled()
        let header = ImageHeader(schema.image.bytes)
        let nodes = header.range(.nodes)
        for (field, value) in [(4, 0xFFFF), (8, 99), (12, 500), (20 + 4, 9_999), (28, 9_999), (32, 9_999), (36, 9_999)]
        {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: schema.image.bytes.count, alignment: 16)
            defer { copy.deallocate() }
            copy.copyMemory(from: schema.image.bytes)
            copy.storeBytes(of: UInt32(value), toByteOffset: nodes.lowerBound + 64 * 2 + field, as: UInt32.self)
            let entry = 24 + ImageLayout.Section.nodes.rawValue * 24 + 16
            let hash = ImageHash.of(UnsafeRawBufferPointer(rebasing: copy[nodes]))
            copy.storeBytes(of: hash, toByteOffset: entry, as: UInt64.self)
            let end = ImageLayout.headerSize - 8
            copy.storeBytes(
                of: ImageHash.of(UnsafeRawBufferPointer(rebasing: copy[..<end])), toByteOffset: end, as: UInt64.self)
            #expect(ImageCheck(UnsafeRawBufferPointer(copy)).isWhole(key: nil) == false, "field at \(field)")
        }
        #expect(ImageCheck(schema.image.bytes).isWhole(key: nil))
    }

    @Test(.enabled(if: SharedData.hasAll)) func imagesAreSmall() throws {
        var options = SchemaCompiler.Options()
        options.searchPath = SharedData.ownModules + [SharedData.standardModules]
        let sources = SharedData.sources("openconfig/v5.0.0")
        let schema = try #require(SchemaCompiler(options: options).compile(sources).schema)
        #expect(schema.byteCount / schema.nodeCount <= 200)
        #expect(ImageCheck(schema.image.bytes).isWhole(key: nil))
    }

    @Test func uniformStretchesAreUniform() {
        for stretch in ScalarSet.uniformStretches where stretch.category != .surrogate {
            for value in Swift.stride(from: stretch.range.lowerBound, through: stretch.range.upperBound, by: 61) {
                #expect(Unicode.Scalar(value)?.properties.generalCategory == stretch.category)
            }
            #expect(Unicode.Scalar(stretch.range.upperBound)?.properties.generalCategory == stretch.category)
        }
        let runs = ScalarSet.runs
        #expect(runs.first?.range.lowerBound == 0 && runs.last?.range.upperBound == 0x10FFFF)
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.range.upperBound + 1 == $1.range.lowerBound })
    }
}
