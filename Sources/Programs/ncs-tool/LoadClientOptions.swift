import ControlProtocol

/// The options of `ncs_load` (manual page ncs_load.1). What they mean is the daemon's to say.
struct LoadClientOptions {
    private(set) var isLoading = false
    private(set) var user: String?
    private(set) var groups: [String]?
    private(set) var context = "system"
    private(set) var isHelp = false
    private(set) var isTimed = false
    private(set) var debugLevel = 0
    private var arguments: [String: String] = [:]
    private var files: [String] = []

    struct Fault: Error {
        var message: String
    }

    static let usage = """
        usage: ncs_load [-W | -S] [OPTION...] [FILE]                    print the configuration, to FILE if given
               ncs_load -l [-m | -r] [-j] [-n] [-D] [OPTION...] [FILE...]   load files, or standard input (-)
        both:    -F x|p|o|j|c|i|t  XML, pretty XML, JSON, J-, C-, I-style CLI, C-style with the turbo parser (load)
                 -u USER  -g GROUP  -c CONTEXT     the session      -i  the init session      -d  debug   -t  time
                 -H  hide hidden nodes   -U  unhide them
        print:   -W  with defaults   -S  defaults as comments   -p PATH  only below   -P XPATH  only what it selects
                 -o  with operational data   -O  only that   -b  only what the database holds   -M  with meta-data
        load:    -m  merge   -r  replace what is in the file   -D  delete everything first   -p PATH  delete below first
                 -j  do not run services   -n  no networking   -x  lax XML   -a  commit after each line (c, i)
                 -e  go on after errors   -o  ignore operational data in the file   -O  load only operational data
        """

    init(_ words: [String]) throws(Fault) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                files.append(word)
                continue
            }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                let takesValue = "uFpgcPf".contains(letter)
                let value: String? = takesValue ? (letters.isEmpty ? rest.popFirst() : String(letters)) : nil
                if takesValue, value == nil { throw Fault(message: "-\(letter) needs a value") }
                try set(letter, value ?? "")
                if takesValue { break }
            }
        }
        try check()
    }

    /// Switches, and the argument that each stands for.
    private static let switches: [Character: (name: String, value: String)] = [
        "m": ("mode", "merge"), "r": ("mode", "replace"), "n": ("no-networking", ""), "j": ("no-services", ""),
        "x": ("lax", ""), "a": ("autocommit", ""), "e": ("continue", ""), "D": ("delete-all", ""),
        "W": ("defaults", "set"), "S": ("defaults", "comment"), "o": ("state", "with"), "O": ("state", "only"),
        "b": ("database-only", ""), "M": ("metadata", ""), "H": ("hidden", "hide"), "U": ("hidden", "show"),
        "i": ("init-session", ""),
    ]

    private mutating func set(_ letter: Character, _ value: String) throws(Fault) {
        if let known = Self.switches[letter] {
            if let other = arguments[known.name], other != known.value, known.name != "state" {
                throw Fault(message: "-\(letter) contradicts an option before it\n\(Self.usage)")
            }
            arguments[known.name] = known.value
            return
        }
        switch letter {
        case "l": isLoading = true
        case "F": arguments["format"] = value
        case "p": arguments["path"] = value
        case "P": arguments["xpath"] = value
        case "f": files.append(value)
        case "u": user = value
        case "g": groups = (groups ?? []) + value.split(separator: ",").map(String.init)
        case "c": context = value
        case "h", "?": isHelp = true
        case "d": debugLevel += 1
        case "t": isTimed = true
        case "s": break
        default: throw Fault(message: "-\(letter) is not known\n\(Self.usage)")
        }
    }

    private static let forLoading = [
        "mode", "no-networking", "no-services", "lax", "autocommit", "continue", "delete-all",
    ]
    private static let forPrinting = ["defaults", "xpath", "database-only", "metadata"]

    private func check() throws(Fault) {
        if isHelp { return }
        let wrong = (isLoading ? Self.forPrinting : Self.forLoading).filter { arguments[$0] != nil }
        if !wrong.isEmpty {
            let letters = Self.switches.filter { wrong.contains($0.value.name) }.map { "-\($0.key)" }
            let named = (letters + (wrong.contains("xpath") ? ["-P"] : [])).sorted().joined(separator: ", ")
            throw Fault(
                message: "one of \(named) is only for \(isLoading ? "printing" : "loading (-l)")\n\(Self.usage)")
        }
        if !isLoading, files.count > 1 { throw Fault(message: "one file at most can be written\n\(Self.usage)") }
        if let format = arguments["format"], !["x", "p", "o", "j", "c", "i", "t"].contains(format) {
            throw Fault(message: "-F \(format): the formats are x, p, o, j, c, i and t")
        }
        if arguments["autocommit"] != nil, !["c", "i", "t"].contains(arguments["format"]) {
            throw Fault(message: "-a is for the formats c and i")
        }
    }

    var who: String { user ?? "the user who runs this" }
    var outputFile: String? { files.first.flatMap { $0 == "-" ? nil : $0 } }

    /// The documents to load, each open already: a file that is not there stops before anything is sent.
    func inputs() throws -> [LoadInput] {
        if files.isEmpty { return [LoadInput(standardInput: ())] }
        return try files.map { $0 == "-" ? LoadInput(standardInput: ()) : try LoadInput($0) }
    }

    func command(_ names: [String], isWatched: Bool) -> ControlCommand {
        var arguments = arguments
        if isWatched { arguments["progress"] = "" }
        return ControlCommand(isLoading ? "load" : "save", arguments, documents: names)
    }
}
