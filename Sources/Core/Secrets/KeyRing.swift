internal import Crypto

/// All keys that values can be opened with, and those that encrypt.
struct KeyRing: Sendable {
    private var file: KeyFile?
    private var given: [Int: KeyGeneration]
    private(set) var active: KeyIdentity

    init(file: KeyFile?, given: [KeyGeneration]) {
        self.file = file
        self.given = Dictionary(given.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
        active = .own(file?.active ?? 1)
    }

    func activating(_ key: KeyIdentity) -> KeyRing {
        var ring = self
        ring.active = key
        return ring
    }

    func with(given: [KeyGeneration]) -> KeyRing {
        KeyRing(file: file, given: given).activating(active)
    }

    func has(_ key: KeyIdentity) -> Bool { self.key(key, prefix: "$9$") != nil }

    func key(_ key: KeyIdentity, prefix: String) -> SymmetricKey? {
        switch key {
        case .own(let number): file?.keys[number]
        case .given(let number): given[number]?.key(prefix: prefix)
        }
    }

    var highestGiven: KeyIdentity? { given.keys.max().map { .given($0) } }
    /// The number of the key that would be added to the file.
    var nextOwn: Int { (file?.keys.keys.max() ?? 0) + 1 }

    /// Adds a key to the file, durably.
    mutating func addOwn(writing path: String) throws(SecretError) -> KeyIdentity {
        var next = file ?? KeyFile()
        let number = file == nil ? next.active : next.add()
        try next.write(path)
        file = next
        return .own(number)
    }

    /// Lets the file say what is in use; the database is what counts.
    mutating func note(_ key: KeyIdentity, writing path: String) throws(SecretError) {
        guard case .own(let number) = key, var next = file, next.active != number else { return }
        next.activate(number)
        try next.write(path)
        file = next
    }
}
