/// How the canonical values of a type are ordered in lists `ordered-by system`.
package enum ValueOrder: Sendable {
    /// By their UTF-8 bytes.
    case bytes

    /// Negative, zero or positive, as `a` comes before, is equal to, or comes after `b`.
    package func compareUTF8(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        0
    }
}

extension ResolvedType {
    /// The order of this type's canonical values; made once for each key, kept by whoever compares often.
    /// A leafref has the order of its target: resolve it first, `leafrefType` finds the type at the end of the chain.
    package func order(leafrefType: (NodeID) -> ResolvedType? = { _ in nil }) -> ValueOrder { .bytes }

    /// Negative, zero or positive, as canonical value `a` comes before, is equal to, or comes after `b`.
    package func compare(_ a: String, _ b: String) -> Int { 0 }
}
