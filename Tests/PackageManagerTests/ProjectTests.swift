import Basics
import Foundation
import PackageManager
import Synchronization
import TestSupport
import Testing

/// `ncs-project`, with packages of the project, of git repositories, archives and packages-stores.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/git"), "no git"))
struct ProjectTests {
    private let workshop: Workshop

    init() throws {
        workshop = try Workshop()
        try workshop.must(
            "git config --file gitconfig user.name Tester && git config --file gitconfig user.email t@example.com")
    }

    // MARK: The program

    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Calls it with paths in the workshop: `@/x` stands for one.
    private func call(_ line: String, answer: String? = nil) -> Outcome {
        let said = Mutex((output: "", errors: ""))
        var environment = ProcessInfo.processInfo.environment
        environment["NCS_DIR"] = workshop.path("installation")
        environment["GIT_CONFIG_GLOBAL"] = workshop.path("gitconfig")
        // As if git had called us: its variables are not for our packages.
        environment["GIT_DIR"] = "/nowhere"
        let words = line.split(separator: " ").map { String($0).replacing("@/", with: workshop.directory + "/") }
        let context = PackageCommand.Context(
            environment: environment, now: Date(timeIntervalSince1970: 1_795_280_400), compile: nil,
            output: { text in said.withLock { $0.output += text } },
            errors: { text in said.withLock { $0.errors += text } })
        let status = ProjectCommand.run(arguments: words, context: context) { directory in
            try DurableFiles.makeDirectory(directory + "/packages")
            try DurableFiles.write(directory + "/ncs.conf", Array("settings".utf8))
        } answer: { question in
            said.withLock { $0.output += question }
            return answer
        }
        return said.withLock { said in
            Outcome(
                status: status, output: said.output.replacing(workshop.directory, with: "@"),
                errors: said.errors.replacing(workshop.directory, with: "@"))
        }
    }

    @discardableResult
    private func must(_ line: String) throws -> String {
        let outcome = call(line)
        try #require(outcome.status == 0, "\(line): \(outcome)")
        return outcome.output
    }

    // MARK: Material

    private func metaData(_ name: String, _ version: String, requires: String = "", releases: [String] = []) -> String {
        let least = releases.map { "<ncs-min-version>\($0)</ncs-min-version>" }.joined()
        return """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>\(name)</name>\
            <package-version>\(version)</package-version>\(least)\(requires)</ncs-package>
            """
    }

    private func required(_ name: String, from version: String? = nil) -> String {
        let least = version.map { "<min-version>\($0)</min-version>" } ?? ""
        return "<required-package><name>\(name)</name>\(least)</required-package>"
    }

    private func archive(_ file: String, _ name: String, _ metaData: String) throws {
        try workshop.write("made/\(name)/package-meta-data.xml", metaData)
        try workshop.must("mkdir -p $(dirname \(file)) && tar -C made -czf \(file) \(name) && rm -rf made")
    }

    /// A bare repository `git/NAME.git` with a commit for each version, each with a tag.
    private func repository(_ name: String, _ versions: [String], requires: String = "") throws {
        try workshop.must("git init -q -b stable source")
        for version in versions {
            try workshop.write("source/package-meta-data.xml", metaData(name, version, requires: requires))
            try workshop.must(
                """
                export GIT_CONFIG_GLOBAL=$PWD/gitconfig
                cd source && git add -A && git commit -qm \(version) && git tag v\(version)
                """)
        }
        try workshop.must("mkdir -p git && git clone -q --bare source git/\(name).git && rm -rf source")
    }

    private func project(_ content: String) throws {
        try workshop.write(
            "p/project-meta-data.xml",
            """
            <project-meta-data xmlns="http://tail-f.com/ns/ncs-project"><name>p</name>
            <project-version>2.1</project-version>
            \(content.replacing("@/", with: workshop.directory + "/"))
            </project-meta-data>
            """)
    }

    private func version(_ package: String, in directory: String = "p") throws -> String {
        try PackageBuilder.metaData(of: workshop.path("\(directory)/packages/\(package)")).metaData.version.description
    }

    // MARK: Creating and updating

    @Test func aNewProjectIsCompleteAndAnUpdateOfItAsksNothing() throws {
        let said = try must("create @/p")
        #expect(
            said == """
                Creating directory: @/p
                Using NCS 6.7 found in @/installation
                wrote project to @/p

                """)
        let names = [
            "Makefile", "README.ncs", "init_data", "packages", "project-meta-data.xml", "setup.mk", "ncs.conf",
        ]
        for name in names { #expect(workshop.exists("p/" + name), "\(name)") }
        #expect(
            try must("update -v @/p") == """
                ncs-project: installing packages...
                ncs-project: installing packages...ok
                ncs-project: resolving package dependencies...
                ncs-project: resolving package dependencies...ok
                ncs-project: determining build order...
                ncs-project: determining build order...ok
                ncs-project: determining ncs-min-version...
                ncs-project: determining ncs-min-version...ok

                """)
        #expect(call("create @/p").errors.contains("is there already"))
    }

    @Test func packagesComeFromWhereTheFileSaysAndWhatTheyRequireFromTheStores() throws {
        try must("create @/p")
        try repository("foo", ["1.0", "1.1"], requires: required("base", from: "1.5"))
        try repository("deep", ["3.0"])
        try archive("ncs-6.7-bar-1.2.tar.gz", "bar", metaData("bar", "1.2", releases: ["6.3", "6.7"]))
        for version in ["1.0", "1.6", "1.7"] {
            let file = "store/base/\(version)/ncs-6.7-base-\(version).tar.gz"
            try archive(file, "base", metaData("base", version, requires: required("deep"), releases: ["6.7"]))
        }
        try workshop.write("p/packages/mine/package-meta-data.xml", metaData("mine", "1.0", requires: required("foo")))
        try project(
            """
            <packages-store><directory><name>../store</name></directory>
              <git><repo>file://@/git</repo><branch>stable</branch></git></packages-store>
            <netsim><device><name>mine</name><prefix>ce</prefix><num-devices>2</num-devices></device></netsim>
            <package><name>mine</name><local/></package>
            <package><name>bar</name><url>file://@/ncs-6.7-bar-1.2.tar.gz</url></package>
            <package><name>foo</name><git><tag>v1.0</tag></git></package>
            """)
        let said = try must("update -v -y @/p")
        for line in [
            "found local installation of \"mine\"", "unpacked tar file: @/ncs-6.7-bar-1.2.tar.gz",
            "git clone \"file://@/git/foo.git\" \"@/p/packages/foo\"", "git checkout -q \"v1.0\"",
            "unpacked tar file: @/p/../store/base/1.7/ncs-6.7-base-1.7.tar.gz",
            "git clone \"file://@/git/deep.git\" \"@/p/packages/deep\"",
        ] { #expect(said.contains("ncs-project: \(line)\n"), "\(line):\n\(said)") }
        #expect(try version("foo") == "1.0")
        let setup = String(decoding: try workshop.read("p/setup.mk"), as: UTF8.self)
        #expect(setup.contains("PACKAGES = bar deep base foo mine\n"), "\(setup)")
        #expect(setup.contains("GIT_PACKAGES = deep foo\n"), "\(setup)")
        #expect(setup.contains("ncs-netsim --dir netsim create-network packages/mine 2 ce\n"), "\(setup)")
        #expect(try must("-n @/p") == "6.3, 6.7\n", "of what the project itself names")
    }

    @Test func anUpdateFollowsTheRepositoryAndKeepsWhatWasChangedByHand() throws {
        try must("create @/p")
        try repository("foo", ["1.0", "1.1"])
        func say(_ reference: String) throws {
            try project("<package><name>foo</name><git><repo>@/git/foo.git</repo>\(reference)</git></package>")
            try must("update -y @/p")
        }
        for (reference, expected) in [
            ("<tag>v1.0</tag>", "1.0"), ("", "1.1"), ("<tag>v1.0</tag>", "1.0"), ("<branch>stable</branch>", "1.1"),
        ] {
            try say(reference)
            #expect(try version("foo") == expected, "\(reference)")
        }
        try workshop.must("git -C p/packages/foo rev-parse v1.0^{commit} > hash")
        let hash = String(decoding: try workshop.read("hash"), as: UTF8.self).trimmingCharacters(in: .newlines)
        try say("<commit>\(hash)</commit>")
        #expect(try version("foo") == "1.0")
        try workshop.write("p/packages/foo/package-meta-data.xml", metaData("foo", "1.0-mine"))
        try say("<branch>stable</branch>")
        #expect(try version("foo") == "1.1")
        let stash = try workshop.run("git -C p/packages/foo stash list")
        #expect(stash.output.contains("stash@{0}"), "\(stash)")
        let log = try workshop.run("git -C p/packages/foo log --oneline").output
        #expect(log.contains("1.1"))
    }

    /// A project is often a git repository itself: an update never resets that.
    @Test func aPackageThatIsNoCloneIsLeftAloneAndSoIsTheProjectsOwnRepository() throws {
        try must("create @/p")
        try repository("foo", ["1.0"])
        try workshop.write("p/packages/foo/package-meta-data.xml", metaData("foo", "9.9"))
        try project("<package><name>foo</name><git><repo>@/git/foo.git</repo></git></package>")
        try workshop.must("git -C p init -q")
        let outcome = call("update -y @/p")
        #expect(outcome.status == 1 && outcome.errors.contains("is no clone of a git repository"), "\(outcome)")
        #expect(try version("foo") == "9.9")
    }

    @Test func setupIsNotOverwrittenAgainstTheUsersWill() throws {
        try must("create @/p")
        try workshop.write("p/setup.mk", "mine\n")
        let outcome = call("update @/p", answer: "n")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("The file 'setup.mk' will be overwritten, Continue (y/n)? "), "\(outcome)")
        #expect(try workshop.read("p/setup.mk") == Array("mine\n".utf8))
        #expect(call("update @/p", answer: "y").status == 0)
        #expect(try workshop.read("p/setup.mk") != Array("mine\n".utf8))
    }

    @Test func aPackageComesFromAWebServerAndIsNotFetchedIntoHalf() throws {
        try must("create @/p")
        try archive("web/bar-1.2.tar.gz", "bar", metaData("bar", "1.2"))
        try workshop.must("head -c 100 web/bar-1.2.tar.gz > web/half-1.2.tar.gz")
        let server = try RepositoryServer(workshop.path("web"))
        try project("<package><name>bar</name><url>\(server.url)/bar-1.2.tar.gz</url></package>")
        try must("update -y @/p")
        #expect(try version("bar") == "1.2")
        for (file, reason) in [("half-1.2.tar.gz", "half-1.2.tar.gz"), ("none-1.2.tar.gz", "404")] {
            try project("<package><name>bar</name><url>\(server.url)/\(file)</url></package>")
            let outcome = call("update -y @/p")
            #expect(outcome.status == 1 && outcome.errors.contains(reason), "\(outcome)")
            #expect(try version("bar") == "1.2")
            let left = try FileManager.default.contentsOfDirectory(atPath: workshop.path("p/packages"))
            #expect(left == ["bar"], "\(left)")
        }
    }

    // MARK: Export

    @Test func anExportedProjectIsMadeAgainElsewhere() throws {
        try must("create @/p")
        try repository("foo", ["1.0", "1.1"])
        try archive("bar-1.2.tar.gz", "bar", metaData("bar", "1.2", requires: required("elsewhere")))
        try workshop.write("p/packages/mine/package-meta-data.xml", metaData("mine", "1.0"))
        try workshop.write("p/packages/tested/package-meta-data.xml", metaData("tested", "1.0"))
        try workshop.write("p/init_data/first.xml", "<first/>")
        try workshop.write("p/docs/more.txt", "more")
        try project(
            """
            <netsim><device><name>mine</name><prefix>a</prefix><num-devices>1</num-devices></device></netsim>
            <bundle><name>whole</name><includes><file><path>docs</path></file></includes>
              <package><name>mine</name><local/></package><package><name>bar</name></package>
              <package><name>foo</name><git><tag>v1.0</tag></git></package></bundle>
            <package><name>mine</name><local/></package><package><name>tested</name><local/></package>
            <package><name>bar</name><url>file://@/bar-1.2.tar.gz</url></package>
            <package><name>foo</name><git><repo>file://@/git/foo.git</repo><branch>stable</branch></git></package>
            """)
        let outcome = call("export @/p")
        #expect(outcome.output == "Creating bundle ...\nCreating bundle ... ok\n", "\(outcome)")
        #expect(outcome.errors.contains("bar requires elsewhere, which is not in the bundle"), "\(outcome)")
        let listed = try workshop.run("tar tzf p/whole-2.1.tar.gz").output
        for name in ["docs/more.txt", "init_data/first.xml", "packages/ncs-6.7-mine-1.0.tar.gz"] {
            #expect(listed.contains("whole-2.1/\(name)\n"), "\(listed)")
        }
        #expect(!workshop.exists("p/.bundle"))
        #expect(try must("export --name=other --pkg-prefix=x @/p").contains("ok"))
        #expect(try workshop.run("tar tzf p/other.tar.gz").output.contains("other/packages/x-mine-1.0.tar.gz\n"))
        #expect(try must("export --prefix=pre --snapshot @/p").contains("ok"))
        #expect(workshop.exists("p/pre-whole-2.1-20261121T170000.tar.gz"))
        #expect(try must("create --from-bundle=@/p/whole-2.1.tar.gz --dest=@/i").hasSuffix("@/i/whole-2.1\n"))
        #expect(try version("foo", in: "i/whole-2.1") == "1.0")
        let left = try FileManager.default.contentsOfDirectory(atPath: workshop.path("i/whole-2.1/packages")).sorted()
        #expect(left == ["bar", "foo", "mine"])
        let setup = String(decoding: try workshop.read("i/whole-2.1/setup.mk"), as: UTF8.self)
        #expect(setup.contains("PACKAGES = mine bar foo\n") && setup.contains("packages/mine 1 a"), "\(setup)")
    }

    @Test func gitCommandsRunInEveryCloneAndOnlyThere() throws {
        try must("create @/p")
        try repository("foo", ["1.0"])
        try repository("bar", ["2.0"])
        try workshop.write("p/packages/mine/package-meta-data.xml", metaData("mine", "1.0"))
        try project(
            """
            <package><name>foo</name><git><repo>@/git/foo.git</repo></git></package>
            <package><name>bar</name><git><repo>@/git/bar.git</repo></git></package>
            <package><name>mine</name><local/></package>
            """)
        try must("update -y @/p")
        let said = try must("git -C @/p --no-pager log -n 1 --format=%s")
        #expect(said == "\n------ Package: bar\n2.0\n\n------ Package: foo\n1.0\n")
        #expect(call("git -C @/p no-such-command").status == 1)
    }

    // MARK: Refusals

    @Test func aFileThatCannotBeMeantIsRefusedWithItsLine() throws {
        try must("create @/p")
        for (content, reason) in [
            ("<package><name>../x</name><local/></package>", "xml:3:10: error: '../x' is not allowed as <name>"),
            ("<package><name>$(reboot)</name></package>", "is not allowed as <name>"),
            ("<package><name>a</name><local/><url>x</url></package>", "one of <local>, <url> and <git>"),
            ("<package><name>a</name><git><repo>--upload-pack=x</repo></git></package>", "does not begin with '-'"),
            ("<package><name>a</name><git><repo>r</repo><branch>-f</branch></git></package>", "does not begin"),
            ("<package><name>a</name></package><package><name>a</name></package>", "two <package> with the name 'a'"),
            ("<netsim><device><name>b</name><prefix>x</prefix><num-devices>1</num-devices></device></netsim>", "no <p"),
            ("<bundle><includes><file><path>../../etc/passwd</path></file></includes></bundle>", "leads out of"),
            ("<bundle><package><name>b</name></package></bundle>", "there is no <package> 'b'"),
            ("<pakage/>", "<pakage> is not known"), ("<package><name>a</name><local/></package>", "is a local package"),
            ("<package><name>a</name></package>", "a: was found nowhere"),
            ("<package><name>a</name><git><repo>@/none.git</repo></git></package>", "git clone"),
            ("<package><name>a</name><url>ftp://x/a.tar.gz</url></package>", "use file, http or https"),
            ("<package><name>a</name><url>file://@/p/ncs.conf</url></package>", "ncs.conf"),
        ] {
            try project(content)
            let outcome = call("update -y @/p")
            #expect(outcome.status == 1 && outcome.errors.contains(reason), "\(content): \(outcome)")
        }
        try project("")
        #expect(call("export @/p").errors.contains("has no <bundle>"))
        #expect(call("update @/nowhere").errors.contains("ncs-project create"))
        for wrong in ["", "frobnicate", "update --wrong", "create", "export --name=a --prefix=b @/p", "git"] {
            #expect(call(wrong).status == 2, "\(wrong)")
        }
        #expect(call("create --ncs-bin-url file:///x q").errors.contains("installs no other release"))
    }

    @Test func packagesThatRequireEachOtherOrWhatIsNowhereAreNamed() throws {
        try must("create @/p")
        try workshop.write("p/packages/a/package-meta-data.xml", metaData("a", "1.0", requires: required("b")))
        try workshop.write("p/packages/b/package-meta-data.xml", metaData("b", "1.0", requires: required("a")))
        try project("<package><name>a</name><local/></package>")
        #expect(call("update -y @/p").errors.contains("a, b: require each other in a circle"))
        let needy = metaData("b", "1.0", requires: required("c", from: "2.0"))
        try workshop.write("p/packages/b/package-meta-data.xml", needy)
        let outcome = call("update -y @/p")
        #expect(outcome.errors.contains("c: from 2.0 is required by package b, and no packages-store has it"))
        try workshop.write("p/packages/c/package-meta-data.xml", metaData("c", "1.0", releases: ["99.1"]))
        let warned = call("update -y @/p")
        #expect(warned.status == 0 && warned.errors.contains("b requires c from 2.0, and packages has version 1.0"))
        #expect(warned.errors.contains("package c requires NCS version 99.1; this is 6.7"), "\(warned)")
    }
}
