import Events

extension StorageKeeper.Notice {
    /// Writes it to the log, and raises or clears the alarm that belongs to it.
    func tell(_ logs: SystemLogs, _ alarms: AlarmKeeper) {
        switch self {
        case .damaged(let faults):
            for fault in faults { logs.develop(.error, fault) }
            let more = faults.count > 1 ? " (and \(faults.count - 1) more files)" : ""
            alarms.raise(.databaseDamage, device: "ncs", text: "\(faults.first ?? "")\(more)")
        case .whole: alarms.clear(.databaseDamage, device: "ncs")
        case .failed(let reason):
            logs.develop(.error, reason)
            alarms.raise(.databaseCompactionFailure, device: "ncs", text: reason)
        case .compacted: alarms.clear(.databaseCompactionFailure, device: "ncs")
        }
    }
}
