import ConfigDatabase
import ConfigTree

/// Makes the running configuration of what the database holds: of a snapshot, or of an activation's, and the changes
/// since. A damaged snapshot is passed over where an older one and the log have the same; that is said, never silent.
struct StoredConfiguration {
    /// A point of the log with the whole configuration.
    struct Base {
        enum Content {
            case snapshot(SnapshotManifest)
            case activation(ActivationRecord)
        }

        var position: LogPosition
        var content: Content
    }

    let database: ConfigurationDatabase
    let model: DataModel
    let report: (String) -> Void

    /// - Parameters:
    ///   - bases: the latest first.
    ///   - changes: those since the first of them, as JSON texts.
    func tree(_ bases: [Base], changes: [ArraySlice<UInt8>]) throws(StartupError) -> DataTree {
        var damage: (any Error)?
        for (index, base) in bases.enumerated() {
            let start: DataTree
            do { start = try tree(of: base) } catch {
                if damage == nil { damage = error }
                guard Self.isDamage(error) else { throw misfit(error, base) }
                continue
            }
            let tree: DataTree
            do {
                var replay = TreeReplay(start)
                for change in index == 0 ? changes : try self.changes(after: base.position) {
                    try replay.apply(json: change)
                }
                tree = try replay.finish()
            } catch let fault as DatabaseFault {
                throw StartupError(Startup.exitStatus(of: fault), "\(fault)")
            } catch {
                throw StartupError(13, Self.misfit(error))
            }
            if let damage {
                report("\(damage); the configuration was made of the log instead, and nothing of it is lost")
            }
            return tree
        }
        throw unusable(damage)
    }

    private func tree(of base: Base) throws -> DataTree {
        switch base.content {
        case .snapshot(let manifest): try ConfigurationImage.read(manifest, from: database.snapshotFiles, model)
        case .activation(let record): try record.tree(model, database.snapshotFiles)
        }
    }

    private func changes(after position: LogPosition) throws -> [ArraySlice<UInt8>] {
        var changes: [ArraySlice<UInt8>] = []
        let history = CommitHistory()
        try database.read(after: position) { record in
            if let change = try history.replay(record) { changes.append(change) }
        }
        return changes
    }

    private static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case is DatabaseFault, ImageFault.damaged: true
        default: false
        }
    }

    private static func misfit(_ error: any Error) -> String {
        "the stored configuration does not fit the packages in use: \(error); restore the packages that were "
            + "loaded, or load the configuration from a backup"
    }

    private func misfit(_ error: any Error, _ base: Base) -> StartupError {
        guard case .activation = base.content else { return StartupError(13, Self.misfit(error)) }
        return StartupError(
            14,
            "the upgrade that put the packages in use in force has left data that they do not take: \(error); restore "
                + "the last backup with ncs-backup --restore, or start from an empty database")
    }

    private func unusable(_ damage: (any Error)?) -> StartupError {
        if let fault = damage as? DatabaseFault {
            let advice = "; what can be read of it shows ncs --cdb-debug-dump"
            return StartupError(Startup.exitStatus(of: fault), "\(fault)" + advice)
        }
        let what = damage.map { "\($0)" } ?? "no snapshot is there"
        return StartupError(
            15,
            "\(database.path): \(what); keep a copy of the directory, then restore the last backup with "
                + "ncs-backup --restore")
    }
}
