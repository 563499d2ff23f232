import Basics
import ConfigTree
import ControlProtocol
import Migration
import NEDKit
import PackageManager
import YANG

/// The upgrade components of packages that another version takes the place of: programs that see old and new data in the
/// transaction of the reload, change the new data, or refuse.
///
/// A program is asked `upgrade` with `package`, `component`, `from-version`, `to-version` and `lost`, what the engine did
/// not carry over. It may ask `get` with `tree`, `old` or
/// `new`, and `path`: what is at and below an instance, in JSON of RFC 7951, null if nothing is. Its answer is a
/// `ProgramChange`.
struct UpgradeComponents {
    /// A component of a package that was loaded before.
    struct Step {
        var package: LoadedPackage
        var component: String
        var program: String
        var fromVersion: String
    }

    let steps: [Step]

    /// In the order of the packages' names: of those whose content changed.
    init(from old: PackageGeneration, to new: PackageGeneration) {
        steps = new.packages.filter(\.isUp).sorted { $0.name < $1.name }.flatMap { package -> [Step] in
            guard let before = old.package(package.name), before.digest != package.digest else { return [] }
            return (package.metaData?.components ?? []).compactMap { component in
                guard case .upgrade(_, _, let program?) = component.kind else { return nil }
                return Step(
                    package: package, component: component.name, program: program, fromVersion: before.version)
            }
        }
    }

    /// The data after every component, and what they say.
    func run(
        _ old: DataTree, _ converted: DataConversion.Result, by host: ProgramHost
    ) throws(ControlError) -> DataConversion.Result {
        var result = converted
        for step in steps {
            let pool = try host.pool(step.package, role: "upgrade", file: step.program)
            defer { pool.end() }
            let lost = result.losses.map { loss in
                ["path": .string(loss.path), "instances": .number("\(loss.instances)")] as JSONValue
            }
            let question: JSONValue = [
                "package": .string(step.package.name), "component": .string(step.component),
                "from-version": .string(step.fromVersion), "to-version": .string(step.package.version),
                "lost": .array(lost),
            ]
            let (before, base) = (old, result.tree)
            let change: ProgramChange
            do throws(ProgramError) {
                let answer = try pool.lend { (program) throws(ProgramError) in
                    try program.call("upgrade", question) { (method, input) throws(RunningProgram.ServiceFault) in
                        try Self.serve(method, input, old: before, new: base)
                    }
                }
                change = try Self.read(answer, pool)
                result.tree = try Self.apply(change, base, pool)
            } catch {
                throw ControlError(error)
            }
            let count = ChangeSet(base.diff(to: result.tree)).items.count
            let name = "upgrade component \(step.component) of package \(step.package.name)"
            result.losses.removeAll { change.carried.contains($0.path) }
            result.notes += ["\(name): \(count) changes"] + change.notes.map { "\(name): \($0)" }
        }
        return result
    }

    private static func read(_ answer: JSONValue, _ pool: ProgramPool) throws(ProgramError) -> ProgramChange {
        do throws(ProgramChange.Fault) { return try ProgramChange(answer) } catch {
            throw ProgramError(.garbage, pool.program, error.text)
        }
    }

    private static func apply(
        _ change: ProgramChange, _ tree: DataTree, _ pool: ProgramPool
    ) throws(ProgramError) -> DataTree {
        do throws(ProgramChange.Fault) { return try change.applied(to: tree) } catch {
            throw ProgramError(.garbage, pool.program, error.text)
        }
    }

    private static func serve(
        _ method: String, _ input: JSONValue, old: DataTree, new: DataTree
    ) throws(RunningProgram.ServiceFault) -> JSONValue {
        guard method == "get" else { throw .init("there is no method '\(method)'; there is get") }
        guard let which = input["tree"]?.string, ["old", "new"].contains(which), let text = input["path"]?.string
        else { throw .init("get needs 'tree', old or new, and 'path'") }
        let tree = which == "old" ? old : new
        let path: InstancePath
        do throws(PathError) { path = text == "/" ? InstancePath() : try tree.path(text) } catch {
            throw .init(error.description)
        }
        guard path.steps.isEmpty || tree.isStored(path) else { return .null }
        do throws(ProgramChange.Fault) { return try ProgramChange.json(tree, at: path) } catch {
            throw .init(error.text)
        }
    }
}
