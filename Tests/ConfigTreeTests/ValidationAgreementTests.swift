import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// Random edits: the long form has as many as `OPENNED_SOAK_EDITS` says, over all its models together.
private let soakEdits = ProcessInfo.processInfo.environment["OPENNED_SOAK_EDITS"].flatMap { Int($0) }

@Test(arguments: DenseModels.all.map(\.name), [1, 2] as [UInt64])
func aChangeIsValidatedAsTheWholeTreeIs(name: String, seed: UInt64) throws {
    let text = try #require(DenseModels.all.first { $0.name == name }?.text)
    var agreement = ValidationAgreement(DataModel(try TreeModels.compile([text], policy: .vendor)), seed: seed)
    try agreement.run(edits: soakEdits.map { $0 / 32 } ?? 250)
    let figures = agreement.figures
    print("\(name), seed \(seed): \(figures)")
    #expect(figures.valid * 40 > figures.edits && figures.invalid * 40 > figures.edits)
}

@Test(.enabled(if: soakEdits != nil, "a long run"), arguments: PublishedModels.all.map(\.name))
func aChangeOfPublishedModelsIsValidatedAsTheWholeTreeIs(name: String) throws {
    let published = try #require(PublishedModels.all.first { $0.name == name })
    guard let model = try published.model() else { return }
    let share = (soakEdits ?? 0) / 4
    var done = 0
    var seed: UInt64 = 0
    var total = ValidationAgreement.Figures()
    // Each seed looks at another part of the model.
    while done < share {
        seed += 1
        var agreement = ValidationAgreement(model, seed: seed, breadth: 60)
        do { try agreement.run(edits: min(1_000, share - done)) } catch {
            Issue.record("\(name), seed \(seed): \(error)")
        }
        done += max(agreement.figures.edits, 1)
        total.add(agreement.figures)
    }
    print("\(name), \(seed) seeds: \(total)")
    // The IOS model has four unique statements and no other constraint: random edits hardly break one.
    #expect(total.valid > total.edits / 40 && (total.invalid > total.edits / 1_000 || name == "ios"))
}
