/// What the yes-or-no annotations (`tailf:cli-*`) say of a node. Named after the statements.
struct CLITraits: OptionSet, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(bit: UInt64) { rawValue = 1 << bit }

    /// Opens a submode: a list without `cli-suppress-mode`, a container with `cli-add-mode`, a mount point.
    static let mode = CLITraits(bit: 0)
    static let dropNodeName = CLITraits(bit: 1)
    static let compact = CLITraits(bit: 2)
    static let sequence = CLITraits(bit: 3)
    static let resetSiblings = CLITraits(bit: 4)
    static let resetAllSiblings = CLITraits(bit: 5)
    static let flatten = CLITraits(bit: 6)
    static let fullCommand = CLITraits(bit: 7)
    static let fullNo = CLITraits(bit: 8)
    static let incompleteCommand = CLITraits(bit: 9)
    static let incompleteNo = CLITraits(bit: 10)
    /// `name` and `no name` for a boolean, by annotation or by the dialect.
    static let booleanNo = CLITraits(bit: 11)
    static let reversed = CLITraits(bit: 12)
    static let exposeKeyName = CLITraits(bit: 13)
    static let prefixKey = CLITraits(bit: 14)
    static let joinKey = CLITraits(bit: 15)
    static let joinValue = CLITraits(bit: 16)
    static let displayJoined = CLITraits(bit: 17)
    static let multiValue = CLITraits(bit: 18)
    static let multiWordKey = CLITraits(bit: 19)
    static let flatList = CLITraits(bit: 20)
    static let listSyntax = CLITraits(bit: 21)
    static let rangeList = CLITraits(bit: 22)
    static let hideInSubmode = CLITraits(bit: 23)
    static let noValueOnDelete = CLITraits(bit: 24)
    static let noNameOnDelete = CLITraits(bit: 25)
    static let embedNo = CLITraits(bit: 26)
    static let showNo = CLITraits(bit: 27)
    static let suppressNo = CLITraits(bit: 28)
    static let suppressListNo = CLITraits(bit: 29)
    static let removeBeforeChange = CLITraits(bit: 30)
    static let resetContainer = CLITraits(bit: 31)
    static let deleteWhenEmpty = CLITraits(bit: 32)
    static let deleteContainerOnDelete = CLITraits(bit: 33)
    static let optionalInSequence = CLITraits(bit: 34)
    static let breakSequence = CLITraits(bit: 35)
    static let explicitExit = CLITraits(bit: 36)
    static let showWithDefault = CLITraits(bit: 37)
    static let trimDefault = CLITraits(bit: 38)
    static let recursiveDelete = CLITraits(bit: 39)
    static let suppressKeyAbbreviation = CLITraits(bit: 40)
    static let suppressRange = CLITraits(bit: 41)
    static let allowRange = CLITraits(bit: 42)
    static let longOrderDiffs = CLITraits(bit: 43)
    static let orderComments = CLITraits(bit: 44)
    static let replaceAll = CLITraits(bit: 45)
    static let displaySeparated = CLITraits(bit: 46)
    static let shortNo = CLITraits(bit: 47)
    static let caseInsensitive = CLITraits(bit: 48)
    static let hidden = CLITraits(bit: 49)
    static let suppressQuotes = CLITraits(bit: 50)
    static let suppressLeafrefInDiff = CLITraits(bit: 51)
    static let exposePrefix = CLITraits(bit: 52)
    /// With `cli-show-long-obu-diffs { cli-reset-full; }`: the whole list anew after any change of order.
    static let resetFullOrder = CLITraits(bit: 53)
    static let allowKeyAbbreviation = CLITraits(bit: 54)
    static let strictLeafref = CLITraits(bit: 55)
    static let showConfig = CLITraits(bit: 56)
    static let suppressKeySort = CLITraits(bit: 57)
    static let noKeyCompletion = CLITraits(bit: 58)

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
        "cli-suppress-key-abbreviation": .suppressKeyAbbreviation, "cli-suppress-range": .suppressRange,
        "cli-allow-range": .allowRange, "cli-show-long-obu-diffs": .longOrderDiffs,
        "cli-show-obu-comments": .orderComments, "cli-replace-all": .replaceAll,
        "cli-display-separated": .displaySeparated, "cli-short-no": .shortNo,
        "cli-case-insensitive": .caseInsensitive, "hidden": .hidden, "cli-suppress-quotes": .suppressQuotes,
        "cli-suppress-leafref-in-diff": .suppressLeafrefInDiff, "cli-expose-ns-prefix": .exposePrefix,
        "cli-allow-key-abbreviation": .allowKeyAbbreviation, "cli-strict-leafref": .strictLeafref,
        "cli-show-config": .showConfig, "cli-suppress-key-sort": .suppressKeySort,
        "cli-no-key-completion": .noKeyCompletion,
    ]

    /// What a statement inside another one adds.
    static let bySubstatement: [String: CLITraits] = [
        "cli-reset-siblings": .resetSiblings, "cli-reset-all-siblings": .resetAllSiblings,
        "cli-reversed": .reversed, "cli-display-joined": .displayJoined, "cli-replace-all": .replaceAll,
        "cli-reset-full": .resetFullOrder,
    ]
}
