import Basics
import Testing

@Test(arguments: [
    ("6.7", "6.10"), ("6.7", "6.7.1"), ("3.8", "3.8-beta"), ("1.0.2", "1.1"), ("5.10.4", "6.0"), ("1.2-1", "1.2-alpha"),
])
func versionsOrderByComponents(lower: String, higher: String) {
    #expect(Version(lower) < Version(higher))
    #expect(!(Version(higher) < Version(lower)))
}

@Test func versionsThatDifferOnlyInSeparatorsAreEqual() {
    #expect(Version("1.2-3") == Version("1.2.3"))
    #expect(Version("1.02") == Version("1.2"))
}

@Test(arguments: [
    ("6.7", true), ("1.0.2", true), ("3.8-beta", true), ("6", false), ("6.", false), ("a.1", false), ("1-2", false),
    ("1.2.", false), ("1.2 3", false), ("", false),
])
func versionFormIsChecked(text: String, isWellFormed: Bool) {
    #expect(Version(text).isWellFormed == isWellFormed)
}
