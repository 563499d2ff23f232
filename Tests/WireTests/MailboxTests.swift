import Foundation
import Testing

@testable import Wire

@Suite struct MailboxTests {
    private func isReadable(_ mailbox: Mailbox<Int>) -> Bool {
        var entry = pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    private func postFromAnotherThread(_ item: Int, to mailbox: Mailbox<Int>) {
        let thread = Thread { mailbox.post(item) }
        thread.start()
        while !thread.isFinished { usleep(1000) }
    }

    @Test func whatAnotherThreadPostsWakesEvenBehindAnItemOfTheOwner() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.adopt()
        mailbox.post(1)
        #expect(!isReadable(mailbox))
        #expect(mailbox.hasItems)
        postFromAnotherThread(2, to: mailbox)
        #expect(isReadable(mailbox))
        #expect(mailbox.take() == [1, 2])
        #expect(!isReadable(mailbox))
        #expect(!mailbox.hasItems)
        postFromAnotherThread(3, to: mailbox)
        #expect(isReadable(mailbox))
    }

    @Test func afterTheEndNothingIsTaken() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.post(1)
        #expect(mailbox.end() == [1])
        #expect(!mailbox.post(2))
    }
}
