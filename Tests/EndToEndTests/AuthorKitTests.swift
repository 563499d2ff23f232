import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `ncs-ned` as an author uses it: against a simulated device, and without one.
    @Suite struct AuthorKitTests {
        @Test func driverConformsAndItsSessionIsRecordedAndReplayed() throws {
            try Lab.use("author-kit") { lab in
                let said = try lab.shell("ncs-ned conform \(Lab.newDriver)")
                try require(said, contains: "ok    change: ", "ok    same again", "10 checks, 0 failed, 0 skipped")

                try lab.shell("ncs-netsim create-network \(Lab.newDriver) 1 r && ncs-netsim start")
                let port = try lab.cliPort("r0")
                let record = "ncs-ned record \(Lab.newDriver) 127.0.0.1 r0.json --port \(port)"
                try require(try lab.shell(record), contains: "r0.json: ", "0 lines not in the model")
                try lab.shell("ncs-netsim stop")
                let replayed = try lab.shell("ncs-ned conform \(Lab.newDriver) --recording r0.json")
                try require(replayed, contains: "ok    read", "10 checks, 0 failed, 5 skipped")

                let outcome = try lab.attempt("ncs-ned", ["conform", Lab.newDriver, "--recording", "none.json"])
                #expect(outcome.status == 1 && outcome.errors.contains("none.json"))
                #expect(try lab.attempt("ncs-ned", ["conform"]).status == 2)
            }
        }
    }
}
