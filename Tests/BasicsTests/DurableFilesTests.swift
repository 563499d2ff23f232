import Basics
import Foundation
import Testing

/// An empty directory for `body`, removed afterwards.
func withDirectory(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "basics-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

@Test(arguments: [
    ("a", "."), ("abc", "."), ("a/b", "a"), ("a/", "."), ("a//b//", "a"), ("/", "/"), ("/a", "/"), ("//a/", "/"),
    ("/a/b", "/a"), ("./a", "."), ("", "."),
])
func aPathLiesInItsParent(path: String, parent: String) {
    #expect(DurableFiles.parent(of: path) == parent)
}

@Test func replaceLeavesTheNewContentAndNothingElse() throws {
    try withDirectory { directory in
        let path = directory + "/file"
        try DurableFiles.replace(path, with: Array("old content".utf8))
        try DurableFiles.replace(path, with: Array("new".utf8), mode: 0o600)
        #expect(try DurableFiles.read(path) == Array("new".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["file"])
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }
}

@Test func aDeviceOrPipeIsWrittenToAndStaysWhatItIs() throws {
    try withDirectory { directory in
        let pipe = directory + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let reader = open(pipe, O_RDWR | O_NONBLOCK)
        defer { close(reader) }
        try DurableFiles.replace(pipe, with: Array("content".utf8))
        var buffer = [UInt8](repeating: 0, count: 20)
        #expect(read(reader, &buffer, 20) == 7)
        try DurableFiles.write(directory + "/file", Array("x".utf8))
        #expect(throws: FileError.self) { try DurableFiles.rename(directory + "/file", to: pipe) }
        var info = stat()
        #expect(stat(pipe, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO)
        try DurableFiles.replace("/dev/null", with: [1])
        #expect(stat("/dev/null", &info) == 0 && info.st_mode & S_IFMT == S_IFCHR)
    }
}

@Test func aFailedReplaceKeepsTheOldContent() throws {
    try withDirectory { directory in
        let path = directory + "/file"
        try DurableFiles.replace(path, with: Array("old".utf8))
        // A directory in the way of the temporary name makes the write fail.
        try FileManager.default.createDirectory(
            atPath: "\(path).\(getpid()).new", withIntermediateDirectories: false)
        #expect(throws: FileError.self) { try DurableFiles.replace(path, with: Array("new".utf8)) }
        #expect(try DurableFiles.read(path) == Array("old".utf8))
    }
}

@Test func linksAreReplacedAndTreesRemovedWithoutFollowing() throws {
    try withDirectory { directory in
        try DurableFiles.makeDirectory(directory + "/a/b")
        try DurableFiles.write(directory + "/a/keep", [1])
        try DurableFiles.link(directory + "/link", to: "missing")
        try DurableFiles.link(directory + "/link", to: "a")
        #expect(try DurableFiles.read(directory + "/link/keep") == [1])
        try DurableFiles.removeTree(directory + "/link")
        #expect(DurableFiles.exists(directory + "/a/keep"))
        try DurableFiles.removeTree(directory + "/absent")
    }
}

@Test func readRefusesDirectoriesAndFilesOverTheLimit() throws {
    try withDirectory { directory in
        #expect(throws: FileError.self) { try DurableFiles.read(directory) }
        try DurableFiles.write(directory + "/f", [UInt8](repeating: 0, count: 100))
        #expect(throws: FileError.self) { try DurableFiles.read(directory + "/f", limit: 99) }
        #expect(try DurableFiles.read(directory + "/f", limit: 100).count == 100)
    }
}
