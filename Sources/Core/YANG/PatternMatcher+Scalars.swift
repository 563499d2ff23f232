/// A set of Unicode scalars: sorted ranges that neither overlap nor touch.
struct ScalarSet: Hashable, Sendable {
    static let last: UInt32 = 0x10FFFF
    let ranges: [ClosedRange<UInt32>]

    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    init(_ unsorted: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let top = merged.last, range.lowerBound <= top.upperBound &+ 1 {
                merged[merged.count - 1] = top.lowerBound...max(top.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            if range.lowerBound > start { gaps.append(start...range.lowerBound - 1) }
            start = range.upperBound + 1
        }
        if start <= Self.last { gaps.append(start...Self.last) }
        return ScalarSet(gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }
    func subtracting(_ other: ScalarSet) -> ScalarSet { inverted.union(other).inverted }

    // MARK: Named sets

    /// Everything but the ends of lines.
    static let dot = ScalarSet([10...10, 13...13]).inverted
    private static let space = ScalarSet([9...10, 13...13, 32...32])
    private static let digit = category { $0 == .decimalNumber }
    /// Everything but punctuation, separators and the rest.
    private static let word = category { !("PZC".contains(initial(of: $0))) }
    /// The first character of an XML name, `:` included.
    private static let nameStart = ScalarSet([
        0x3A...0x3A, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D,
        0x37F...0x1FFF, 0x200C...0x200D, 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF,
        0xFDF0...0xFFFD, 0x10000...0xEFFFF,
    ])
    private static let nameCharacter = ScalarSet(
        nameStart.ranges + [0x2D...0x2E, 0x30...0x39, 0xB7...0xB7, 0x300...0x36F, 0x203F...0x2040])

    /// `\s`, `\i`, `\c`, `\d`, `\w` and, in capitals, what they leave out.
    static func multiCharacterEscape(_ letter: Unicode.Scalar) -> ScalarSet? {
        switch letter {
        case "s": space
        case "S": space.inverted
        case "i": nameStart
        case "I": nameStart.inverted
        case "c": nameCharacter
        case "C": nameCharacter.inverted
        case "d": digit
        case "D": digit.inverted
        case "w": word
        case "W": word.inverted
        default: nil
        }
    }

    /// The set that `\p{NAME}` stands for: a general category, its first letter, or `Is` and a block.
    static func property(_ name: String) -> ScalarSet? {
        if name.hasPrefix("Is") { return UnicodeBlocks.ranges[String(name.dropFirst(2))].map { ScalarSet([$0]) } }
        return categories[name]
    }

    // MARK: General categories

    /// Stretches whose scalars are all of one category, which no later version of Unicode changes or gives to others
    /// (surrogates, private use, planes without characters): to ask for each of them would take most of the time.
    static let uniformStretches: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = [
        (0xD800...0xDFFF, .surrogate), (0xE000...0xF8FF, .privateUse), (0x40000...0xDFFFF, .unassigned),
        (0xE0200...0xEFFFF, .unassigned), (0xF0000...0xFFFFD, .privateUse), (0xFFFFE...0xFFFFF, .unassigned),
        (0x100000...0x10FFFD, .privateUse), (0x10FFFE...0x10FFFF, .unassigned),
    ]

    /// The scalars in order, as runs of one category; made once, it looks at every scalar outside `uniformStretches`.
    static let runs: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = {
        var runs: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = []
        func add(_ range: ClosedRange<UInt32>, _ category: Unicode.GeneralCategory) {
            if let top = runs.last, top.category == category {
                runs[runs.count - 1].range = top.range.lowerBound...range.upperBound
            } else {
                runs.append((range, category))
            }
        }
        var next: UInt32 = 0
        for stretch in uniformStretches {
            while next < stretch.range.lowerBound {
                add(next...next, Unicode.Scalar(next)?.properties.generalCategory ?? .surrogate)
                next += 1
            }
            add(stretch.range, stretch.category)
            next = stretch.range.upperBound + 1
        }
        return runs
    }()

    private static func category(_ belongs: (Unicode.GeneralCategory) -> Bool) -> ScalarSet {
        ScalarSet(runs.filter { belongs($0.category) }.map(\.range))
    }

    private static func initial(of category: Unicode.GeneralCategory) -> Character {
        abbreviation(of: category).first ?? "C"
    }

    /// The sets of all categories and of their first letters.
    private static let categories: [String: ScalarSet] = {
        var ranges: [String: [ClosedRange<UInt32>]] = [:]
        for run in runs where run.category != .surrogate {
            let name = abbreviation(of: run.category)
            ranges[name, default: []].append(run.range)
            ranges[String(name.prefix(1)), default: []].append(run.range)
        }
        return ranges.mapValues { ScalarSet($0) }
    }()

    private static func abbreviation(of category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}

/// The Unicode blocks that XML Schema names (part 2, appendix F.1.1).
enum UnicodeBlocks {
    static let ranges: [String: ClosedRange<UInt32>] = [
        "BasicLatin": 0x0000...0x007F, "Latin-1Supplement": 0x0080...0x00FF, "LatinExtended-A": 0x0100...0x017F,
        "LatinExtended-B": 0x0180...0x024F, "IPAExtensions": 0x0250...0x02AF,
        "SpacingModifierLetters": 0x02B0...0x02FF, "CombiningDiacriticalMarks": 0x0300...0x036F,
        "Greek": 0x0370...0x03FF, "GreekandCoptic": 0x0370...0x03FF, "Cyrillic": 0x0400...0x04FF,
        "Armenian": 0x0530...0x058F, "Hebrew": 0x0590...0x05FF, "Arabic": 0x0600...0x06FF, "Syriac": 0x0700...0x074F,
        "Thaana": 0x0780...0x07BF, "Devanagari": 0x0900...0x097F, "Bengali": 0x0980...0x09FF,
        "Gurmukhi": 0x0A00...0x0A7F, "Gujarati": 0x0A80...0x0AFF, "Oriya": 0x0B00...0x0B7F, "Tamil": 0x0B80...0x0BFF,
        "Telugu": 0x0C00...0x0C7F, "Kannada": 0x0C80...0x0CFF, "Malayalam": 0x0D00...0x0D7F,
        "Sinhala": 0x0D80...0x0DFF, "Thai": 0x0E00...0x0E7F, "Lao": 0x0E80...0x0EFF, "Tibetan": 0x0F00...0x0FFF,
        "Myanmar": 0x1000...0x109F, "Georgian": 0x10A0...0x10FF, "HangulJamo": 0x1100...0x11FF,
        "Ethiopic": 0x1200...0x137F, "Cherokee": 0x13A0...0x13FF,
        "UnifiedCanadianAboriginalSyllabics": 0x1400...0x167F, "Ogham": 0x1680...0x169F, "Runic": 0x16A0...0x16FF,
        "Khmer": 0x1780...0x17FF, "Mongolian": 0x1800...0x18AF, "LatinExtendedAdditional": 0x1E00...0x1EFF,
        "GreekExtended": 0x1F00...0x1FFF, "GeneralPunctuation": 0x2000...0x206F,
        "SuperscriptsandSubscripts": 0x2070...0x209F, "CurrencySymbols": 0x20A0...0x20CF,
        "CombiningMarksforSymbols": 0x20D0...0x20FF, "LetterlikeSymbols": 0x2100...0x214F,
        "NumberForms": 0x2150...0x218F, "Arrows": 0x2190...0x21FF, "MathematicalOperators": 0x2200...0x22FF,
        "MiscellaneousTechnical": 0x2300...0x23FF, "ControlPictures": 0x2400...0x243F,
        "OpticalCharacterRecognition": 0x2440...0x245F, "EnclosedAlphanumerics": 0x2460...0x24FF,
        "BoxDrawing": 0x2500...0x257F, "BlockElements": 0x2580...0x259F, "GeometricShapes": 0x25A0...0x25FF,
        "MiscellaneousSymbols": 0x2600...0x26FF, "Dingbats": 0x2700...0x27BF, "BraillePatterns": 0x2800...0x28FF,
        "CJKRadicalsSupplement": 0x2E80...0x2EFF, "KangxiRadicals": 0x2F00...0x2FDF,
        "IdeographicDescriptionCharacters": 0x2FF0...0x2FFF, "CJKSymbolsandPunctuation": 0x3000...0x303F,
        "Hiragana": 0x3040...0x309F, "Katakana": 0x30A0...0x30FF, "Bopomofo": 0x3100...0x312F,
        "HangulCompatibilityJamo": 0x3130...0x318F, "Kanbun": 0x3190...0x319F, "BopomofoExtended": 0x31A0...0x31BF,
        "EnclosedCJKLettersandMonths": 0x3200...0x32FF, "CJKCompatibility": 0x3300...0x33FF,
        "CJKUnifiedIdeographsExtensionA": 0x3400...0x4DB5, "CJKUnifiedIdeographs": 0x4E00...0x9FFF,
        "YiSyllables": 0xA000...0xA48F, "YiRadicals": 0xA490...0xA4CF, "HangulSyllables": 0xAC00...0xD7A3,
        "PrivateUse": 0xE000...0xF8FF, "CJKCompatibilityIdeographs": 0xF900...0xFAFF,
        "AlphabeticPresentationForms": 0xFB00...0xFB4F, "ArabicPresentationForms-A": 0xFB50...0xFDFF,
        "CombiningHalfMarks": 0xFE20...0xFE2F, "CJKCompatibilityForms": 0xFE30...0xFE4F,
        "SmallFormVariants": 0xFE50...0xFE6F, "ArabicPresentationForms-B": 0xFE70...0xFEFE,
        "HalfwidthandFullwidthForms": 0xFF00...0xFFEF, "Specials": 0xFFF0...0xFFFD,
        "OldItalic": 0x10300...0x1032F, "Gothic": 0x10330...0x1034F, "Deseret": 0x10400...0x1044F,
        "ByzantineMusicalSymbols": 0x1D000...0x1D0FF, "MusicalSymbols": 0x1D100...0x1D1FF,
        "MathematicalAlphanumericSymbols": 0x1D400...0x1D7FF, "CJKUnifiedIdeographsExtensionB": 0x20000...0x2A6D6,
        "CJKCompatibilityIdeographsSupplement": 0x2F800...0x2FA1F, "Tags": 0xE0000...0xE007F,
    ]
}
