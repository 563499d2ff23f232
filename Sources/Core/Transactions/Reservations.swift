internal import Foundation
internal import Synchronization

/// Who holds a reservation, as a conflict names it.
package struct ReservationOwner: Hashable, Sendable, CustomStringConvertible {
    /// The session or transaction, unique while it lives. Claims of one owner never conflict with each other.
    package var id: UInt64
    /// `admin (cli)`.
    package var description: String

    package init(id: UInt64, _ description: String) {
        self.id = id
        self.description = description
    }
}

/// What a transaction writes or its validation has read at a node.
package enum ReservedAspect: Hashable, Sendable {
    /// The value of a leaf, or that there is none.
    case readValue
    /// Which entries a list has: a count, a uniqueness, an absence.
    case readInstances
    /// Everything at and below the node.
    case readSubtree
    case writeValue
    /// Entries of a list are created or deleted; each of them is a `writeSubtree` of its own.
    case writeInstances
    /// The node is created, deleted or replaced as a whole.
    case writeSubtree

    var isWrite: Bool { self == .writeValue || self == .writeInstances || self == .writeSubtree }
    var isSubtree: Bool { self == .readSubtree || self == .writeSubtree }

    /// Whether two claims at the same node exclude each other.
    func excludes(_ other: ReservedAspect) -> Bool {
        if !isWrite, !other.isWrite { return false }
        return !(self == .writeInstances && other == .writeInstances)
    }

    /// Whether a claim at a node excludes `other` at a node below.
    func excludesBelow(_ other: ReservedAspect) -> Bool { isSubtree && (isWrite || other.isWrite) }
}

/// A node, as the names and keys on the way from the root, and what is claimed of it.
package struct ReservedNode: Hashable, Sendable {
    package var path: [String]
    package var aspect: ReservedAspect

    package init(_ path: [String], _ aspect: ReservedAspect) {
        self.path = path
        self.aspect = aspect
    }
}

/// All that a transaction writes and that its validation has read.
package struct Claim: Hashable, Sendable {
    package var nodes: [ReservedNode]

    package init(_ nodes: [ReservedNode]) { self.nodes = nodes }

    /// Whether this claim and another one cannot be granted at the same time.
    package func excludes(_ other: Claim) -> Bool {
        var tree = ClaimTree()
        tree.insert(other, ReservationOwner(id: 1, ""))
        return tree.conflict(self, ReservationOwner(id: 0, "")) != nil
    }
}

/// Somebody else holds what was asked for.
package struct ReservationConflict: Error, Hashable, Sendable, CustomStringConvertible {
    package var owner: ReservationOwner
    package var path: [String]

    /// `/devices/device/ce0 is reserved by admin (cli)`.
    package var description: String { "/\(path.joined(separator: "/")) is reserved by \(owner)" }
}

/// What transactions hold between their validation and their end.
///
/// Invariants:
/// - A claim is granted as a whole or not at all, so that no two owners can wait for each other.
/// - A claim is granted before an earlier one that waits only if the two do not exclude each other.
package final class Reservations: Sendable {
    private struct Waiter: Sendable {
        var id: UInt64
        var owner: ReservationOwner
        var claim: Claim
        var tree: ClaimTree
        var granted: DispatchSemaphore
    }

    private struct State: Sendable {
        var held = ClaimTree()
        var waiters: [Waiter] = []
        var nextID: UInt64 = 1
    }

    private let state = Mutex(State())

    package init() {}

    /// Reserves all of `claim`, waiting for others to release what they hold.
    ///
    /// - Parameter waitMilliseconds: how long; 0 not at all.
    package func reserve(
        _ claim: Claim, owner: ReservationOwner, waitMilliseconds: Int = 0
    ) throws(ReservationConflict) -> Reservation {
        let granted = DispatchSemaphore(value: 0)
        let (id, conflict) = state.withLock { state -> (UInt64, ReservationConflict?) in
            let id = state.nextID
            state.nextID += 1
            let conflict = Self.conflict(claim, owner, state.held, state.waiters[...])
            if conflict == nil {
                state.held.insert(claim, owner)
            } else if waitMilliseconds > 0 {
                var tree = ClaimTree()
                tree.insert(claim, owner)
                state.waiters.append(Waiter(id: id, owner: owner, claim: claim, tree: tree, granted: granted))
            }
            return (id, conflict)
        }
        guard let conflict else { return Reservation(self, claim, owner) }
        guard waitMilliseconds > 0 else { throw conflict }
        if waitMilliseconds == .max {
            granted.wait()
        } else if granted.wait(timeout: .now() + .milliseconds(waitMilliseconds)) == .timedOut {
            if let conflict = giveUp(id, claim, owner) { throw conflict }
        }
        return Reservation(self, claim, owner)
    }

    private static func conflict(
        _ claim: Claim, _ owner: ReservationOwner, _ held: ClaimTree, _ before: ArraySlice<Waiter>
    ) -> ReservationConflict? {
        if let conflict = held.conflict(claim, owner) { return conflict }
        for waiter in before {
            if let conflict = waiter.tree.conflict(claim, owner) { return conflict }
        }
        return nil
    }

    /// Leaves the queue; nil if the claim was granted in the last moment.
    private func giveUp(_ id: UInt64, _ claim: Claim, _ owner: ReservationOwner) -> ReservationConflict? {
        state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            let conflict = Self.conflict(claim, owner, state.held, state.waiters[..<index])
            state.waiters.remove(at: index)
            Self.grant(&state)
            return conflict ?? ReservationConflict(owner: owner, path: [])
        }
    }

    fileprivate func release(_ claim: Claim, _ owner: ReservationOwner) {
        state.withLock { state in
            state.held.remove(claim, owner)
            Self.grant(&state)
        }
    }

    /// Grants, in order, what no longer conflicts.
    private static func grant(_ state: inout State) {
        var index = 0
        while index < state.waiters.count {
            let waiter = state.waiters[index]
            if conflict(waiter.claim, waiter.owner, state.held, state.waiters[..<index]) == nil {
                state.held.insert(waiter.claim, waiter.owner)
                state.waiters.remove(at: index)
                waiter.granted.signal()
            } else {
                index += 1
            }
        }
    }
}

/// A granted claim; given back by `release`, or at the latest when it is let go of.
package final class Reservation: Sendable {
    private let reservations: Reservations
    private let claim: Claim
    private let owner: ReservationOwner
    private let isHeld = Mutex(true)

    fileprivate init(_ reservations: Reservations, _ claim: Claim, _ owner: ReservationOwner) {
        self.reservations = reservations
        self.claim = claim
        self.owner = owner
    }

    deinit { release() }

    package func release() {
        if letGo() { reservations.release(claim, owner) }
    }

    /// The same claim in other hands: releasing this one no longer gives it back.
    func handedOver() -> Reservation {
        let other = Reservation(reservations, claim, owner)
        if !letGo() { _ = other.letGo() }
        return other
    }

    /// True if it was held until now.
    private func letGo() -> Bool {
        isHeld.withLock { isHeld in
            defer { isHeld = false }
            return isHeld
        }
    }
}
