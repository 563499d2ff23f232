enum NetsimProgram {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 { 2 }
    static func initialData(_ netsim: String, _ environment: [String: String]) throws -> ([UInt8], [String]) {
        ([], [])
    }
}
