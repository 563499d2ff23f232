/// Why an operation on a simulated network failed: a closed code for programs, a sentence with the remedy for people.
package struct NetsimError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The command line is not understood.
        case usage
        case noNetwork
        /// The network, or a device of that name, is there already.
        case alreadyExists
        case unknownDevice
        /// `.netsiminfo` cannot be understood.
        case damagedInfo
        /// The package has no usable meta-data or model.
        case packageUnusable
        /// A device's stored configuration, or one to be loaded, cannot be read.
        case configurationUnusable
        case portTaken
        /// The process that serves the network does not answer.
        case processUnavailable
        case notRunning
        case unsupported
        /// The operating system refused.
        case system
    }

    package var code: Code
    /// A path, an address, a device: what it is about. May be empty.
    package var place: String
    package var summary: String
    /// What to do about it. May be empty.
    package var remedy: String

    package init(_ code: Code, _ place: String, _ summary: String, remedy: String = "") {
        self.code = code
        self.place = place
        self.summary = summary
        self.remedy = remedy
    }

    package var description: String {
        (place.isEmpty ? "" : "\(place): ") + summary + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
