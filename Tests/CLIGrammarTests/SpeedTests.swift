import ConfigTree
import Foundation
import Testing

@testable import CLIGrammar

/// Measures, when asked to (`OPENNED_MEASURE=1`, release build): how fast a large configuration is read, printed and
/// compared.
struct SpeedTests {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["OPENNED_MEASURE"] != nil, "set OPENNED_MEASURE to measure"))
    func largeConfigurationsAreReadAtTheSpeedOfReading() throws {
        let grammar = CLIGrammar(model: try TestModels.ownDriver.get(), dialect: .i)
        var text = "hostname big\n"
        for number in 0..<60_000 {
            text += """
                interface GigabitEthernet\(number / 48)/\(number % 48)
                 description Link to customer \(number) in row \(number % 97)
                 ip address 10.\(number / 65536).\(number / 256 % 256).\(number % 256) 255.255.255.0
                 shutdown
                !

                """
        }
        let bytes = Array(text.utf8)
        let clock = ContinuousClock()
        var parsed: ParsedConfiguration?
        let reading = try clock.measure { parsed = try grammar.parse(bytes) }
        let tree = try #require(parsed).tree
        #expect(parsed?.skipped.isEmpty == true)
        var out: [UInt8] = []
        let printing = clock.measure { grammar.render(tree, into: &out) }
        let changed = try grammar.parse(Array("interface GigabitEthernet7/7\n mtu 1400\n!\n".utf8), over: tree).tree
        var commands: [CLICommand] = []
        let comparing = clock.measure { commands = grammar.commands(from: tree, to: changed) }
        #expect(commands.count == 3)
        func rate(_ duration: Duration) -> Double {
            Double(bytes.count) / 1e6
                / (Double(duration.components.attoseconds) / 1e18 + Double(duration.components.seconds))
        }
        print("\(bytes.count) bytes: read \(rate(reading)) MB/s, print \(rate(printing)) MB/s, compare \(comparing)")
    }
}
