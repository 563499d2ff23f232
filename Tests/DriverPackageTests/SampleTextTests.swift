import Basics
import CLIGrammar
import ConfigTree
import Testing
import YANG

/// The text samples of the drivers: what a router shows, and the same as data.
@Suite struct SampleTextTests {
    @Test(arguments: ShippedSources.drivers) func textAndDataSayTheSame(driver: String) throws {
        let model = DataModel(try ShippedSources.driver(driver))
        let grammar = CLIGrammar(model: model, dialect: ShippedSources.dialect(driver))
        let parsed = try grammar.parse(try ShippedSources.bytes("packages/\(driver)/test/branch.cfg"))
        #expect(parsed.skipped == [])
        let path = "packages/\(driver)/test/branch.xml"
        let data = try XMLDataDecoder.tree(try ShippedSources.bytes(path), file: path, model: model).get()
        #expect(grammar.render(parsed.tree) == grammar.render(data))
        #expect(
            String(decoding: XMLDataEncoder.bytes(parsed.tree), as: UTF8.self)
                == String(decoding: XMLDataEncoder.bytes(data), as: UTF8.self))
    }

    @Test(arguments: ShippedSources.drivers) func dataIsShownAsTheRouterShowsIt(driver: String) throws {
        let model = DataModel(try ShippedSources.driver(driver))
        let path = "packages/\(driver)/test/branch.xml"
        let data = try XMLDataDecoder.tree(try ShippedSources.bytes(path), file: path, model: model).get()
        let shown = CLIGrammar(model: model, dialect: ShippedSources.dialect(driver)).render(data)
        let text = String(decoding: try ShippedSources.bytes("packages/\(driver)/test/branch.cfg"), as: UTF8.self)
        #expect(shown == text)
    }

    /// Larger samples, in the order in which the driver itself writes.
    @Test(arguments: [
        "openned-ios-cli-2.0/test/campus.cfg", "openned-ios-cli-2.0/test/edge.cfg", "openned-nx-cli-1.0/test/leaf.cfg",
    ])
    func largeSampleIsReadWhole(path: String) throws {
        let driver = String(path.prefix { $0 != "/" })
        let model = DataModel(try ShippedSources.driver(driver))
        let grammar = CLIGrammar(model: model, dialect: ShippedSources.dialect(driver))
        let text = try ShippedSources.bytes("packages/\(path)")
        let parsed = try grammar.parse(text)
        #expect(parsed.skipped == [])
        #expect(grammar.render(parsed.tree) == String(decoding: text, as: UTF8.self))
        #expect(Validator(model).violations(in: parsed.tree).map(\.description) == [])
    }

    @Test func statementsAndCommandsSayTheSame() throws {
        let folder = "packages/openned-junos-cli-1.0/test"
        let grammar = CLIGrammar(model: DataModel(try ShippedSources.driver("openned-junos-cli-1.0")), dialect: .j)
        let set = try ShippedSources.bytes("\(folder)/branch.set")
        let parsed = try grammar.parse(set)
        #expect(parsed.skipped == [])
        #expect(Array(grammar.render(parsed.tree).utf8) == (try ShippedSources.bytes("\(folder)/branch.cfg")))
        #expect(grammar.setCommands(parsed.tree) == String(decoding: set, as: UTF8.self))
    }
}
