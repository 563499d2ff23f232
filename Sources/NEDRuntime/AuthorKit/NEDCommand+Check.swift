import Basics
import CLIGrammar
import ConfigTree

extension NEDCommand {
    /// `check`: for each file what was skipped and whether the rest comes back; last line
    /// `N files, N round trips, S of L lines skipped`.
    func check(_ package: String, _ files: [String]) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        for finding in subject.grammar.annotationFindings() { services.errors("\(finding)") }
        var (good, skipped, lines) = (0, 0, 0)
        for file in files {
            let trip = try roundTrip(file, subject)
            for line in trip.skipped { services.errors(Self.report(line, file)) }
            for line in trip.lost.prefix(5) {
                services.errors("\(file): the rendering is not read back: \(line.text): \(line.reason)")
            }
            if trip.lost.isEmpty, !trip.isIdentity {
                services.errors("\(file): comes back different: \(ChangeSet(trip.difference).json)")
            }
            let taken = trip.lineCount - trip.skipped.count
            services.output(
                "\(file): \(trip.lineCount) lines, \(trip.skipped.count) skipped, "
                    + "\(trip.isIdentity ? "comes back" : "comes back DIFFERENT"), "
                    + "\(trip.givenBack) of \(taken) lines word for word")
            good += trip.isIdentity ? 1 : 0
            skipped += trip.skipped.count
            lines += trip.lineCount
        }
        services.output("\(files.count) files, \(good) round trips, \(skipped) of \(lines) lines skipped")
        return good == files.count ? 0 : 1
    }

    private func roundTrip(_ file: String, _ subject: Subject) throws -> RoundTrip {
        let bytes = try services.read(file)
        do throws(CLIFault) {
            return try RoundTrip(bytes, subject.grammar, isVolatile: subject.isVolatile)
        } catch {
            throw Fault(message: "\(file): \(error)")
        }
    }
}
