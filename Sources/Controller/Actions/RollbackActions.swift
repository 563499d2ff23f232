import ConfigTree
import ControlProtocol

/// The actions below `/rollback-files`.
enum RollbackActions {
    static let get: ActionTable.Handler = { (call, output) throws(ControlError) in
        output.put("content", try call.session.rollbackText(of: try commit(call)))
    }

    /// Commits what takes a commit back.
    static let apply: ActionTable.Handler = { (call, _) throws(ControlError) in
        let commit = try commit(call)
        let base = call.session.running
        var paths: [InstancePath] = []
        for text in call.list("path") {
            do throws(PathError) { paths.append(try base.path(text)) } catch { throw call.invalid(error.description) }
        }
        let request = RollbackRequest(commit, paths: paths, isSelective: call.flag("selective"))
        let candidate = try request.applied(to: base, try call.session.change(of: commit))
        _ = try call.session.commit(CommitRequest(base: base, candidate: candidate))
    }

    private static func commit(_ call: ActionCall) throws(ControlError) -> CommitSummary {
        let commits = call.session.commits()
        if let text = call.text("fixed-number"), let number = Int(text) {
            return try CommitReference.fixedNumber(number).find(in: commits)
        }
        guard let number = Int(try call.required("id")) else { throw call.invalid("the id is no number") }
        return try CommitReference.id(number).find(in: commits)
    }
}
