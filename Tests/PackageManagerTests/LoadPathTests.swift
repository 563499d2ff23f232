import Foundation
import PackageManager
import Testing

@Suite struct LoadPathTests {
    private let packages: PackageWorkshop

    init() throws { packages = try PackageWorkshop() }

    private func path(_ name: String) -> String { packages.workshop.path(name) }

    @Test func everyFormOfAPackageIsFound() throws {
        let workshop = packages.workshop
        try packages.directory("packages/plain", "plain")
        try packages.directory("elsewhere/linked", "linked")
        try workshop.must("ln -s ../elsewhere/linked packages/linked")
        try workshop.must("touch packages/a-1.0.tar packages/b-1.0.tar.gz packages/c-1.0.tgz packages/d-1.0.signed.bin")
        try workshop.must("ln -s nowhere packages/lost")
        try workshop.must("touch packages/README packages/.hidden.tar.gz && mkdir packages/.git packages/notes")
        try workshop.must("mkdir -p packages/unbuilt/src packages/bare/load-dir")
        try workshop.write("packages/unbuilt/src/package-meta-data.xml.in", "")
        let found = packages.loadPath.sources().map { "\($0.fileName) \($0.form)" }
        #expect(
            found == [
                "a-1.0.tar archive", "b-1.0.tar.gz archive", "bare directory", "c-1.0.tgz archive",
                "d-1.0.signed.bin bundle", "linked directory", "lost brokenLink", "plain directory",
                "unbuilt directory",
            ])
    }

    @Test func ofANameInTwoDirectoriesTheFirstIsTaken() throws {
        try packages.directory("one/p", "p")
        try packages.directory("two/p", "p")
        try packages.directory("two/q", "q")
        let found = LoadPath([path("one"), path("absent"), path("two")]).sources().map(\.path)
        #expect(found == [path("one/p"), path("two/q")])
    }
}
