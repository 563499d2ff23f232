import ControlProtocol
import Secrets

/// The actions below `/key-rotation`.
enum KeyRotationActions {
    static let active: ActionTable.Handler = { (call, output) throws(ControlError) in
        output.put("active-generation", "\(call.controller.secrets.store.active.generation)")
    }

    static let apply: ActionTable.Handler = { (call, output) throws(ControlError) in
        let wanted = call.text("new-key-generation").flatMap { Int($0) }
        let seconds = call.text("wait-commit-queue").flatMap { Int($0) } ?? 0
        let key = try call.controller.rotateKeys(to: wanted, waitSeconds: seconds, by: call.session)
        output.put("result", true)
        output.put("new-active-key-generation", "\(key.generation)")
    }
}
