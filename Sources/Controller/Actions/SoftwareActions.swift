import Basics
import ConfigTree
import ControlProtocol
import Foundation
import PackageManager

/// `software packages …`: the store, and what of it is installed.
enum SoftwareActions {
    /// Everything, or one state of it. An installed package whose version is in force counts as loaded.
    static let list: ActionTable.Handler = { (call, output) throws(ControlError) in
        let generation = call.controller.system.generation
        let wanted = ["installable", "installed", "loaded"].first { call.flag($0) }
        var newest: [String: Version] = [:]
        let items = call.controller.packages.store.items()
        for item in items { newest[item.package] = max(newest[item.package] ?? item.version, item.version) }
        for item in items {
            let isLoaded =
                generation.package(item.package)?.metaData?.version == item.version && item.state == .installed
            let state = isLoaded ? "loaded" : item.state.rawValue
            if let wanted, wanted != state { continue }
            if state == "installable", !call.flag("all-versions"), newest[item.package] != item.version { continue }
            output.item("package", item.fileName).put(state, "")
        }
    }

    static let fetch: ActionTable.Handler = { (call, _) throws(ControlError) in
        let file = try call.required("package-from-file")
        let path = file.hasPrefix("/") ? file : call.controller.configuration.runDirectory + "/" + file
        let store = call.controller.packages.store
        try PackageFault.attempt { _ = try store.fetch(path, meter: WorkMeter(call.progress)) }
    }

    static let upload: ActionTable.Handler = { (call, _) throws(ControlError) in
        guard let data = Data(base64Encoded: try call.required("package-data")) else {
            throw call.invalid("package-data is not base64")
        }
        let name = try call.required("package")
        let store = call.controller.packages.store
        try PackageFault.attempt { _ = try store.upload(name, Array(data), meter: WorkMeter(call.progress)) }
    }

    static let install: ActionTable.Handler = { (call, output) throws(ControlError) in
        let name = try call.required("package")
        let stem = try PackageFault.attempt {
            try call.controller.packages.store.install(
                name,
                .init(
                    replaceExisting: call.flag("replace-existing"),
                    allowVersionMismatch: call.flag("allow-version-mismatch"),
                    permission: .init(
                        signerChange: call.flag("allow-signer-change"), olderVersion: call.flag("allow-downgrade"))),
                meter: WorkMeter(call.progress))
        }
        output.put("installed", stem)
    }

    static let deinstall: ActionTable.Handler = { (call, _) throws(ControlError) in
        let name = try call.required("package")
        try PackageFault.attempt { try call.controller.packages.store.deinstall(name) }
    }
}
