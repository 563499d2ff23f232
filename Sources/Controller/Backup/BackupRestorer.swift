import Basics
import Foundation
import PackageManager

/// Puts a backup back in place of a run directory.
///
/// The backup is checked to its last byte before anything is touched. Then a new directory is made beside the old one,
/// with what the backup holds and, of the old one, what it does not: logs, backups, the keys if it has none. The two
/// change places in one step, so that a crash leaves the one or the other, and the old one stays as `DIRECTORY.old`.
package struct BackupRestorer {
    private let directory: String
    private let version: String

    /// - Parameter directory: the run directory, which need not be there.
    package init(directory: String, version: String) {
        self.directory = directory
        self.version = version
    }

    package struct Outcome {
        /// Where what was there is now; nil if there was nothing.
        package var old: String?
        package var notes: [String]
    }

    package func restore(_ path: String) throws(BackupError) -> Outcome {
        let archive = try BackupArchive(checking: path)
        try requireFitting(archive)
        let isThere = DurableFiles.exists(directory)
        var claim: RunDirectoryClaim?
        if isThere {
            claim = try RunDirectoryClaim(stateDirectory: directory + "/state")
            guard claim != nil else {
                throw BackupError(.daemonRuns, "\(directory): the daemon runs here; stop it first: ncs --stop")
            }
        }
        defer { withExtendedLifetime(claim) {} }
        let assembled = directory + ".restore"
        try setAside(assembled)
        do {
            try assemble(archive, in: assembled, isThere: isThere)
            CrashPoint.reach("restore.assembled")
            return Outcome(old: try exchange(assembled, isThere: isThere), notes: notes(archive, isThere: isThere))
        } catch let error as BackupError {
            throw error
        } catch {
            throw BackupError(.unusable, "\(error)")
        }
    }

    private func requireFitting(_ archive: BackupArchive) throws(BackupError) {
        guard archive.manifest.kind == "local" else {
            throw BackupError(
                .foreign, "\(archive.path): this is the backup of a system installation; restore it there")
        }
        guard Version(archive.manifest.version) <= Version(version) else {
            throw BackupError(
                .foreign,
                "\(archive.path): release \(archive.manifest.version) made it, and this is \(version); "
                    + "restore it with that release")
        }
        let names = Set(archive.manifest.files.map { String($0.path.prefix { $0 != "/" }) })
        guard names.contains("ncs.conf"), names.contains("ncs-cdb"),
            names.isSubset(of: Self.restored.union([Self.keyFile]))
        else {
            throw BackupError(.foreign, "\(archive.path): it holds other things than a backup does; it is refused")
        }
    }

    private static let keyFile = "ncs.crypto_keys"
    /// What is replaced as a whole.
    private static let restored: Set<String> = ["ncs.conf", "ncs-cdb", "state", "packages", "scripts", "trust"]
    /// Stands in a directory that is not yet whole.
    private static let marker = ".unfinished"

    /// What an earlier run left: something unfinished goes; what has changed places already was there before, and stays.
    private func setAside(_ assembled: String) throws(BackupError) {
        do {
            for suffix in [".unpacked", ".unpacked2", ".unpacked2.unpacked"] {
                try? DurableFiles.removeTree(assembled + suffix)
            }
            guard DurableFiles.exists(assembled) else { return }
            if DurableFiles.exists(assembled + "/" + Self.marker) {
                try DurableFiles.removeTree(assembled)
            } else {
                try DurableFiles.rename(assembled, to: oldName())
            }
        } catch {
            throw BackupError(.unusable, "\(error)")
        }
    }

    private func oldName() -> String {
        var name = directory + ".old"
        var number = 2
        while DurableFiles.exists(name) {
            name = "\(directory).old\(number)"
            number += 1
        }
        return name
    }

    private func assemble(_ archive: BackupArchive, in target: String, isThere: Bool) throws {
        try archive.extract(to: target + ".unpacked2")
        try DurableFiles.write(target + ".unpacked2/" + Self.marker, Array("restore\n".utf8))
        try DurableFiles.rename(target + ".unpacked2", to: target)
        CrashPoint.reach("restore.extracted")
        if isThere {
            let mode = (try? FileStatus(path: directory))?.permissions ?? 0o755
            _ = chmod(target, mode_t(mode & 0o777))
            for name in try FileManager.default.contentsOfDirectory(atPath: directory)
            where !Self.restored.contains(name) && !DurableFiles.exists(target + "/" + name) {
                try BackupTree.link(directory + "/" + name, to: target + "/" + name)
            }
        } else {
            _ = chmod(target, 0o755)
        }
        if isThere {
            try SignerLedger(directory: target + "/state").keepStricter(of: .init(directory: directory + "/state"))
        }
        for name in ["logs", "state", "ncs-cdb", "packages"] where !DurableFiles.exists(target + "/" + name) {
            try DurableFiles.makeDirectory(target + "/" + name, mode: name == "ncs-cdb" ? 0o700 : 0o755)
        }
        _ = chmod(target + "/ncs-cdb", 0o700)
        try DurableFiles.syncTree(target)
        try DurableFiles.remove(target + "/" + Self.marker)
        try DurableFiles.syncDirectory(target)
    }

    /// The step that counts.
    private func exchange(_ assembled: String, isThere: Bool) throws -> String? {
        guard isThere else {
            try DurableFiles.rename(assembled, to: directory)
            return nil
        }
        guard let rename = Self.renameWithFlags,
            rename(AT_FDCWD, assembled, AT_FDCWD, directory, Self.exchangeFlag) == 0
        else {
            let reason = String(cString: strerror(errno))
            try? DurableFiles.removeTree(assembled)
            throw BackupError(
                .unusable,
                "\(directory): cannot change places with \(assembled): \(reason); if it is a mount point, restore into "
                    + "a directory inside it")
        }
        try DurableFiles.syncDirectory(DurableFiles.parent(of: directory))
        CrashPoint.reach("restore.exchanged")
        let old = oldName()
        try DurableFiles.rename(assembled, to: old)
        return old
    }

    private typealias Rename =
        @convention(c) (
            CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt
        ) -> CInt

    /// `renameat2`, which no module map offers.
    private static let renameWithFlags = dlsym(nil, "renameat2").map { unsafeBitCast($0, to: Rename.self) }

    /// `RENAME_EXCHANGE` of the kernel.
    private static let exchangeFlag: UInt32 = 2

    private func notes(_ archive: BackupArchive, isThere: Bool) -> [String] {
        var notes: [String] = []
        if !archive.manifest.hasKeys, !DurableFiles.exists(directory + "/" + Self.keyFile) {
            notes.append("the backup holds no keys: put ncs.crypto_keys into \(directory) before the daemon starts")
        }
        let text = (try? DurableFiles.read(directory + "/ncs.conf", limit: 4 << 20)) ?? []
        if String(decoding: text, as: UTF8.self).contains(BackupKeys.placeholder) {
            notes.append("put the keys back into \(directory)/ncs.conf where it says \(BackupKeys.placeholder)")
        }
        return notes
    }
}
