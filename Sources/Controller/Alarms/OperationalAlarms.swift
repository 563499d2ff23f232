import ConfigTree
import Events

/// `/alarms`: the list, how many of each severity there are, and which kinds there can be.
struct OperationalAlarms: OperationalProvider {
    let path = "/alarms"
    let alarms: AlarmKeeper

    func fill(_ node: RowDraft, _ moment: OperationalMoment) {
        let all = alarms.all
        let list = node.inner("alarm-list")
        list.put("number-of-alarms", "\(all.count)")
        if let last = all.map(\.lastStatusChange).max() { list.put("last-changed", last.yangText) }
        for alarm in all {
            let key = alarm.key
            fill(list.item("alarm", key.device, key.type, key.managedObject, key.specificProblem), alarm)
        }
        summarise(all, node.inner("summary"))
        let inventory = node.inner("alarm-inventory")
        for type in AlarmType.allCases {
            let entry = inventory.item("alarm-type", type.rawValue)
            entry.put("has-clear", type.hasClear)
            entry.put("description", type.explanation)
        }
    }

    private func fill(_ entry: RowDraft, _ alarm: Alarm) {
        entry.put("is-cleared", alarm.isCleared)
        entry.put("last-status-change", alarm.lastStatusChange.yangText)
        entry.put("last-perceived-severity", alarm.lastPerceivedSeverity.name)
        entry.put("last-alarm-text", alarm.lastAlarmText)
        for change in alarm.statusChanges {
            let item = entry.item("status-change", change.time.yangText)
            item.put("received-time", change.time.yangText)
            item.put("perceived-severity", change.severity.name)
            item.put("alarm-text", change.text)
        }
        if let last = alarm.handling.last { entry.put("last-alarm-handling-change", last.time.yangText) }
        for handling in alarm.handling {
            let item = entry.item("alarm-handling", handling.time.yangText)
            item.put("state", handling.state.rawValue)
            item.put("user", handling.user)
            if !handling.description.isEmpty { item.put("description", handling.description) }
        }
    }

    private func summarise(_ all: [Alarm], _ summary: RowDraft) {
        let severities: [(AlarmSeverity, String)] = [
            (.indeterminate, "indeterminates"), (.critical, "criticals"), (.major, "majors"), (.minor, "minors"),
            (.warning, "warnings"),
        ]
        for (severity, leaf) in severities {
            let count = all.count { !$0.isCleared && $0.lastPerceivedSeverity == severity }
            summary.put(leaf, "\(count)")
        }
    }
}
