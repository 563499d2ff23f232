import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Packages made by `ncs-make-package`, and public ones of every form with code that is not run.
    @Suite struct NewPackageTests {
        @Test func aNewPackageIsBuiltTestedLoadedAndEdited() throws {
            try Lab.use("new-package") { lab in
                try lab.shell(
                    """
                    mkdir build && cd build
                    ncs-make-package --cli-ned-skeleton --package-version 2.3.4 --vendor 'Acme & Sons' --build acme
                    make -C acme/test
                    ncs-make-package --cli-ned-skeleton --dest plain --no-netsim --no-test acme-plain-cli-1.0
                    test ! -e plain/netsim && test ! -e plain/test && ncs-package build plain
                    """)
                for (wrong, reason) in [
                    ("--netconf-ned x acme", "no such directory can be read"),
                    ("--netconf-ned build acme", "there are no modules"), ("acme", "say which package"),
                    ("--cli-ned-skeleton build/acme", "build/acme"),
                    ("--cli-ned-skeleton --dest build/acme a", "build/acme"),
                ] {
                    let outcome = try lab.attempt("/bin/sh", ["-c", "ncs-make-package \(wrong)"])
                    #expect([1, 2].contains(outcome.status) && outcome.text.contains(reason), "\(outcome)")
                }
                try lab.shell("ncs-netsim create-network build/acme 1 a && ncs-netsim start")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim")
                try lab.startDaemon()
                let shown = try lab.operate("show packages package acme-cli-2.3")
                try require(shown, contains: "package-version 2.3.4", "Acme & Sons", "oper-status up")
                try lab.synchronise(1)
                try lab.commit("devices device a0 config interface Ethernet1 mtu 1500")
                try require(try lab.onRouter("a0"), contains: "interface Ethernet1", " mtu 1500", "hostname a0")
                #expect(try lab.outOfSync(["a0"]) == [:])
            }
        }

        private static let hasGit = FileManager.default.isExecutableFile(atPath: "/usr/bin/git")

        @Test(.enabled(if: hasGit, "no git"))
        func aSystemIsMadeOfAProjectByItsMakefile() throws {
            try Lab.use("project") { lab in
                let said = try lab.shell(
                    """
                    ncs-project create -d . system
                    (cd packages && ncs-make-package --cli-ned-skeleton --no-test acme)
                    (mkdir .git-source && cd .git-source && ncs-make-package --cli-ned-skeleton --no-test emca
                     cd emca && git init -q && git config user.email t@example.com && git config user.name T
                     git add -A && git commit -qm first)
                    package() { echo "<package><name>$1</name>$2</package>"; }
                    device() {
                        echo "<device><name>$1</name><prefix>$2</prefix><num-devices>1</num-devices></device>"; }
                    { echo '<project-meta-data xmlns="http://tail-f.com/ns/ncs-project"><name>system</name>'
                      echo "<netsim>$(device acme a)$(device emca e)</netsim>"
                      package acme '<local/>'
                      package emca "<git><repo>file://$PWD/.git-source/emca</repo></git>"
                      echo '</project-meta-data>'; } > project-meta-data.xml
                    ncs-project update -y && make all start && make gstat
                    """, seconds: 600)
                try require(said, contains: "DEVICE a0 OK STARTED", "------ Package: emca")
                try lab.synchronise(2)
                try lab.commit("devices device e0 config interface Ethernet1 mtu 1500")
                try require(try lab.onRouter("e0"), contains: " mtu 1500")
                try lab.shell("make stop && make reset && test ! -e ncs-cdb/cdb.sqlite && test ! -e netsim")
            }
        }

        private static let examples = SharedData.path("nso-examples")

        /// The other packages of the set are in `PublicPackageTests` and `NETCONFDeviceTests`.
        @Test(.enabled(if: examples != nil, "no shared data"))
        func publicPackagesAreBuiltByTheirMakefilesAndLoadWithoutTheirCode() throws {
            let examples = try #require(Self.examples)
            try Lab.use("public-forms") { lab in
                let fixtures = Repository.path("Tests/Fixtures")
                for (name, fixture, more) in [
                    ("cisco-ios-netsim-cli-1.0", "cisco-netsim", "DEV_NAME=cisco-ios javac"),
                    ("cisco-nx-netsim-cli-1.0", "cisco-netsim", "DEV_NAME=cisco-nx"),
                    ("router-nc-1.1", "router-nc-1.0", ""),
                ] {
                    let said = try lab.shell(
                        """
                        mkdir -p build && cp -R \(examples)/\(name) build/ && chmod -R u+w build
                        cp -R \(fixtures)/\(fixture)/. build/\(name)/ && make -C build/\(name)/src \(more)
                        """, seconds: 600)
                    let models = lab.directory.names(in: "run/build/\(name)/load-dir")
                    #expect(models.contains("tailf-ned-id-\(name).fxs") && models.count >= 4, "\(name): \(models)")
                    let hasJava = fixture == "cisco-netsim"
                    #expect(said.contains("is not built, and its models go without it") == hasJava, "\(said)")
                }
                try lab.directory.write(
                    "run/build/script/package-meta-data.xml",
                    """
                    <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
                      <name>script</name>
                      <package-version>1.0</package-version>
                      <python-package><vm-name>script</vm-name></python-package>
                      <component><name>main</name>
                        <application><python-class-name>script.main.Main</python-class-name></application>
                      </component>
                    </ncs-package>
                    """)
                try lab.directory.write("run/build/script/python/script/main.py", "import ncs\n")
                try lab.shell("ncs-setup --dest .")
                try lab.shell("for p in cisco-nx-netsim-cli-1.0 router-nc-1.1 script; do mv build/$p packages/; done")
                try lab.startDaemon()
                let shown = try lab.operate("show packages package | nomore")
                #expect(shown.occurrences(of: "oper-status up") == 3, "\(shown)")
                try require(
                    shown, contains: "the Java part in src/java is not built", "the code in python/ is not run",
                    "the code of application component main is not run")
            }
        }
    }
}
