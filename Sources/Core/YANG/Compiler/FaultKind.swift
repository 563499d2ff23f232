/// The kinds of faults that the compiler knows, by the code that `ncsc -E`, `-W` and `-w` take.
///
/// Each has the section of the RFC that it goes against, and what `vendor` policy does about it. The order of sacrifice
/// is status, default, pattern, `must` and `when`, leafref target, and only then a node; never keys or types.
package enum FaultKind: String, CaseIterable, Sendable {
    // Text and statements.
    case unknownStatement = "UNKNOWN_STATEMENT"
    case misplacedStatement = "MISPLACED_STATEMENT"
    case repeatedStatement = "REPEATED_STATEMENT"
    case missingStatement = "MISSING_STATEMENT"
    case badArgument = "BAD_ARGUMENT"
    case statementOrder = "STATEMENT_ORDER"
    case unknownEscape = "UNKNOWN_ESCAPE"
    case reservedIdentifier = "RESERVED_IDENTIFIER"
    case laterVersion = "LATER_VERSION"
    // Modules.
    case moduleNotFound = "MODULE_NOT_FOUND"
    case revisionNotFound = "REVISION_NOT_FOUND"
    case submoduleNotFound = "SUBMODULE_NOT_FOUND"
    case wrongOwner = "WRONG_OWNER"
    case unusedSubmodule = "UNUSED_SUBMODULE"
    case importCycle = "IMPORT_CYCLE"
    case includeCycle = "INCLUDE_CYCLE"
    case repeatedModule = "REPEATED_MODULE"
    case sharedNamespace = "SHARED_NAMESPACE"
    case takenPrefix = "TAKEN_PREFIX"
    case unknownPrefix = "UNKNOWN_PREFIX"
    case mixedVersions = "MIXED_VERSIONS"
    case revisionOrder = "REVISION_ORDER"
    case repeatedRevision = "REPEATED_REVISION"
    // Definitions.
    case repeatedDefinition = "REPEATED_DEFINITION"
    case shadowedDefinition = "SHADOWED_DEFINITION"
    case builtInName = "BUILT_IN_NAME"
    case undefinedType = "UNDEFINED_TYPE"
    case undefinedGrouping = "UNDEFINED_GROUPING"
    case undefinedIdentity = "UNDEFINED_IDENTITY"
    case undefinedFeature = "UNDEFINED_FEATURE"
    case undefinedExtension = "UNDEFINED_EXTENSION"
    case extensionArgument = "EXTENSION_ARGUMENT"
    case typedefCycle = "TYPEDEF_CYCLE"
    case groupingCycle = "GROUPING_CYCLE"
    case identityCycle = "IDENTITY_CYCLE"
    case featureCycle = "FEATURE_CYCLE"
    case featureExpression = "FEATURE_EXPRESSION"
    case statusOfReference = "STATUS_OF_REFERENCE"
    case deprecatedUse = "DEPRECATED_USE"
    case statusOfParent = "STATUS_OF_PARENT"
    // Types.
    case wrongRestriction = "WRONG_RESTRICTION"
    case incompleteType = "INCOMPLETE_TYPE"
    case rangeSyntax = "RANGE_SYNTAX"
    case lengthSyntax = "LENGTH_SYNTAX"
    case widenedType = "WIDENED_TYPE"
    case patternSyntax = "PATTERN_SYNTAX"
    case fractionDigits = "FRACTION_DIGITS"
    case unknownMember = "UNKNOWN_MEMBER"
    case repeatedMember = "REPEATED_MEMBER"
    case memberNumber = "MEMBER_NUMBER"
    // Nodes.
    case repeatedNode = "REPEATED_NODE"
    case listWithoutKey = "LIST_WITHOUT_KEY"
    case keyIsNoLeaf = "KEY_IS_NO_LEAF"
    case repeatedKey = "REPEATED_KEY"
    case keyConfig = "KEY_CONFIG"
    case conditionalKey = "CONDITIONAL_KEY"
    case keyType = "KEY_TYPE"
    case uniquePath = "UNIQUE_PATH"
    case configBelowState = "CONFIG_BELOW_STATE"
    case mandatoryDefault = "MANDATORY_DEFAULT"
    case defaultValue = "DEFAULT_VALUE"
    case conditionalDefault = "CONDITIONAL_DEFAULT"
    case defaultCase = "DEFAULT_CASE"
    case elementCounts = "ELEMENT_COUNTS"
    case operationPlace = "OPERATION_PLACE"
    case mountPoint = "MOUNT_POINT"
    // Expressions and references.
    case xpathSyntax = "XPATH_SYNTAX"
    case xpathNode = "XPATH_NO_NODE"
    case xpathConfig = "YANG_ERR_XPATH_REF_BAD_CONFIG"
    case conditionCycle = "CONDITION_CYCLE"
    case leafrefPath = "LEAFREF_PATH"
    case leafrefTarget = "LEAFREF_TARGET"
    case leafrefConfig = "LEAFREF_CONFIG"
    case leafrefCycle = "LEAFREF_CYCLE"
    // Changes.
    case augmentTarget = "AUGMENT_TARGET"
    case augmentKind = "AUGMENT_KIND"
    case augmentMandatory = "AUGMENT_MANDATORY"
    case refineTarget = "REFINE_TARGET"
    case refineProperty = "REFINE_PROPERTY"
    case deviationTarget = "DEVIATION_TARGET"
    case deviationProperty = "DEVIATION_PROPERTY"
    case annotationTarget = "ANNOTATION_TARGET"

    /// What a fault of the kind comes to.
    package enum Effect: Sendable {
        /// Nothing is wrong by the RFC: a warning under both policies.
        case warned
        /// An error under both policies.
        case refused
        /// `vendor` takes the statement as it is meant, and warns.
        case kept
        /// `vendor` gives up what is at fault, and warns.
        case dropped
    }

    package var effect: Effect {
        switch self {
        case .revisionOrder, .repeatedRevision, .deprecatedUse, .xpathNode, .xpathConfig, .unusedSubmodule,
            .annotationTarget:
            .warned
        case .statementOrder, .reservedIdentifier, .laterVersion, .revisionNotFound, .includeCycle, .mixedVersions,
            .shadowedDefinition, .undefinedExtension, .extensionArgument,
            .statusOfReference, .keyConfig, .conditionalKey, .keyType,
            .operationPlace, .augmentMandatory, .conditionCycle, .leafrefPath, .conditionalDefault, .unknownEscape:
            .kept
        case .statusOfParent, .mandatoryDefault, .defaultValue, .defaultCase, .patternSyntax, .widenedType,
            .xpathSyntax, .uniquePath, .leafrefTarget, .leafrefConfig, .configBelowState, .elementCounts,
            .augmentTarget, .refineTarget, .refineProperty, .deviationTarget, .deviationProperty:
            .dropped
        default: .refused
        }
    }

    /// What `vendor` policy gives up, for kinds that are `dropped`.
    package var sacrifice: String? {
        switch self {
        case .statusOfParent: "the status"
        case .mandatoryDefault, .defaultValue, .defaultCase: "the default"
        case .patternSyntax: "the pattern"
        case .widenedType: "what the base type does not allow"
        case .xpathSyntax: "the must or when"
        case .uniquePath: "the unique"
        case .leafrefTarget: "the target; any value of a string goes"
        case .leafrefConfig: "require-instance"
        case .configBelowState: "the config statement"
        case .elementCounts: "min-elements"
        case .augmentTarget: "the augment with its nodes"
        case .refineTarget, .refineProperty: "the refinement"
        case .deviationTarget, .deviationProperty: "the deviation"
        default: nil
        }
    }

    /// Where it is written: `RFC 7950 section 7.6.4`; nil for what our own extensions demand.
    package var rule: String? {
        switch self {
        case .reservedIdentifier: "RFC 6020 section 6.2"
        case .includeCycle: "RFC 6020 section 5.1"
        case .mountPoint: "RFC 8528 section 3.1"
        case .annotationTarget: nil
        default: section.map { "RFC 7950 section \($0)" }
        }
    }

    private var section: String? {
        switch self {
        case .unknownStatement, .misplacedStatement, .repeatedStatement, .missingStatement, .badArgument,
            .statementOrder:
            "14"
        case .unknownEscape: "6.1.3"
        case .laterVersion, .mixedVersions: "12"
        case .moduleNotFound, .revisionNotFound: "7.1.5"
        case .submoduleNotFound: "7.1.6"
        case .wrongOwner, .unusedSubmodule: "7.2.2"
        case .importCycle: "5.1"
        case .repeatedModule, .sharedNamespace: "5.3"
        case .takenPrefix, .unknownPrefix: "7.1.4"
        case .revisionOrder, .repeatedRevision: "7.1.9"
        case .repeatedDefinition, .repeatedNode: "6.2.1"
        case .shadowedDefinition: "5.5"
        case .builtInName, .typedefCycle: "7.3"
        case .undefinedType: "7.4"
        case .undefinedGrouping: "7.13"
        case .groupingCycle: "7.12"
        case .undefinedIdentity, .identityCycle: "7.18.2"
        case .featureCycle: "7.20.1"
        case .undefinedFeature, .featureExpression: "7.20.2"
        case .undefinedExtension: "7.19"
        case .extensionArgument: "7.19.2"
        case .statusOfReference, .deprecatedUse, .statusOfParent: "7.21.2"
        default: sectionOfTypesAndNodes
        }
    }

    private var sectionOfTypesAndNodes: String? {
        switch self {
        case .wrongRestriction, .incompleteType: "9"
        case .rangeSyntax, .widenedType: "9.2.4"
        case .lengthSyntax: "9.4.4"
        case .patternSyntax: "9.4.5"
        case .fractionDigits: "9.3.4"
        case .unknownMember, .repeatedMember, .memberNumber: "9.6.4"
        case .listWithoutKey, .keyIsNoLeaf, .repeatedKey, .keyConfig, .conditionalKey, .keyType: "7.8.2"
        case .uniquePath: "7.8.3"
        case .configBelowState: "7.21.1"
        case .mandatoryDefault, .defaultValue, .conditionalDefault: "7.6.4"
        case .defaultCase: "7.9.3"
        case .elementCounts: "7.7.5"
        case .operationPlace: "7.15"
        case .xpathSyntax, .xpathNode, .xpathConfig: "6.4.1"
        case .conditionCycle: "7.21.5"
        case .leafrefPath: "9.9.2"
        case .leafrefTarget, .leafrefConfig, .leafrefCycle: "9.9"
        case .augmentTarget, .augmentKind, .augmentMandatory: "7.17"
        case .refineTarget, .refineProperty: "7.13.2"
        case .deviationTarget: "7.20.3"
        case .deviationProperty: "7.20.3.2"
        default: nil
        }
    }
}
