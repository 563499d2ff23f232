import Basics
import Foundation
import Testing

@testable import YANG

/// Recipes on small modules: what they change, and what is said of them.
struct RecipeTests {
    private static let model = """
        module m { yang-version 1.1; namespace "urn:m"; prefix m;
          revision 2026-02-02;
          grouping g {
            leaf kept { type string; }
            leaf wrong { type sting; must "a"; must "a"; }
          }
          container top { uses g; leaf extra { type int8; } }
        }
        """

    private func compile(
        in model: String = RecipeTests.model, policy: CompilePolicy = .strict, _ recipes: String...
    ) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.policy = policy
        options.recipes = recipes.enumerated().map {
            SchemaCompiler.Source(path: "r\($0.offset).recipe", bytes: Array($0.element.utf8))
        }
        return SchemaCompiler(options: options).compile([.init(path: "m.yang", bytes: Array(model.utf8))])
    }

    private func recipe(_ body: String, name: String = "one") -> String {
        "recipe \(name) { module m; fault \"It is wrong.\";\n\(body)\n}"
    }

    @Test func eachOperationChangesItsStatement() throws {
        let outcome = compile(
            recipe(
                """
                replace "grouping g / leaf wrong / type" { type string; }
                remove "/grouping g/leaf wrong/must 'a' [2]";
                remove "grouping g / leaf wrong / must";
                add "container top" { leaf added { type m:t; } }
                add "" { typedef t { type uint8; } organization "ours"; }
                """))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.outline == ["container top", "  leaf kept", "  leaf wrong", "  leaf extra", "  leaf added"])
        #expect(schema.node("top/wrong")?.type?.base == .string && schema.node("top/wrong")?.musts.isEmpty == true)
        #expect(schema.node("top/added")?.place.description == "r0.recipe:5:23")
        #expect(schema.node("top/extra")?.place.description == "m.yang:7:27")
        #expect(
            outcome.diagnostics.map(\.description) == [
                "r0.recipe:1:1: note: recipe 'one' applied to m@2026-02-02: It is wrong."
            ])
    }

    @Test func faultsOfAddedStatementsAreInTheRecipeFile() {
        let outcome = compile(
            recipe("replace \"grouping g / leaf wrong / type\" {\n type nothing; }"))
        #expect(outcome.diagnostics.contains { $0.place?.description == "r0.recipe:3:2" && $0.severity == .error })
    }

    @Test func textIsSubstitutedBeforeParsing() throws {
        let broken = Self.model.replacing("type sting; must \"a\"; must \"a\";", with: "type string")
        #expect(compile(in: broken).schema == nil)
        let outcome = compile(
            in: broken, recipe("substitute \"string }\" { with \"string; }\"; lines \".*leaf wrong.*\"; count 1; }"))
        #expect(outcome.schema != nil, "\(outcome.findings)")
        #expect(outcome.schema?.node("top/extra")?.place.description == "m.yang:7:27")
    }

    @Test(arguments: [
        ("remove \"grouping g / leaf other\";", "there is no 'leaf other' in 'grouping g' (m.yang:3:3)"),
        ("remove \"grouping g / leaf\";", "'leaf' names 2 statements of 'grouping g' (m.yang:3:3)"),
        ("remove \"container top / leaf [2]\";", "there is no 'leaf' number 2 in 'container top' (m.yang:7:3)"),
        ("replace \"container top / leaf extra / type\" { type int8; }", "'container top / leaf extra / type' is like"),
        ("add \"container top\" { leaf extra { type int8; } }", "everything that it adds is there already"),
        ("substitute \"absent\" { with \"x\"; }", "the text \"absent\" is there 0 times in m@2026-02-02"),
        ("substitute \"type int8\" { with \"type int9\"; count 2; }", "the text \"type int8\" is there once"),
        ("substitute \"type\" { with \"tipe\"; lines \"nothing\"; }", "the text \"type\" is there 0 times"),
        ("revision 2020-01-01; remove \"container top\";", "module 'm' has revision 2026-02-02, and the recipe is for"),
    ])
    func recipeThatDoesNotApplyIsAWarning(body: String, reason: String) throws {
        let outcome = compile(
            in: Self.model.replacing("sting; must \"a\"; must \"a\";", with: "string;"), recipe(body))
        #expect(outcome.schema?.nodeCount == 5, "\(outcome.findings)")
        let warning = try #require(outcome.diagnostics.first)
        #expect(outcome.diagnostics.count == 1 && warning.severity == .warning && !warning.remedy.isEmpty)
        #expect(warning.summary.hasPrefix("recipe 'one' does not apply: \(reason)"), "\(warning)")
        #expect(warning.place?.file == "r0.recipe" && (1...2).contains(warning.place?.line ?? 0))
    }

    @Test func recipeIsAppliedWholeOrNotAtAll() throws {
        let outcome = compile(
            in: Self.model.replacing("sting", with: "string"),
            recipe("remove \"container top / leaf extra\";\nremove \"container top / leaf extra\";"))
        #expect(outcome.schema?.node("top/extra") != nil)
        let warning = outcome.diagnostics.first { $0.place?.file == "r0.recipe" }
        #expect(warning?.place?.line == 3 && warning?.severity == .warning, "\(outcome.findings)")
    }

    @Test func moduleThatIsNotThereIsNamed() {
        let outcome = compile("recipe a { module other; fault \"f\"; remove \"leaf x\"; }")
        #expect(
            outcome.findings.contains(
                "r0.recipe:1:1: recipe 'a' does not apply: module 'other' is not part of this run"))
    }

    @Test(arguments: [
        ("leaf x;", "1:1: 'leaf' begins no recipe"),
        ("recipe a { fault \"f\"; remove \"leaf x\"; }", "1:1: recipe 'a' has no module"),
        ("recipe a { module m; remove \"leaf x\"; }", "1:1: recipe 'a' has no fault"),
        ("recipe a { module m; fault \"f\"; }", "1:1: recipe 'a' changes nothing"),
        ("recipe a { module m; fault \"f\"; remove \"\"; }", "1:33: 'remove' names no statement"),
        ("recipe a { module m; fault \"f\"; remove \"leaf x /\"; }", "1:33: 'leaf x /' is no path of statements"),
        ("recipe a { module m; fault \"f\"; remove \"leaf x [0]\"; }", "1:33: 'leaf x [0]' is no path of statements"),
        ("recipe a { module m; fault \"f\"; remove \"leaf 'x\"; }", "1:33: 'leaf 'x' is no path of statements"),
        ("recipe a { module m; fault \"f\"; add \"leaf x\"; }", "1:33: 'add' has no statements in it"),
        ("recipe a { module m; fault \"f\"; remove \"leaf x\" { a; } }", "1:33: 'remove' has statements in it"),
        ("recipe a { module m; fault \"f\"; mend \"leaf x\"; }", "1:33: a recipe has no 'mend'"),
        ("recipe a { module m; fault \"f\"; substitute \"x\"; }", "1:33: substitute does not say by what"),
        (
            "recipe a { module m; fault \"f\"; substitute \"x\" { with \"x\"; } }",
            "1:33: the text is substituted by itself"
        ),
        (
            "recipe a { module m; fault \"f\"; substitute \"x\" { with \"\\n\"; } }",
            "1:33: the new text has another number"
        ),
        ("recipe a { module m; fault \"f\"; substitute \"x\" { with y; lines \"(\"; } }", "1:58: '(' is no pattern"),
        ("recipe a { module m; fault \"f\"; substitute \"x\" { with y; count 0; } }", "1:58: '0' is no count"),
        ("recipe a { module m; fault \"f\"; revision new; remove \"leaf x\"; }", "1:33: 'new' is no revision"),
        (
            "recipe a { module m; fault \"f\"; remove \"leaf x\"; substitute \"x\" { with y; } }",
            "1:50: recipe 'a' changes text and statements"
        ),
    ])
    func faultyRecipeFileIsAnError(text: String, fault: String) {
        let outcome = compile(in: "module m { namespace \"urn:m\"; prefix m; }", text)
        #expect(outcome.schema == nil)
        #expect(outcome.findings.contains { $0.hasPrefix("r0.recipe:\(fault)") }, "\(outcome.findings)")
    }

    @Test func namesOfRecipesDiffer() {
        let text = recipe("remove \"container top\";")
        let outcome = compile(text, text)
        #expect(outcome.findings.contains("r1.recipe:1:1: recipe 'one' is there twice"))
    }

    @Test func hostileTextsEndSoon() {
        let long = String(repeating: "a / ", count: 5_000)
        #expect(compile(recipe("remove \"\(long)b\";")).findings.contains { $0.contains("more than 64 steps") })
        let growing = (0..<40).map {
            "substitute \"x\" { with \"\(String(repeating: "x", count: 1_000))\"; }  // \($0)"
        }
        let outcome = compile(
            in: "module m { namespace \"urn:m\"; prefix m; description \"x\"; }",
            recipe(growing.joined(separator: "\n")))
        #expect(outcome.findings.contains { $0.contains("becomes larger than") }, "\(outcome.findings)")
    }

    @Test func digestFollowsTheContent() {
        let one = [SchemaCompiler.Source(path: "a", bytes: Array("x".utf8))]
        #expect(RecipeBook.digest(one) == RecipeBook.digest([.init(path: "b", bytes: Array("x".utf8))]))
        #expect(RecipeBook.digest(one) != RecipeBook.digest([]))
        #expect(RecipeBook.digest(one + one) != RecipeBook.digest([.init(path: "b", bytes: Array("xx".utf8))]))
    }

    @Test func submodulesHaveRecipesOfTheirOwn() throws {
        var options = SchemaCompiler.Options()
        let text = "recipe s { module sub; fault f; replace \"leaf l / type\" { type int8; } }"
        options.recipes = [.init(path: "s.recipe", bytes: Array(text.utf8))]
        let outcome = SchemaCompiler(options: options).compile([
            source("module m { namespace \"urn:m\"; prefix m; include sub; }"),
            source("submodule sub { belongs-to m { prefix m; } leaf l { type nothing; } }"),
        ])
        #expect(outcome.schema?.node("l")?.type?.base == .int8, "\(outcome.findings)")
    }
}

/// Recipes as `ncsc` takes them, in the files that it makes.
struct RecipeFileTests {
    @Test func bundleIsHealedAndItsFilesCarryTheRecipe() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(module("a", "leaf l { type nothing; }"), to: "yang/a.yang")
        _ = try directory.write(module("b", "leaf l { type string; }"), to: "yang/b.yang")
        let text = "recipe r { module a; fault \"No such type.\"; replace \"leaf l / type\" { type int8; } }"
        _ = try directory.write(text, to: "recipes/a.recipe")
        var errors: [String] = []
        func run(_ more: [String]) -> Int32 {
            errors = []
            let arguments = [
                "--ncs-compile-bundle", directory.path + "/yang", "--ncs-device-dir", directory.path + "/out",
                "--ncs-device-type", "netconf",
            ]
            return CompilerCommand.run(
                arguments: arguments + more, environment: [:], output: { _ in }, errors: { errors.append($0) })
        }
        #expect(run([]) == 1)
        #expect(run(["--recipes", directory.path + "/recipes"]) == 0, "\(errors)")
        #expect(errors.contains { $0.hasSuffix("a.recipe:1:1: note: recipe 'r' applied to a: No such type.") })
        let healed = try CompiledModule.read(path: directory.path + "/out/modules/fxs/a.fxs")
        #expect(healed.texts.map(\.role) == [.module, .recipe])
        #expect(String(decoding: healed.texts[0].bytes, as: UTF8.self).contains("nothing"))
        #expect(try CompiledModule.read(path: directory.path + "/out/modules/fxs/b.fxs").texts.count == 1)
        #expect(run(["--recipes", directory.path + "/recipes/none.recipe"]) == 1)
        #expect(errors == ["ncsc: \(directory.path)/recipes/none.recipe: cannot be read"])
    }
}

/// The example of docs/YANG.md: the references of TAPI v2.3.1 to what is no configuration.
@Suite(.enabled(if: SharedData.hasAll, "the shared data, our modules or the standard modules are not here"))
struct PublishedModelRecipeTests {
    @Test func recipesHealPublishedModels() throws {
        var options = SchemaCompiler.Options()
        options.searchPath = SharedData.ownModules + [SharedData.standardModules]
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Recipes/tapi.recipe").path
        let bytes = try #require(FileManager.default.contents(atPath: path))
        options.recipes = [.init(path: "tapi.recipe", bytes: [UInt8](bytes))]
        let outcome = SchemaCompiler(options: options).compile(SharedData.sources("tapi/v2.3.1"))
        #expect(outcome.schema != nil, "\(outcome.findings.prefix(5))")
        #expect(outcome.diagnostics.allSatisfy { $0.severity == .note }, "\(outcome.findings.prefix(20))")
        // The next revision, or the one before, is none that the recipes are for.
        let other = SchemaCompiler(options: options).compile(SharedData.sources("tapi/v2.1.3"))
        #expect(other.schema != nil)
        #expect(other.findings.contains { $0.contains("has revision") && $0.contains("and the recipe is for") })
    }
}
