import Basics
import YANG

/// Where a change of a type is written: a restriction that only one of the two has is at its own place, any other change
/// at the type.
struct TypePlaces {
    let old: SourcePlace?
    let new: SourcePlace?

    init(_ old: Statement?, _ new: Statement?, _ keyword: String) {
        let (was, now) = (Self.restrictions(old, keyword), Self.restrictions(new, keyword))
        let added = now.first { statement in !was.contains { $0.text == statement.text } }
        let removed = was.first { statement in !now.contains { $0.text == statement.text } }
        self.old = now.count < was.count ? removed?.place : old?.place
        self.new = now.count > was.count ? added?.place : new?.place
    }

    private static func restrictions(_ type: Statement?, _ keyword: String) -> [Statement] {
        type?.substatements.filter { $0.keyword.text == keyword && $0.keyword != .type } ?? []
    }
}
