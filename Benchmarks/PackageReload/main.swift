import Basics
import Foundation
import PackageManager
import YANG

// See README.md.

let environment = ProcessInfo.processInfo.environment
guard let installation = environment["OPENNED_INSTALLATION"] else {
    print("OPENNED_INSTALLATION is not set; make bench sets it")
    exit(2)
}
let moduleDirectory = installation + "/src/ncs/yang"

func seconds(_ work: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let time = try clock.measure(work)
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

func best(of count: Int, _ work: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<count { times.append(try seconds(work)) }
    return times.min() ?? 0
}

let root = NSTemporaryDirectory() + "openned-reload-\(getpid())"
let loadPath = LoadPath([root + "/packages"])

/// Ends the program, with nothing left behind.
func end(_ status: Int32) -> Never {
    try? DurableFiles.removeTree(NSTemporaryDirectory() + "openned-reload-\(getpid())")
    exit(status)
}

func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = environment.merging(["NCS_DIR": installation]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw FileError(operation: "run", path: program, errno: ECANCELED)
    }
}

/// Twenty packages: our drivers, the large public CLI models where they are, and others without models.
@MainActor func prepare() throws {
    try DurableFiles.makeDirectory(root + "/packages")
    let files = FileManager.default
    let own = installation + "/packages/neds"
    for name in try files.contentsOfDirectory(atPath: own).sorted() where !name.hasPrefix(".") {
        try files.copyItem(atPath: "\(own)/\(name)", toPath: "\(root)/packages/\(name)")
    }
    let shared = environment["OPENNED_SHARED_DATA"] ?? files.currentDirectoryPath + "/../shared/data"
    for name in ["cisco-ios-netsim-cli-1.0", "cisco-nx-netsim-cli-1.0"] {
        let source = "\(shared)/nso-examples/\(name)"
        guard files.fileExists(atPath: source) else {
            print("\(name) is not there: without a large model")
            continue
        }
        try DurableFiles.makeDirectory("\(root)/made/\(name)")
        try DurableFiles.makeDirectory(root + "/sources")
        try files.copyItem(atPath: source, toPath: "\(root)/sources/\(name)")
        try run(installation + "/bin/ncs-package", ["build", "\(root)/sources/\(name)", "-o", "\(root)/made/\(name)"])
        for archive in try files.contentsOfDirectory(atPath: "\(root)/made/\(name)") {
            try run("/bin/tar", ["xzf", "\(root)/made/\(name)/\(archive)", "-C", root + "/packages"])
        }
    }
    for number in loadPath.sources().count..<20 {
        let folder = "\(root)/packages/filler\(number)"
        try DurableFiles.makeDirectory(folder + "/templates")
        let metaData = """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>filler\(number)</name>
            <package-version>1.0</package-version></ncs-package>
            """
        try DurableFiles.write(folder + "/package-meta-data.xml", Array(metaData.utf8))
        for file in 0..<20 {
            let text = "<config-template/>\n" + String(repeating: "<!-- \(file) -->\n", count: 2_000)
            try DurableFiles.write("\(folder)/templates/t\(file).xml", Array(text.utf8))
        }
    }
}

let store = GenerationStore(directory: root + "/in-use", policy: .off) { _ in
    throw CocoaError(.featureUnsupported)
}

/// As the daemon does it: what has not changed is shared, and if that is all, nothing is built.
@MainActor func load(_ number: Int, _ previous: PackageGeneration?) throws -> PackageGeneration {
    let sources = loadPath.sources()
    let kept = store.unchanged(sources, since: previous?.packages ?? [])
    if let previous, kept.count == sources.count { return previous }
    try store.build(number, from: sources, sharing: kept)
    return try PackageLoader(moduleDirectory: moduleDirectory, previous: previous).load(
        number, directory: store.path(number))
}

@MainActor func hashAll() throws { for source in loadPath.sources() { _ = try DirectoryDigest(of: source.path) } }

try prepare()
let first = try load(1, nil)
for package in first.packages where !package.isUp { print("\(package.name): \(package.errorInfo)") }
var second: PackageGeneration?
let hashing = try best(of: 5, hashAll)

let unchanged = try best(of: 5) { second = try load(2, first) }
guard second?.number == first.number else {
    print("a package seems to have changed")
    end(3)
}
let changed = loadPath.sources()[0]
try DurableFiles.write(changed.path + "/more", [1])
var number = 2
let alone = try best(of: 5) {
    number += 1
    _ = try DirectoryDigest(of: changed.path)
    try store.build(number, from: [changed])
    _ = try PackageLoader(moduleDirectory: moduleDirectory, previous: second)
        .load(number, directory: store.path(number))
}
var third: PackageGeneration?
let one = try best(of: 5) {
    number += 1
    third = try load(number, second)
}
guard third?.digest != first.digest, third?.packages.count == first.packages.count else {
    print("the change was not seen")
    end(3)
}
print("\(first.packages.count) packages, hashing their files: \(Int(hashing * 1_000)) ms")
let ratio = unchanged / hashing
print("reload, nothing changed: \(Int(unchanged * 1_000)) ms")
print("  \(String(format: "%.2f", ratio)) times hashing (limit 2)\(ratio <= 2 ? "" : "  MISSED")")
let oneRatio = one / (unchanged + alone)
print("reload, \(changed.fileName) changed: \(Int(one * 1_000)) ms; that package alone \(Int(alone * 1_000)) ms")
print("  \(String(format: "%.2f", oneRatio)) times both (limit 1.5)\(oneRatio <= 1.5 ? "" : "  MISSED")")
end(ratio <= 2 && oneRatio <= 1.5 ? 0 : 1)
