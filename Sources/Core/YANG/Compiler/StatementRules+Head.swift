import Basics

/// The head of a module: order of its sections, revisions, versions of what it imports and includes.
extension StatementRules {
    func checkHead(of text: ModuleText, module: LoadedModule) {
        checkOrder(text.statement)
        checkRevisions(text.statement)
        if text.isSubmodule, text.isVersion11 != module.isVersion11 {
            let versions = text.isVersion11 ? "1.1, its module of 1" : "1, its module of 1.1"
            log.report(
                .mixedVersions, "submodule '\(text.name)' is of YANG version \(versions)",
                remedy: "give both the same 'yang-version'", text.statement.place)
        }
        if !text.isVersion11 { checkImportsByRevision(text) }
    }

    /// Header, linkage, meta, revisions, body: in this order (RFC 7950 section 14, `module-stmt`).
    private func checkOrder(_ statement: Statement) {
        var last = (section: 0, name: "")
        for child in statement.substatements where child.prefix == nil && child.keyword != .unknown {
            let section: Int =
                switch child.keyword {
                case .yangVersion, .namespace, .prefix, .belongsTo: 0
                case .import, .include: 1
                case .organization, .contact, .description, .reference: 2
                case .revision: 3
                default: 4
                }
            if section < last.section {
                log.report(
                    .statementOrder, "'\(child.name)' stands after '\(last.name)'",
                    remedy: "expected header, imports and includes, descriptions, revisions, then definitions",
                    child.place)
                return
            }
            last = (section, child.name)
        }
    }

    private func checkRevisions(_ statement: Statement) {
        var seen: Set<String> = []
        var previous: String?
        for revision in statement.all(.revision) {
            if !seen.insert(revision.text).inserted {
                log.report(
                    .repeatedRevision, "revision \(revision.text) is there twice", remedy: "keep one", revision.place)
            } else if let previous, revision.text > previous {
                log.report(
                    .revisionOrder, "revision \(revision.text) stands after \(previous)",
                    remedy: "put the newest first", revision.place)
            }
            previous = revision.text
        }
    }

    /// A module of version 1 may import one of version 1.1 only without revision.
    private func checkImportsByRevision(_ text: ModuleText) {
        for statement in text.statement.all(.import) where statement.first(.revisionDate) != nil {
            guard let prefix = statement.argument(of: .prefix), let module = text.prefixes[prefix],
                module.isVersion11
            else { continue }
            log.report(
                .mixedVersions, "a module of YANG version 1 imports '\(module.name)', of 1.1, by revision",
                remedy: "import it without revision, or add 'yang-version 1.1'", statement.place)
        }
    }
}

/// What YANG 1.1 has and version 1 has not (RFC 7950 section 1.1), and what version 1 alone forbids.
struct VersionRules {
    let log: FaultLog

    func check(_ statement: Statement, in parent: Statement) {
        if let what = addition(statement, in: parent) {
            log.report(
                .laterVersion, "\(what) in a module of YANG version 1", remedy: "add 'yang-version 1.1' to the module",
                statement.place)
        }
        switch statement.keyword {
        case .typedef, .grouping, .container, .leaf, .leafList, .list, .choice, .case, .anyxml, .identity, .feature,
            .extension, .rpc, .notification, .bit:
            if statement.text.prefix(3).lowercased() == "xml" {
                log.report(
                    .reservedIdentifier, "'\(statement.text)' starts with 'xml'",
                    remedy: "give it another name, or add 'yang-version 1.1' to the module", statement.place)
            }
        default: break
        }
    }

    private func addition(_ statement: Statement, in parent: Statement) -> String? {
        let isInType = parent.keyword == .type
        switch statement.keyword {
        case .action, .anydata, .modifier: return "'\(statement.name)'"
        case .notification where parent.keyword != .module && parent.keyword != .submodule:
            return "a notification inside '\(parent.name)'"
        case .ifFeature:
            if [.enum, .bit, .identity, .refine].contains(parent.keyword) { return "'if-feature' in '\(parent.name)'" }
            return statement.text.contains { $0.isWhitespace || $0 == "(" } ? "a feature expression" : nil
        case .base where parent.first(.base) !== statement: return "a second 'base'"
        case .default where parent.keyword == .leafList: return "'default' in a leaf-list"
        case .must where [.input, .output, .notification].contains(parent.keyword):
            return "'must' in '\(parent.name)'"
        case .choice where parent.keyword == .choice: return "a choice as its own case"
        case .requireInstance where parent.text == "leafref": return "'require-instance' in a leafref"
        case .enum where isInType && parent.text != "enumeration": return "'enum' to restrict '\(parent.text)'"
        case .bit where isInType && parent.text != "bits": return "'bit' to restrict '\(parent.text)'"
        case .description where parent.keyword == .import || parent.keyword == .include,
            .reference where parent.keyword == .import || parent.keyword == .include:
            return "'\(statement.name)' in '\(parent.name)'"
        default: return nil
        }
    }
}
