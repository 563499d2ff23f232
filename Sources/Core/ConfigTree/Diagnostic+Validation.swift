import Basics
import YANG

/// The words of violations, as operators of the incumbent know them, with the tags of RFC 7950 section 15.
extension Diagnostic {
    private static func violation(_ summary: String, _ path: InstancePath, remedy: String, tag: String?) -> Diagnostic {
        .error(summary, remedy: remedy, path: path.description, appTag: tag)
    }

    static func notConfigured(_ path: InstancePath) -> Diagnostic {
        violation("\"\(path.keypath)\" is not configured", path, remedy: "it is mandatory: set it", tag: nil)
    }

    static func missingChoice(_ choice: SchemaNode, _ parent: Instance) -> Diagnostic {
        violation(
            "choice \"\(choice.name)\" of \"\(parent.path.keypath)\" is not configured", parent.path,
            remedy: "configure one of \(choice.children.map(\.name).joined(separator: ", "))", tag: "missing-choice")
    }

    static func severalCases(_ choice: SchemaNode, _ cases: [String], _ parent: Instance) -> Diagnostic {
        violation(
            "cases \(cases.joined(separator: " and ")) of choice \"\(choice.name)\" exclude each other in"
                + " \"\(parent.path.keypath)\"",
            parent.path, remedy: "keep one of them", tag: nil)
    }

    static func illegalReference(_ instance: Instance) -> Diagnostic {
        let target = instance.node.type?.leafrefSource.map { "no \($0) has the value" } ?? "what it names is not there"
        return violation(
            "illegal reference \(instance.path.keypath)", instance.path,
            remedy: "\(target) \"\(instance.value ?? "")\": configure it, or change the reference",
            tag: "instance-required")
    }

    static func tooFew(_ path: InstancePath, _ count: Int, _ minimum: Int) -> Diagnostic {
        violation(
            "too few \(path.keypath), \(count) configured, at least \(minimum) must be configured", path,
            remedy: "add entries", tag: "too-few-elements")
    }

    static func tooMany(_ path: InstancePath, _ count: Int, _ maximum: Int) -> Diagnostic {
        violation(
            "too many \(path.keypath), \(count) configured, at most \(maximum) must be configured", path,
            remedy: "remove entries", tag: "too-many-elements")
    }

    static func notUnique(_ entry: Instance, _ first: Instance, _ leaves: [SchemaNode]) -> Diagnostic {
        violation(
            "\(first.path.keypath) and \(entry.path.keypath) have the same"
                + " \(leaves.map(\.name).joined(separator: ", "))",
            entry.path, remedy: "the values must be unique: change one of them", tag: "data-not-unique")
    }

    static func untrueMust(_ instance: Instance, _ must: Constraint) -> Diagnostic {
        violation(
            must.errorMessage ?? "the expression '\(must.source)' of \(instance.path.keypath) failed", instance.path,
            remedy: "see the must in \(must.place)", tag: must.errorAppTag ?? "must-violation")
    }

    static func untrueWhen(_ instance: Instance, _ when: Constraint) -> Diagnostic {
        violation(
            "\(instance.path.keypath) is not allowed: the 'when' expression '\(when.source)' failed", instance.path,
            remedy: "remove it, or make the expression true; see \(when.place)", tag: nil)
    }

    static func unevaluated(_ instance: Instance, _ constraint: Constraint, _ error: XPathError) -> Diagnostic {
        .warning(
            "the expression '\(constraint.source)' of \(instance.path.keypath) can not be evaluated: \(error)",
            remedy: "correct it in \(constraint.place)", path: instance.path.description)
    }
}
