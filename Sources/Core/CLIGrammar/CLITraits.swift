/// What the yes-or-no annotations (`tailf:cli-*`) say of a node. Named after the statements.
struct CLITraits: OptionSet, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(bit: UInt64) { rawValue = 1 << bit }

    /// Opens a submode: a list without `cli-suppress-mode`, a container with `cli-add-mode`, a mount point.
    static let mode = CLITraits(bit: 0)
    /// The name is not on the line: a value alone, or a container passed through.
    static let dropNodeName = CLITraits(bit: 1)
    /// All leaves on one line.
    static let compact = CLITraits(bit: 2)
    /// Arguments stand in the order of the model only.
    static let sequence = CLITraits(bit: 3)
    /// Giving the first of a sequence takes away the rest of the sequence that is not given.
    static let resetSiblings = CLITraits(bit: 4)
    /// Giving the first of a sequence takes away all that is not given, beyond the sequence too.
    static let resetAllSiblings = CLITraits(bit: 5)
    /// After the content of the node the line goes on in its parent.
    static let flatten = CLITraits(bit: 6)
    /// Nothing may follow on the line.
    static let fullCommand = CLITraits(bit: 7)
    /// Nothing may follow on a line with `no`.
    static let fullNo = CLITraits(bit: 8)
    /// A typed line must not end here.
    static let incompleteCommand = CLITraits(bit: 9)
    /// A typed line with `no` must not end here.
    static let incompleteNo = CLITraits(bit: 10)
    /// `name` and `no name` for a boolean, by annotation or by the dialect.
    static let booleanNo = CLITraits(bit: 11)
    /// `no name` means true.
    static let reversed = CLITraits(bit: 12)
    /// The name of the key stands before its value.
    static let exposeKeyName = CLITraits(bit: 13)
    /// The leaf stands before the keys of its entry.
    static let prefixKey = CLITraits(bit: 14)
    /// List name and first key may be glued.
    static let joinKey = CLITraits(bit: 15)
    /// Leaf name and value may be glued.
    static let joinValue = CLITraits(bit: 16)
    /// What may be glued is shown glued.
    static let displayJoined = CLITraits(bit: 17)
    /// The value is the rest of the line, or so many words.
    static let multiValue = CLITraits(bit: 18)
    /// The key may be several words.
    static let multiWordKey = CLITraits(bit: 19)
    /// Values of a leaf-list stand without brackets.
    static let flatList = CLITraits(bit: 20)
    /// Each value of a leaf-list has a line of its own.
    static let listSyntax = CLITraits(bit: 21)
    /// Numbers are written as ranges: `1,3,10-20`.
    static let rangeList = CLITraits(bit: 22)
    /// The leaf is part of the line that enters the mode, not shown inside.
    static let hideInSubmode = CLITraits(bit: 23)
    /// `no name` without the value.
    static let noValueOnDelete = CLITraits(bit: 24)
    /// `no value` without the name.
    static let noNameOnDelete = CLITraits(bit: 25)
    /// `no` stands right before the name, not at the beginning of the line.
    static let embedNo = CLITraits(bit: 26)
    /// Absence is shown as `no name`.
    static let showNo = CLITraits(bit: 27)
    /// The node cannot be deleted by `no`.
    static let suppressNo = CLITraits(bit: 28)
    /// `no list` without keys is refused.
    static let suppressListNo = CLITraits(bit: 29)
    /// A new value is given after the old one was removed.
    static let removeBeforeChange = CLITraits(bit: 30)
    /// Setting the leaf takes away its siblings that the line does not give.
    static let resetContainer = CLITraits(bit: 31)
    /// The entry or container goes with the last of its content.
    static let deleteWhenEmpty = CLITraits(bit: 32)
    /// Deleting the leaf deletes its container.
    static let deleteContainerOnDelete = CLITraits(bit: 33)
    /// May be left out of its sequence.
    static let optionalInSequence = CLITraits(bit: 34)
    /// The sequence ends before the node.
    static let breakSequence = CLITraits(bit: 35)
    /// The mode is left by `exit`; inherited by modes inside.
    static let explicitExit = CLITraits(bit: 36)
    /// Shown even if it has its default value.
    static let showWithDefault = CLITraits(bit: 37)
    /// Not shown if it has its default value.
    static let trimDefault = CLITraits(bit: 38)
    /// What is inside is deleted line by line before the node is.
    static let recursiveDelete = CLITraits(bit: 39)
    /// No ranges of keys.
    static let suppressRange = CLITraits(bit: 41)
    /// Ranges of keys that are no numbers.
    static let allowRange = CLITraits(bit: 42)
    /// An entry in the user's order is moved by giving it, and all after it, again.
    static let longOrderDiffs = CLITraits(bit: 43)
    /// An entry in the user's order is placed by `# after KEY`.
    static let orderComments = CLITraits(bit: 44)
    /// New values of a leaf-list take the place of the old ones.
    static let replaceAll = CLITraits(bit: 45)
    /// A presence container has a line of its own, whatever is inside.
    static let displaySeparated = CLITraits(bit: 46)
    /// One `no` for the whole node.
    static let shortNo = CLITraits(bit: 47)
    /// Names are found whatever their case; inherited.
    static let caseInsensitive = CLITraits(bit: 48)
    /// `tailf:hidden`: shown on request only.
    static let hidden = CLITraits(bit: 49)
    /// The value never stands in quotes.
    static let suppressQuotes = CLITraits(bit: 50)
    /// The reference does not order commands.
    static let suppressLeafrefInDiff = CLITraits(bit: 51)
    /// Children bear the prefix of their module.
    static let exposePrefix = CLITraits(bit: 52)
    /// With `cli-show-long-obu-diffs { cli-reset-full; }`: the whole list anew after any change of order.
    static let resetFullOrder = CLITraits(bit: 53)
    /// What is referred to must be there when the command is typed.
    static let strictLeafref = CLITraits(bit: 55)
    /// State that is part of the running configuration.
    static let showConfig = CLITraits(bit: 56)
    /// Keys are not offered.
    static let noKeyCompletion = CLITraits(bit: 58)
    /// The name is not part of J-style commands.
    static let noKeyword = CLITraits(bit: 60)
    /// J-style: no braces; the words of the node stand before each statement in it.
    static let sharedWords = CLITraits(bit: 61)

    /// What says something in J-style: the rest is about words of a line, which statements do not share.
    static let inStatements: CLITraits = [
        .dropNodeName, .compact, .flatten, .listSyntax, .exposeKeyName, .removeBeforeChange, .caseInsensitive, .hidden,
        .suppressLeafrefInDiff, .exposePrefix, .strictLeafref, .noKeyCompletion, .noKeyword,
    ]

    /// The statements that set one trait and nothing else.
    static let byStatement: [String: CLITraits] = [
        "cli-drop-node-name": .dropNodeName, "cli-compact-syntax": .compact, "cli-sequence-commands": .sequence,
        "cli-flatten-container": .flatten, "cli-full-command": .fullCommand, "cli-full-no": .fullNo,
        "cli-incomplete-command": .incompleteCommand, "cli-incomplete-no": .incompleteNo,
        "cli-boolean-no": .booleanNo, "cli-expose-key-name": .exposeKeyName, "cli-prefix-key": .prefixKey,
        "cli-allow-join-with-key": .joinKey, "cli-allow-join-with-value": .joinValue,
        "cli-multi-value": .multiValue, "cli-multi-word-key": .multiWordKey, "cli-flat-list-syntax": .flatList,
        "cli-list-syntax": .listSyntax, "cli-range-list-syntax": .rangeList,
        "cli-hide-in-submode": .hideInSubmode, "cli-no-value-on-delete": .noValueOnDelete,
        "cli-no-name-on-delete": .noNameOnDelete, "cli-embed-no-on-delete": .embedNo, "cli-show-no": .showNo,
        "cli-suppress-no": .suppressNo, "cli-suppress-list-no": .suppressListNo,
        "cli-remove-before-change": .removeBeforeChange, "cli-reset-container": .resetContainer,
        "cli-delete-when-empty": .deleteWhenEmpty, "cli-delete-container-on-delete": .deleteContainerOnDelete,
        "cli-optional-in-sequence": .optionalInSequence, "cli-break-sequence-commands": .breakSequence,
        "cli-explicit-exit": .explicitExit, "cli-show-with-default": .showWithDefault,
        "cli-trim-default": .trimDefault, "cli-recursive-delete": .recursiveDelete,
        "cli-suppress-range": .suppressRange,
        "cli-allow-range": .allowRange, "cli-show-long-obu-diffs": .longOrderDiffs,
        "cli-show-obu-comments": .orderComments, "cli-replace-all": .replaceAll,
        "cli-display-separated": .displaySeparated, "cli-short-no": .shortNo,
        "cli-case-insensitive": .caseInsensitive, "hidden": .hidden, "cli-suppress-quotes": .suppressQuotes,
        "cli-suppress-leafref-in-diff": .suppressLeafrefInDiff, "cli-expose-ns-prefix": .exposePrefix,
        "cli-strict-leafref": .strictLeafref,
        "cli-show-config": .showConfig,
        "cli-no-key-completion": .noKeyCompletion,
        "cli-no-keyword": .noKeyword,
    ]

    /// What a statement inside another one adds.
    static let bySubstatement: [String: CLITraits] = [
        "cli-reset-siblings": .resetSiblings, "cli-reset-all-siblings": .resetAllSiblings,
        "cli-reversed": .reversed, "cli-display-joined": .displayJoined, "cli-replace-all": .replaceAll,
        "cli-reset-full": .resetFullOrder,
    ]
}
