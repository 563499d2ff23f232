/// A parser of foreign bytes with the properties that it must keep on every input.
///
/// `fault(on:)` gives a sentence where a property is broken; a crash, a hang or too much memory is for the caller to
/// notice. The properties are the same in the fuzzer and in the replay of regressions.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// YANG texts, separated by NUL: parser and compiler.
    case yang
    /// Instance data in XML.
    case xml
    /// Instance data in JSON.
    case json
    /// An XPath expression: parser, evaluator, analysis of what it reads.
    case xpath
    /// A pattern and, after a NUL, texts to match, separated by NUL.
    case pattern
    /// The configuration of a device.
    case cli
    /// What a NETCONF client sends, from its greeting on: framing, messages, operations.
    case netconf
    /// What a device says to a driver from its greeting on: pieces, separated by NUL; an empty piece is silence.
    case dialogue
    /// What somebody types at a simulated device.
    case device

    /// Longer inputs are of no use: their parts are found in shorter ones.
    package var lengthLimit: Int {
        switch self {
        case .yang: 16_384
        case .xml, .json, .netconf: 8_192
        case .cli, .dialogue, .device: 4_096
        case .xpath: 1_024
        case .pattern: 1_024
        }
    }

    /// What is wrong with our code, if `bytes` shows something.
    package func fault(on bytes: [UInt8]) -> String? {
        switch self {
        case .yang: YANGCheck.fault(on: bytes)
        case .xml: DataCheck.fault(onXML: bytes)
        case .json: DataCheck.fault(onJSON: bytes)
        case .xpath: XPathCheck.fault(on: bytes)
        case .pattern: PatternCheck.fault(on: bytes)
        case .cli: CLICheck.fault(on: bytes)
        case .netconf: NETCONFCheck.fault(on: bytes)
        case .dialogue: DialogueCheck.fault(on: bytes)
        case .device: DeviceCheck.fault(on: bytes)
        }
    }

    /// Inputs to start from.
    package var seeds: [[UInt8]] {
        let texts =
            switch self {
            case .yang: YANGCheck.seeds
            case .xml: DataCheck.xmlSeeds
            case .json: DataCheck.jsonSeeds
            case .xpath: XPathCheck.seeds
            case .pattern: PatternCheck.seeds
            case .cli: CLICheck.seeds
            case .netconf: NETCONFCheck.seeds
            case .dialogue: DialogueCheck.seeds
            case .device: DeviceCheck.seeds
            }
        return texts.map { Array($0.utf8) }
    }

    /// Words of the language, for mutations.
    package var words: [String] {
        switch self {
        case .yang: YANGCheck.words
        case .xml: DataCheck.xmlWords
        case .json: DataCheck.jsonWords
        case .xpath: XPathCheck.words
        case .pattern: PatternCheck.words
        case .cli: CLICheck.words
        case .netconf: NETCONFCheck.words
        case .dialogue: DialogueCheck.words
        case .device: DeviceCheck.words
        }
    }
}
