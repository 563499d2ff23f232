import Dispatch
import Synchronization
import Testing

@testable import Secrets

@Test func aMaskedSecretNeverPrints() {
    let secret = MaskedSecret("hidden")
    var dumped = ""
    dump([secret], to: &dumped)
    for text in ["\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", dumped] {
        #expect(!text.contains("hidden"))
        #expect(!text.contains("104"), "the bytes must not show either")
    }
}

@Test func knownSecretsAreReplacedInEveryEncoding() {
    let mask = SecretMask([MaskedSecret("p<w&\"x"), MaskedSecret("cisco123"), MaskedSecret("cisco")])
    #expect(mask.mask("password cisco123 and cisco") == "password ***** and *****")
    #expect(mask.mask("<p>p&lt;w&amp;\"x</p>") == "<p>*****</p>")
    #expect(mask.mask("{\"p\":\"p<w&\\\"x\"}") == "{\"p\":\"*****\"}")
    #expect(mask.mask("nothing here") == "nothing here")
}

@Test func aShortSecretIsReplacedOnlyWhereItStandsAlone() {
    let mask = SecretMask([MaskedSecret("abc"), MaskedSecret("")])
    #expect(mask.mask("abc abcd xabc 'abc' abc") == "***** abcd xabc '*****' *****")
}

@Test func theLinesOfALongSecretAreReplacedOneByOne() {
    let mask = SecretMask([MaskedSecret("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----")])
    #expect(mask.mask("send: MIIEvQIBADANBgkqhkiG\r\n") == "send: *****\r\n")
}

/// Who adds a secret that somebody else is adding just now must find it replaced afterwards.
@Test func aSecretIsReplacedOnceItWasAddedByWhomever() {
    let lines = (0..<200).map { "a long line of the secret, number \($0)" }.joined(separator: "\n")
    for round in 0..<50 {
        let mask = SecretMask()
        let secret = "\(lines) \(round)"
        let seen = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            mask.add(MaskedSecret(secret))
            let isSeen = mask.mask("told: \(secret)").contains("number 7\n")
            seen.withLock { $0 += isSeen ? 1 : 0 }
        }
        #expect(seen.withLock(\.self) == 0)
    }
}
