import Foundation
import Synchronization
import Testing

@testable import Transactions

private let admin = ReservationOwner(id: 1, "admin (cli)")
private let oper = ReservationOwner(id: 2, "oper (rest)")
private let aspects: [ReservedAspect] = [
    .readValue, .readInstances, .readSubtree, .writeValue, .writeInstances, .writeSubtree,
]

@Test func aConflictNamesOwnerAndPath() throws {
    let reservations = Reservations()
    let held = try reservations.reserve(
        Claim([ReservedNode(["devices", "device", "ce0"], .writeSubtree)]), owner: admin)
    let conflict = #expect(throws: ReservationConflict.self) {
        _ = try reservations.reserve(
            Claim([ReservedNode(["devices", "device", "ce0", "config", "hostname"], .readValue)]), owner: oper)
    }
    #expect(conflict?.description == "/devices/device/ce0 is reserved by admin (cli)")
    held.release()
    _ = try reservations.reserve(Claim([ReservedNode(["devices"], .writeSubtree)]), owner: oper)
}

@Test func readersDoNotExcludeEachOther() throws {
    let reservations = Reservations()
    for first in aspects where !first.isWrite {
        for second in aspects where !second.isWrite {
            let held = try reservations.reserve(Claim([ReservedNode(["a"], first)]), owner: admin)
            let other = try reservations.reserve(Claim([ReservedNode(["a"], second)]), owner: oper)
            withExtendedLifetime((held, other)) {}
        }
    }
}

@Test func conflictsAreTheSameWhicheverComesFirst() {
    let places = [["a"], ["a", "b"], ["a", "b", "c"], ["x"]]
    for place in places {
        for other in places {
            for first in aspects {
                for second in aspects {
                    let one = Claim([ReservedNode(place, first)])
                    let two = Claim([ReservedNode(other, second)])
                    #expect(excludes(one, two) == excludes(two, one), "\(one) and \(two)")
                }
            }
        }
    }
}

private func excludes(_ one: Claim, _ two: Claim) -> Bool {
    let reservations = Reservations()
    guard let held = try? reservations.reserve(one, owner: admin) else { return true }
    defer { held.release() }
    return (try? reservations.reserve(two, owner: oper)) == nil
}

@Test func twoMayCreateDifferentEntriesButACountSeesThem() {
    let list = ["devices", "device"]
    let first = Claim([ReservedNode(list, .writeInstances), ReservedNode(list + ["ce0"], .writeSubtree)])
    let second = Claim([ReservedNode(list, .writeInstances), ReservedNode(list + ["ce1"], .writeSubtree)])
    #expect(!excludes(first, second))
    #expect(excludes(first, Claim([ReservedNode(list, .readInstances)])))
    #expect(
        !excludes(
            Claim([ReservedNode(list + ["ce0", "port"], .writeValue)]),
            Claim([ReservedNode(list, .readInstances)])))
}

@Test func waitersAreServedInOrder() throws {
    let reservations = Reservations()
    let claim = Claim([ReservedNode(["a"], .writeSubtree)])
    let held = try reservations.reserve(claim, owner: admin)
    let order = Mutex<[UInt64]>([])
    let ended = DispatchSemaphore(value: 0)
    for id in 2...5 as ClosedRange<UInt64> {
        let asked = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            asked.signal()
            let mine = try? reservations.reserve(
                claim, owner: ReservationOwner(id: id, "waiter \(id)"), waitMilliseconds: 20_000)
            order.withLock { $0.append(id) }
            mine?.release()
            ended.signal()
        }
        asked.wait()
        usleep(30_000)
    }
    held.release()
    for _ in 2...5 { ended.wait() }
    #expect(order.withLock { $0 } == [2, 3, 4, 5])
}

@Test func whoWaitsTooLongIsToldWhoHoldsIt() throws {
    let reservations = Reservations()
    let held = try reservations.reserve(Claim([ReservedNode(["a"], .writeValue)]), owner: admin)
    let conflict = #expect(throws: ReservationConflict.self) {
        _ = try reservations.reserve(Claim([ReservedNode([], .readSubtree)]), owner: oper, waitMilliseconds: 20)
    }
    #expect(conflict == ReservationConflict(owner: admin, path: ["a"]))
    held.release()
}
