import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import NEDRuntime
import PackageManager

extension LoadedSystem {
    /// The system that a generation makes. Drivers whose package has not changed are taken over from `previous` as they
    /// are, models included. A driver whose description is faulty fails its package.
    static func make(
        _ generation: PackageGeneration, previous: LoadedSystem?, programs: ProgramHost
    ) -> LoadedSystem {
        var generation = generation
        var drivers: [String: Driver] = [:]
        for index in generation.packages.indices where generation.packages[index].isUp {
            let package = generation.packages[index]
            let old = previous?.generation.package(package.name)
            for model in package.drivers {
                if let driver = previous?.drivers[model.nedID], old?.digest == package.digest {
                    drivers[model.nedID] = driver
                    continue
                }
                do throws(DiagnosticsError) {
                    drivers[model.nedID] = try driver(
                        model, package, previous?.drivers[model.nedID]?.model, programs)
                } catch {
                    generation.packages[index].status = .programCodeError
                    generation.packages[index].errorInfo += error.diagnostics.map(\.description)
                    generation.packages[index].nameSource()
                }
            }
        }
        if let previous, previous.model.schema === generation.systemSchema, previous.drivers.count == drivers.count,
            drivers.allSatisfy({ previous.drivers[$0.key]?.model === $0.value.model })
        {
            return LoadedSystem(generation: generation, drivers: drivers, keepingModelOf: previous)
        }
        return LoadedSystem(generation: generation, schema: generation.systemSchema, drivers: drivers)
    }

    /// - Parameter previous: the model that the driver had; it stays if its schema does, so that no data moves.
    private static func driver(
        _ model: LoadedPackage.DriverModel, _ package: LoadedPackage, _ previous: DataModel?,
        _ programs: ProgramHost
    ) throws(DiagnosticsError) -> Driver {
        let kept = previous.flatMap { $0.schema === model.schema ? $0 : nil }
        let data = kept ?? DataModel(model.schema)
        func made(
            _ kind: Driver.Kind, isReadOnly: Bool = false, received: TextHook? = nil, sent: TextHook? = nil
        ) -> Driver {
            Driver(
                nedID: model.nedID, package: package.name, model: data, kind: kind, isReadOnly: isReadOnly,
                revisions: model.revisions, receivedHook: received, sentHook: sent)
        }
        if model.type == .netconf { return made(.netconf) }
        guard model.type == .cli else {
            return made(.modelOnly(reason: "\(model.type.rawValue) drivers are not part of this release"))
        }
        if model.hasDescription {
            let path = package.directory + "/" + LoadedPackage.descriptionFile
            let bytes: [UInt8]
            do { bytes = try DurableFiles.read(path, limit: 1 << 20) } catch {
                throw DiagnosticsError(.error("cannot be read: \(error)", place: SourcePlace(file: path)))
            }
            let description = try DriverDescription(yaml: bytes, file: path)
            func hook(_ key: String, _ file: String?) throws(DiagnosticsError) -> TextHook? {
                guard let file else { return nil }
                do throws(ControlError) {
                    return TextHook(try programs.pool(package, role: "text", file: file))
                } catch {
                    throw DiagnosticsError(
                        .error("hooks.\(key): \(error.message)", place: SourcePlace(file: path)))
                }
            }
            return made(
                .cli(CLIGrammar(model: data, dialect: description.grammarDialect), description),
                received: try hook("received", description.receivedHook), sent: try hook("sent", description.sentHook))
        }
        let description = try DriverDescription.standard()
        let isKnown = model.javaClassName?.trimmingWhitespace == "com.tailf.packages.ned.netsimcli.NetsimCli"
        let grammar = CLIGrammar(model: data, dialect: description.grammarDialect)
        return made(.cli(grammar, description), isReadOnly: !isKnown)
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
