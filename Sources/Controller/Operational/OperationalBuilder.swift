import ConfigTree
import YANG

/// `/netconf-ned-builder`: where projects have their files, their modules, how builds ended.
struct OperationalBuilder: OperationalProvider {
    let path = "/netconf-ned-builder"
    let builder: BuilderKeeper

    func fill(_ node: RowDraft, _ moment: OperationalMoment) {
        for entry in moment.tree.rootInstance.child("netconf-ned-builder")?.entries("project") ?? [] {
            guard entry.keys.count == 2 else { continue }
            let key = BuilderProject.Key(family: entry.keys[0], version: entry.keys[1])
            let project = builder.project(key)
            let row = node.item("project", key.family, key.version)
            row.put("download-cache-path", builder.cache(key))
            row.put("ned-directory-path", builder.package(key))
            if let status = project.buildStatus { row.put("build-status", status) }
            if let date = project.buildDate { row.put("build-date", date) }
            if !project.output.isEmpty { row.put("compiler-output", project.output) }
            for module in project.modules {
                let item = row.item("module", module.name, module.revision)
                if !module.namespace.isEmpty { item.put("namespace", module.namespace) }
                for feature in module.features { item.put("feature", feature) }
                for name in module.imports { item.put("import", name) }
                item.put("location", module.location)
                if !module.status.isEmpty { item.put("status", module.status) }
                for warning in module.warnings { item.put("build-warning", warning) }
                for error in module.errors { item.put("build-error", error) }
            }
        }
    }
}
