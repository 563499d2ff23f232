import Basics
import YANG

/// Where a change of a type is written: a restriction that only one of the two has is at its own place, any other change
/// at the type.
struct TypePlaces {
    let old: SourcePlace?
    let new: SourcePlace?

    /// - Parameter member: of a union, the position of the member that makes the difference.
    init(_ old: Statement?, _ new: Statement?, _ keyword: String, member: Int?) {
        let (old, new) = (Self.member(of: old, member), Self.member(of: new, member))
        let (was, now) = (Self.restrictions(old, keyword), Self.restrictions(new, keyword))
        let added = now.first { statement in !was.contains { $0.text == statement.text } }
        let removed = was.first { statement in !now.contains { $0.text == statement.text } }
        self.old = now.count < was.count ? removed?.place : old?.place
        self.new = now.count > was.count ? added?.place : new?.place
    }

    /// The statement of a member of a union that is written here.
    private static func member(of type: Statement?, _ position: Int?) -> Statement? {
        guard let type, let position else { return type }
        let members = type.all(.type)
        return position < members.count ? members[position] : type
    }

    /// Whether two types are written alike.
    static func isSame(_ a: Statement, _ b: Statement) -> Bool {
        a.writtenKeyword == b.writtenKeyword && a.argument == b.argument
            && a.substatements.count == b.substatements.count
            && zip(a.substatements, b.substatements).allSatisfy { isSame($0, $1) }
    }

    private static func restrictions(_ type: Statement?, _ keyword: String) -> [Statement] {
        type?.substatements.filter { $0.keyword.text == keyword && $0.keyword != .type } ?? []
    }
}
