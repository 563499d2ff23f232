import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import PackageManager
import Synchronization
import TestSupport
import Testing
import YANG

/// A run directory, an installation's modules and packages for a controller in this process.
final class ControllerWorkshop {
    let directory: TemporaryDirectory
    private(set) var controller: NetworkController?

    init() throws {
        directory = try TemporaryDirectory("controller")
        let modules = directory.path("install/src/ncs/yang")
        let files = FileManager.default
        for folder in [
            modules, directory.path("run/packages"), directory.path("run/ncs-cdb"), directory.path("sources"),
        ] {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        for source in [Self.standardModules, Repository.path("yang/tailf"), Repository.path("yang/openned")] {
            for name in try files.contentsOfDirectory(atPath: source).sorted() where name.hasSuffix(".yang") {
                let target = modules + "/" + (name.split(separator: "@").first.map(String.init) ?? name)
                let file = target.hasSuffix(".yang") ? target : target + ".yang"
                try? files.removeItem(atPath: file)
                try files.copyItem(atPath: source + "/" + name, toPath: file)
            }
        }
        try directory.write("run/ncs.conf", Self.settings)
    }

    deinit { controller?.stop() }

    private static let standardModules =
        ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"

    private static let settings = """
        <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
          <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
        </ncs-config>

        """

    // MARK: Starting

    @discardableResult
    func start(clock: WallClock = .system) throws -> NetworkController {
        let configuration = try SystemConfiguration(
            file: directory.path("run/ncs.conf"), runDirectory: directory.path("run"), environment: [:])
        try DurableFiles.makeDirectory(configuration.logDirectory)
        try DurableFiles.makeDirectory(configuration.stateDirectory)
        let logs = try SystemLogs(configuration.logs, host: "test", clock: .system)
        let controller = try Startup(
            configuration: configuration, installation: directory.path("install"), logs: logs, host: "test",
            clock: clock
        ).start()
        self.controller = controller
        return controller
    }

    @discardableResult
    func restart(clock: WallClock = .system) throws -> NetworkController {
        controller?.stop()
        controller = nil
        return try start(clock: clock)
    }

    func session(_ name: String = "admin", _ heard: Heard = Heard()) throws -> any ControlSession {
        let controller = try #require(controller)
        return try controller.openSession(SessionUser(name: name)) { event in
            if case .broadcast(let line) = event { heard.add(line) }
        }
    }

    // MARK: Packages

    /// Builds a driver package into the load path. Packages of one `major.minor` share their ned-id.
    @discardableResult
    func package(_ name: String, version: String, module: String, prepare: (String) throws -> Void = { _ in }) throws
        -> String
    {
        let parts = version.split(separator: ".").prefix(2).joined(separator: ".")
        let folder = "\(name)-cli-\(parts)"
        let place = "sources/\(folder)"
        directory.remove(place)
        try directory.write(
            place + "/src/package-meta-data.xml.in",
            """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
              <name>\(name)</name>
              <package-version>\(version)</package-version>
              <ncs-min-version>6.0</ncs-min-version>
              <component>
                <name>router</name>
                <ned>
                  <cli><ned-id>to be replaced by build</ned-id></cli>
                  <device><vendor>Test</vendor></device>
                </ned>
              </component>
            </ncs-package>

            """)
        try directory.write(place + "/src/yang/\(name).yang", module)
        let driver = try String(
            contentsOfFile: Repository.path("packages/openned-ios-cli-1.0/driver/driver.yaml"), encoding: .utf8)
        try directory.write(place + "/driver/driver.yaml", driver)
        try prepare(directory.path(place))
        let environment = ["NCS_DIR": directory.path("install")]
        let builder = PackageBuilder(environment: environment, compile: Self.compiler(environment))
        _ = try builder.build(directory.path(place), output: directory.path("sources"))
        let target = "run/packages/\(folder)"
        directory.remove(target)
        try FileManager.default.copyItem(atPath: directory.path(place), toPath: directory.path(target))
        return folder
    }

    private static func compiler(_ environment: [String: String]) -> PackageBuilder.Compile {
        { request in
            let bundle = DurableFiles.parent(of: request.yangDirectory) + "/ncsc-out"
            var arguments = ["--ncs-compile-bundle", request.yangDirectory, "--ncs-device-dir", bundle]
            if request.type == .cli { arguments += ["--ncs-device-type", "cli-ned"] }
            if let nedID = request.nedID { arguments += ["--ncs-ned-id", nedID] }
            let recipes = DurableFiles.parent(of: request.yangDirectory) + "/recipes"
            if DurableFiles.exists(recipes) { arguments += ["--recipes", recipes] }
            let lines = Mutex<[String]>([])
            let status = CompilerCommand.run(
                arguments: arguments, environment: environment, output: { _ in },
                errors: { line in lines.withLock { $0.append(line) } })
            let modules = bundle + "/modules/fxs"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: modules)) ?? [] {
                try FileManager.default.copyItem(
                    atPath: modules + "/" + name, toPath: request.loadDirectory + "/" + name)
            }
            return lines.withLock { $0 }.map { Diagnostic(status == 0 ? .warning : .error, $0) }
        }
    }

    // MARK: Data

    /// Loads a device of a driver, southbound-locked: its configuration is ours alone.
    func device(_ name: String, _ nedID: String, _ session: any ControlSession) throws {
        let device = "/tailf-ncs:devices/device[name='\(name)']"
        try session.change([
            ("\(device)/address", "127.0.0.1"), ("\(device)/port", "1"),
            ("\(device)/device-type/cli/ned-id", "\(nedID):\(nedID)"),
        ])
    }
}

/// The lines that a session was told.
final class Heard: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

extension ControlSession {
    /// Sets leaves (nil: deletes what is at the path) and commits, without talking to devices.
    @discardableResult
    func change(_ edits: [(path: String, value: String?)], from base: DataTree? = nil) throws -> CommitOutcome {
        let base = base ?? running
        var options = CommitOptions()
        options.noNetworking = true
        return try commit(CommitRequest(base: base, candidate: try edited(base, edits), options: options))
    }

    func edited(_ base: DataTree, _ edits: [(path: String, value: String?)]) throws -> DataTree {
        var tree = base
        for (path, value) in edits {
            let place = try tree.path(path)
            let isEntry = place.last?.node.kind == .leafList
            let edit = PathEdit(value.map { isEntry ? .place(.last) : .set($0) } ?? .delete, place)
            for edit in try sealed([edit], over: tree) { try tree.apply(edit.edit, at: edit.path) }
        }
        return tree
    }

    func value(_ path: String) throws -> String? { running.value(try running.path(path)) }

    /// Runs an action such as `packages/reload`; each input is a leaf below `input`.
    @discardableResult
    func act(_ path: String, _ inputs: [String: String] = [:]) throws -> Instance {
        let tree = running
        let action = try tree.path(path)
        let node = try #require(action.last?.node)
        let input = try #require(node.dataChild(named: "input"))
        let draft = RowDraft(input)
        for (name, value) in inputs {
            let leaf = try #require(input.dataChild(named: name), "\(name)")
            if leaf.kind == .leafList { draft.add(value, to: leaf) } else { draft.set(value, for: leaf) }
        }
        return try invoke(action, input: draft.freeze(in: tree.model)) { _ in }.instance
    }
}

/// Runs what must be refused, and gives the refusal.
func refusal(
    _ work: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> ControlError {
    do {
        try work()
    } catch let error as ControlError {
        return error
    }
    throw ProcessFault("it was not refused")
}

/// Device models of the tests.
enum TestModels {
    static let first = """
        module mini {
          namespace "urn:test:mini";
          prefix mini;
          import tailf-common { prefix tailf; }
          leaf hostname { type string; }
          leaf contact { type string; }
          list vlan {
            key id;
            leaf id { type uint16; }
            leaf name { type string; }
          }
          list interface {
            key name;
            leaf name { type string; }
            leaf mtu { type uint16; }
            leaf vlan { type leafref { path "/mini:vlan/mini:id"; } }
          }
          list user {
            key name;
            leaf name { type string; }
            leaf secret { type tailf:aes-256-cfb-128-encrypted-string; }
          }
        }

        """

    /// Without `contact`, with `location`, and `mtu` of another type.
    static let second =
        first.replacing("leaf contact { type string; }", with: "leaf location { type string; }")
        .replacing("leaf mtu { type uint16; }", with: "leaf mtu { type uint32; }")
}
