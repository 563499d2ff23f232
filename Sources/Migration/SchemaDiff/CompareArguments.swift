/// The command line of `ncsc --compare OLD NEW`.
struct CompareArguments {
    struct Fault: Error {
        var message: String
    }

    var models: [String] = []
    var searchPath: [String] = []
    var rules = ComparisonRules.rfc7950
    var format = ComparisonReport.Format.text
    var output: String?
    var isStrict = false
    var isVerbose = false

    init(_ arguments: [String]) throws(Fault) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--compare": break
            case "--verbose", "-v": isVerbose = true
            case "--yangpath", "--rules", "--format", "-o", "--output", "--policy":
                guard let value = rest.popFirst() else { throw Fault(message: "\(argument) needs a value") }
                try take(value, of: argument)
            case _ where argument.hasPrefix("-") && argument != "-":
                throw Fault(message: "unknown option \(argument); \(Self.usage)")
            default: models.append(argument)
            }
        }
        guard models.count == 2 else {
            throw Fault(message: "name two models to compare, not \(models.count); \(Self.usage)")
        }
    }

    static let usage =
        "ncsc --compare OLD NEW [--yangpath DIR[:DIR]...] [--rules rfc7950|ietf-versioning] "
        + "[--format text|xml|json|ietf-json|html] [--policy vendor|strict] [-o FILE] [--verbose]"

    private mutating func take(_ value: String, of option: String) throws(Fault) {
        switch option {
        case "--yangpath": searchPath += value.split(separator: ":").map(String.init)
        case "--rules": rules = try Self.choice(value, option)
        case "--format": format = try Self.choice(value, option)
        case "--policy":
            guard value == "strict" || value == "vendor" else {
                throw Fault(message: "--policy is '\(value)'; expected vendor or strict")
            }
            isStrict = value == "strict"
        default: output = value
        }
    }

    private static func choice<Value: RawRepresentable & CaseIterable>(
        _ text: String, _ option: String
    ) throws(Fault) -> Value where Value.RawValue == String {
        if let value = Value(rawValue: text) { return value }
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw Fault(message: "\(option) is '\(text)'; expected one of \(names)")
    }
}
