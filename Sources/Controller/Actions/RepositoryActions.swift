import Basics
import ConfigTree
import ControlProtocol
import PackageManager

/// `software repository … packages list` and `fetch`: package files of the network.
enum RepositoryActions {
    static let list: ActionTable.Handler = { (call, output) throws(ControlError) in
        let repository = try repository(call)
        let acceptsNewIndex = call.flag("accept-new-index")
        let listing = try PackageFault.attempt { try repository.list(acceptsNewIndex: acceptsNewIndex) }
        for path in listing.paths(matching: call.text("name-pattern")) { _ = output.item("package", path) }
        for warning in listing.warnings { output.put("warning", warning) }
    }

    static let fetch: ActionTable.Handler = { (call, output) throws(ControlError) in
        let (repository, name) = (try repository(call), try call.required("package"))
        let fetched = try PackageFault.attempt {
            try repository.fetch(
                name, into: call.controller.packages.store, acceptsNewIndex: call.flag("accept-new-index"),
                progress: call.progress)
        }
        output.put("fetched", fetched.fileName)
        for warning in fetched.warnings { output.put("warning", warning) }
    }

    private static func repository(_ call: ActionCall) throws(ControlError) -> PackageRepository {
        let name = try call.key(of: "repository")
        let controller = call.controller
        let path = InstancePath(Array(call.path.steps.prefix(2)))
        guard let entry = controller.running.instance(path) else {
            throw ControlError(.notFound, "repository \(name) is not configured")
        }
        let file = entry.value("certificate-authorities").map { file in
            file.hasPrefix("/") ? file : controller.configuration.runDirectory + "/" + file
        }
        do throws(PackageError) {
            return controller.packages.repository(
                try RepositoryAddress(
                    name: name, url: entry.value("url") ?? "", user: entry.value("user"),
                    password: entry.value("password").flatMap { controller.secrets.open($0) },
                    proxy: entry.value("proxy"), authorities: file))
        } catch {
            throw ControlError(.invalidValue, error.sentence)
        }
    }
}
