import Basics
import CSQLiteTestVFS
import ConfigDatabase
import Foundation
import Transactions

// Writes to a database until a crash point stops it: `cdb-crash-helper commits DIRECTORY COUNT` or
// `cdb-crash-helper transactions DIRECTORY COUNT DEVICES`. Every acknowledged commit is reported on standard output
// by its number, so that a test knows what must be there afterwards.

/// A device that is a file: prepared when the file ends in `?`.
struct FileDevice: Participant {
    var id: ParticipantID
    var path: String
    var value: String

    var recovery: [UInt8] { Array("{\"old\":\"\(Self.content(path))\",\"new\":\"\(value)\"}".utf8) }

    static func content(_ path: String) -> String {
        (try? DurableFiles.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func prepare(_ transaction: TransactionNumber) throws(Refusal) {
        do { try DurableFiles.replace(path, with: Array((value + "?").utf8)) } catch { throw Refusal("\(error)") }
    }

    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome { write(value) }
    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome { .inDoubt(reason: "not used here") }

    private func write(_ text: String) -> ParticipantOutcome {
        do { try DurableFiles.replace(path, with: Array(text.utf8)) } catch { return .inDoubt(reason: "\(error)") }
        return .done
    }
}

func report(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 4, let count = Int(arguments[3]) else {
        report("usage: cdb-crash-helper commits|transactions DIRECTORY COUNT [DEVICES]")
        exit(2)
    }
    _ = openned_test_vfs_install()
    openned_test_vfs_hook { operation in CrashPoint.reach("vfs.\(operation)") }
    let directory = arguments[2]
    let database = try ConfigurationDatabase(directory: directory)
    let start = Int(database.head.number)
    if arguments[1] == "commits" {
        for index in start..<start + count {
            let batch = CommitBatch(
                [LogEntry(kind: .commit, time: Int64(index), payload: Array("{\"n\":\(index)}".utf8))],
                operational: [OperationalChange("last", Array("\(index + 1)".utf8))])
            let records = try database.submit(batch).wait()
            report("\(records[0].number)")
        }
    } else {
        let devices = arguments.count > 4 ? Int(arguments[4]) ?? 3 : 3
        let coordinator = CommitCoordinator(log: database, doubts: InDoubtList(), limit: 4, clock: { 0 })
        for index in 0..<count {
            let value = "v\(index + 1)"
            let participants = (0..<devices).map { device in
                FileDevice(
                    id: ParticipantID("device/d\(device)"), path: directory + "/d\(device)", value: value)
            }
            _ = try coordinator.commit(
                Array("\"\(value)\"".utf8), participants: participants, owner: ReservationOwner(id: 1, "test"))
            report(value)
        }
    }
    database.close()
    report("end")
}

do { try run(CommandLine.arguments) } catch {
    report("error: \(error)")
    exit(1)
}
