import Foundation

/// Waits for something that other threads or processes bring about; false if it has not come within two minutes.
///
/// No test measures time by it: a busy machine may need most of them.
package func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(120)
    while try !condition() {
        if ContinuousClock.now > deadline { return false }
        usleep(10_000)
    }
    return true
}
