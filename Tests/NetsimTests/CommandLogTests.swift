import Basics
import Foundation
import TestSupport
import Testing

@testable import Netsim

@Suite struct CommandLogTests {
    private let directory: TemporaryDirectory
    private let log: CommandLog

    init() throws {
        directory = try TemporaryDirectory("command-log")
        log = CommandLog(path: directory.path("log"), clock: WallClock { 1_763_774_462_007_999 })
    }

    @Test func aLineSaysWhenWhoWhereAndWhat() throws {
        log.record("show clock", mode: "#", client: "192.0.2.1")
        log.record("banner \u{1B}[2Jx\u{7}é", mode: "(config)#", client: "192.0.2.1")
        let time = "2025-11-22T01:21:02.007Z"
        #expect(
            try directory.text("log")
                == "\(time) 192.0.2.1 # show clock\n\(time) 192.0.2.1 (config)# banner .[2Jx.é\n")
        var info = stat()
        #expect(stat(log.path, &info) == 0 && info.st_mode & 0o777 == 0o600)
    }

    @Test func aLogThatHasGrownTooLongIsPutAside() throws {
        let old = [UInt8](repeating: 0x61, count: 8 << 20)
        try directory.write("log", old)
        log.record("last", mode: "#", client: "c")
        #expect(!directory.exists("log.1"))
        log.record("first", mode: "#", client: "c")
        #expect(try directory.bytes("log.1").starts(with: old) && directory.text("log").hasSuffix("Z c # first\n"))
        #expect(try directory.text("log").count(where: { $0 == "\n" }) == 1)
    }
}
