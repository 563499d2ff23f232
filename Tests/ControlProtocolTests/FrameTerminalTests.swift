import ControlProtocol
import Foundation
import TerminalSession
import TestSupport
import Testing

/// The terminal of a client, as the session at the other end sees it.
struct FrameTerminalTests {
    private func terminal() throws -> (client: FrameConnection, terminal: FrameTerminal) {
        let (client, server) = try socketPair()
        let description = TerminalDescription(isTerminal: true, workingDirectory: "/", hostName: "lab")
        let terminal = FrameTerminal(server, description)
        Thread { terminal.pump() }.start()
        return (client, terminal)
    }

    @Test func inputArrivesInOrderAndEnds() throws {
        let (client, terminal) = try terminal()
        for text in ["show ", "version", "\r"] { client.send(Frame(.input, text.utf8)) }
        client.send(Frame(.inputEnd))
        var input: [UInt8] = []
        while let bytes = terminal.read() { input += bytes }
        #expect(String(decoding: input, as: UTF8.self) == "show version\r")
    }

    @Test func sizesAreTakenOverAndNonsenseIsNot() throws {
        let (client, terminal) = try terminal()
        client.send(Frame(.resize, [0, 132, 0, 50]))
        #expect(eventually { terminal.columns == 132 && terminal.rows == 50 })
        client.send(Frame(.resize, [0, 0, 0, 0]))
        #expect(eventually { terminal.columns == 1 && terminal.rows == 1 })
        client.send(Frame(.resize, [9]))
        client.send(Frame(.input, [1]))
        #expect(terminal.read() == [1])
        #expect(terminal.columns == 1)
    }

    @Test func anInterruptOvertakesWhatWasTyped() throws {
        let (client, terminal) = try terminal()
        client.send(Frame(.input, "typed ahead".utf8))
        client.send(Frame(.interrupt))
        #expect(eventually { terminal.takeInterrupt() })
        #expect(!terminal.takeInterrupt())
        #expect(terminal.read() == Array("typed ahead".utf8))
        client.send(Frame(.interrupt))
        #expect(terminal.read() == [])
    }

    @Test func aClientThatIsGoneEndsInputAndFiles() throws {
        let (client, terminal) = try terminal()
        Thread {
            while let frame = try? client.receive(), frame.kind != .fileRead {}; client.close()
        }.start()
        #expect(throws: ControlError.self) { try terminal.readFile("/etc/hosts") }
        #expect(terminal.read() == nil)
        #expect(throws: ControlError.self) { try terminal.readFile("/etc/hosts") }
    }

    @Test func filesArePassedAndFaultsAreTold() throws {
        let (client, terminal) = try terminal()
        Thread {
            while let frame = try? client.receive() {
                guard frame.kind == .fileRead else { continue }
                if frame.text == "/absent" {
                    client.send(Frame(.fileFault, "no such file".utf8))
                } else {
                    for _ in 0..<3 { client.send(Frame(.fileData, frame.text.utf8)) }
                    client.send(Frame(.fileEnd))
                }
            }
        }.start()
        #expect(try terminal.readFile("/x") == Array("/x/x/x".utf8))
        #expect(throws: ControlError.self) { try terminal.readFile("/absent") }
        #expect(try terminal.readFile("/y") == Array("/y/y/y".utf8))
    }

    /// A client that types faster than the session reads has to wait; it does not fill the daemon's memory.
    @Test func inputIsTakenAsFastAsItIsRead() throws {
        let (client, terminal) = try terminal()
        let total = 40 << 20
        let chunk = [UInt8](repeating: 0x61, count: 1 << 20)
        Thread {
            for _ in 0..<40 { client.send(Frame(.input, chunk)) }
            client.send(Frame(.inputEnd))
        }.start()
        usleep(300_000)
        var (read, largest) = (0, 0)
        while let bytes = terminal.read() {
            read += bytes.count
            largest = max(largest, bytes.count)
        }
        #expect(read == total)
        #expect(largest <= 18 << 20)
    }
}
