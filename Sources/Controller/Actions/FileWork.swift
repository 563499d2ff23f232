import ControlProtocol
import NEDRuntime

/// `scp-to` and `scp-from`: files between the controller's host and a device.
enum FileWork {
    static let copyTo: DeviceWork.Kind = { call, name in copy(call, name, .toDevice) }
    static let copyFrom: DeviceWork.Kind = { call, name in copy(call, name, .fromDevice) }

    private static func copy(
        _ call: ActionCall, _ name: String, _ direction: DeviceFileCopy.Direction
    ) -> DeviceResult {
        guard let local = call.text("local-file"), let remote = call.text("remote-file") else {
            return .failed("local-file and remote-file are both needed")
        }
        var copy = DeviceFileCopy(direction, localFile: local, remoteFile: remote)
        copy.method = call.text("protocol").flatMap { DeviceFileCopy.Method(rawValue: $0) } ?? .scp
        copy.keepsStamp = call.flag("preserve")
        return DeviceWork.perform(call, name) { (_, access) throws(NEDError) in
            var target = access.target
            if let port = call.text("port").flatMap({ UInt16($0) }) { target.port = port }
            try copy.carryOut(target)
            return .ok()
        }
    }
}
