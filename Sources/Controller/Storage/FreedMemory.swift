import Foundation

/// Memory that was freed and that the C library keeps.
enum FreedMemory {
    /// `malloc_trim` of glibc, which no module map offers to Swift.
    private static let trim = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self)
    }

    /// Gives it back to the system: after something large that is not done again soon.
    static func giveBack() { _ = trim?(0) }
}
