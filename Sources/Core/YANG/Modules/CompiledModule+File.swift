import Basics
import Crypto
import Foundation

/// What a `.fxs` file says about its module, as JSON.
private struct CompiledModuleDescription: Codable {
    struct Text: Codable {
        var role: CompiledModule.Role
        var name: String
        var revision: String?
        var fileName: String
    }

    var name: String
    var namespace: String
    var prefix: String
    var revision: String?
    var isImplemented: Bool
    var features: FeatureSelection
    var policy: String
    var imports: [String]
    var deviceType: String?
    var nedID: String?
    var texts: [Text]
}

private enum SectionKind {
    static let description: UInt32 = 1
    static let text: UInt32 = 2
}

extension CompiledModule {
    // MARK: Writing

    /// The content of the file: the same for the same module, whenever and wherever it is made.
    package func encoded() throws -> [UInt8] {
        let description = CompiledModuleDescription(
            name: name, namespace: namespace, prefix: prefix, revision: revision, isImplemented: isImplemented,
            features: features, policy: policy.rawValue, imports: imports, deviceType: deviceType, nedID: nedID,
            texts: texts.map {
                .init(role: $0.role, name: $0.name, revision: $0.revision, fileName: $0.fileName)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = Self.magic
        Self.append(Self.formatVersion, to: &bytes)
        Self.append(UInt32(texts.count + 1), to: &bytes)
        Self.appendSection(SectionKind.description, [UInt8](try encoder.encode(description)), to: &bytes)
        for text in texts { Self.appendSection(SectionKind.text, text.bytes, to: &bytes) }
        return bytes
    }

    private static func appendSection(_ kind: UInt32, _ content: [UInt8], to bytes: inout [UInt8]) {
        append(kind, to: &bytes)
        append(UInt64(content.count), to: &bytes)
        bytes += SHA256.hash(data: content)
        bytes += content
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    // MARK: Reading

    /// Whether a file starts as ours do.
    package static func isCompiledModule(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

    package static func read(path: String) throws(CompiledModuleError) -> CompiledModule {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw CompiledModuleError(code: .unreadable, path: path, reason: error.localizedDescription)
        }
        return try decode([UInt8](data), path: path)
    }

    package static func decode(_ bytes: [UInt8], path: String) throws(CompiledModuleError) -> CompiledModule {
        guard isCompiledModule(bytes) else { throw CompiledModuleError(code: .foreign, path: path, reason: "") }
        var reader = SectionReader(bytes: bytes, offset: magic.count, path: path)
        let version = UInt32(try reader.number(octets: 4))
        guard version == formatVersion else {
            throw CompiledModuleError(
                code: .version, path: path, reason: "format \(version), expected \(formatVersion)")
        }
        let count = try reader.number(octets: 4)
        guard count >= 1, count <= 100_000 else { throw reader.damaged("\(count) sections") }
        let head = try reader.section(SectionKind.description)
        let description: CompiledModuleDescription
        do {
            description = try JSONDecoder().decode(CompiledModuleDescription.self, from: Data(head))
        } catch {
            throw reader.damaged("its description cannot be read")
        }
        guard description.texts.count == Int(count) - 1, let policy = CompilePolicy(rawValue: description.policy),
            description.texts.first?.role == .module
        else { throw reader.damaged("its description does not fit its content") }
        var module = CompiledModule(
            name: description.name, namespace: description.namespace, prefix: description.prefix,
            revision: description.revision, isImplemented: description.isImplemented,
            features: description.features, policy: policy, imports: description.imports, texts: [])
        module.deviceType = description.deviceType
        module.nedID = description.nedID
        for text in description.texts {
            module.texts.append(
                Text(
                    role: text.role, name: text.name, revision: text.revision, fileName: text.fileName,
                    bytes: try reader.section(SectionKind.text)))
        }
        guard reader.isAtEnd else { throw reader.damaged("there is more after its end") }
        return module
    }
}

/// Reads the numbers and sections of a file within its bounds.
private struct SectionReader {
    let bytes: [UInt8]
    var offset: Int
    let path: String

    var isAtEnd: Bool { offset == bytes.count }

    func damaged(_ reason: String) -> CompiledModuleError {
        CompiledModuleError(code: .damaged, path: path, reason: reason)
    }

    mutating func number(octets: Int) throws(CompiledModuleError) -> UInt64 {
        guard bytes.count - offset >= octets else { throw damaged("it ends early") }
        let value = bytes[offset..<(offset + octets)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        offset += octets
        return value
    }

    mutating func section(_ kind: UInt32) throws(CompiledModuleError) -> [UInt8] {
        let start = offset
        guard try number(octets: 4) == UInt64(kind) else { throw damaged("wrong section at octet \(start)") }
        let length = try number(octets: 8)
        guard bytes.count - offset >= 32, length <= UInt64(bytes.count - offset - 32) else {
            throw damaged("it ends early")
        }
        let digest = bytes[offset..<(offset + 32)]
        offset += 32
        let content = Array(bytes[offset..<(offset + Int(length))])
        offset += Int(length)
        guard digest.elementsEqual(SHA256.hash(data: content)) else {
            throw damaged("wrong checksum of the section at octet \(start)")
        }
        return content
    }
}
