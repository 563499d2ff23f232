import Testing

@testable import Transactions

@Test func payloadsSurviveTheirEncoding() {
    let id = ParticipantID("device/ce0")
    let cases: [(TransactionRecordKind, TransactionPayload)] = [
        (.intent, .intent(participants: [id, ParticipantID("device/ce1")], recoveries: [Array("a\nb".utf8), []])),
        (.decisionCommit, .decision(transaction: 4, change: Array("{\"x\":\"\\n\"}\n".utf8))),
        (.decisionAbort, .decision(transaction: 4, change: [])),
        (.done, .ended(transaction: 4, participant: id)),
        (.inDoubt, .inDoubt(transaction: 4, participant: id, reason: "hung \"up\"")),
        (.resolved, .ended(transaction: 4, participant: id)),
    ]
    for (kind, payload) in cases { #expect(TransactionPayload(kind, payload.encode()) == payload) }
}

@Test func aPayloadIsReadableText() {
    let payload = TransactionPayload.decision(transaction: 12, change: Array("{\"a\":1}".utf8))
    #expect(String(decoding: payload.encode(), as: UTF8.self) == "{\"parts\":[7],\"transaction\":12}\n{\"a\":1}")
}

@Test func aPayloadCutShortIsRefused() {
    let whole = TransactionPayload.intent(
        participants: [ParticipantID("device/ce0")], recoveries: [Array("recovery".utf8)]
    ).encode()
    for length in 0..<whole.count { #expect(TransactionPayload(.intent, Array(whole[..<length])) == nil) }
    #expect(TransactionPayload(.decisionCommit, whole) == nil)
    var plan = RecoveryPlan()
    #expect(throws: DamagedTransactionRecord(number: 9)) { try plan.add(.intent, number: 9, payload: []) }
}
