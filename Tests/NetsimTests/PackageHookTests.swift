import Basics
import Foundation
import Testing

@testable import Netsim

/// What a package's own `netsim` directory contributes.
@Suite(.enabled(if: TestNetwork.hasModules), .timeLimit(.minutes(5))) struct PackageHookTests {
    /// A copy of the package with other files in its netsim directory.
    private func package(_ network: TestNetwork, _ files: [String: String]) throws -> String {
        let path = network.directory + "/hooked"
        try FileManager.default.copyItem(atPath: TestNetwork.old, toPath: path)
        for (name, text) in files { try DurableFiles.write(path + "/netsim/" + name, Array(text.utf8)) }
        return path
    }

    @Test(.enabled(if: TestNetwork.isInstalled("make"))) func installTargetAndPlaceholdersMakeTheDevice() throws {
        let network = try TestNetwork()
        let package = try package(
            network,
            [
                "Makefile": """
                install:
                \techo "$$NAME $$COUNTER $$TWO_DIGIT_COUNTER" > $(DEST_DIR)/who
                \tcp confd.conf.netsim start.sh $(DEST_DIR)
                \tsed s/%NAME%/made-$(NAME)/ openned-ios.xml > $(DEST_DIR)/cdb/first.xml

                """,
                "confd.conf.netsim": "%NAME% %COUNTER% %TWO_DIGIT_COUNTER% %CLI_SSH_PORT% %IPC_PORT% 100%\n",
                "start.sh": "exit 0\n",
            ])
        try network.run("create-network", package, "2", "c").expectSuccess()
        let directory = network.directory + "/netsim/c/c1"
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
        }
        #expect(try text("who") == "c1 1 01\n")
        #expect(try text("confd.conf") == "c1 1 01 \(network.basePort + 1) 5011 100%\n")
        #expect(try text("cdb/first.xml").contains(">made-c1</hostname>"))
        #expect(access(directory + "/start.sh", X_OK) == 0)
        #expect(!DurableFiles.exists(directory + "/cdb/openned-ios.xml"))
    }

    @Test(.enabled(if: TestNetwork.isInstalled("make"))) func failedInstallLeavesNothing() throws {
        let network = try TestNetwork()
        try network.run("create-device", TestNetwork.old, "x").expectSuccess()
        let package = try package(network, ["Makefile": "install:\n\techo no luck >&2; exit 3\n"])
        let result = try network.run("add-to-network", package, "2", "c")
        #expect(
            result.status == 1 && result.errors.contains("no luck") && result.errors.contains("make install for c0"))
        #expect(!DurableFiles.exists(network.directory + "/netsim/c"))
        #expect(try network.run("list").output.components(separatedBy: "name=").count == 2)
    }

    @Test func rulesOfTheInstallationAreNotRun() throws {
        #expect(!PackageHook.hasOwnRules(TestNetwork.old + "/netsim/Makefile"))
    }

    @Test func scriptThatStartsNothingIsReported() throws {
        let network = try TestNetwork()
        let package = try package(
            network, ["start.sh": "echo \"$NAME $CLI_SSH_PORT $PACKAGE_NETSIM_DIR\"\nexit 4\n"])
        try network.run("create-network", package, "1", "c").expectSuccess()
        let started = try network.run("start")
        #expect(started.status == 1 && started.output == "DEVICE c0 FAIL\n")
        #expect(started.errors.contains("ended with status 4 and did not start the device"))
        #expect(started.errors.contains("c0 \(network.basePort) \(package)/netsim"))
    }

    @Test func scriptOfADeviceStartsItByItsProgram() throws {
        let network = try TestNetwork()
        // Calls back into the test by a file, as the program would be called.
        let package = try package(network, ["start.sh": "${CONFD} -c confd.conf ${CONFD_FLAGS} --addloadpath /x\n"])
        try network.run("create-network", package, "1", "c").expectSuccess()
        let directory = network.directory + "/netsim/c/c0"
        var said = ""
        func program(_ words: String...) -> Int32 {
            ConfdProgram.run(
                arguments: words, environment: network.environment, workingDirectory: directory, launch: network.launch,
                output: { said += $0 }, errors: { said += $0 })
        }
        #expect(program("--status") == 1)
        #expect(program("-c", "confd.conf", "--addloadpath", "/x") == 0, "\(said)")
        #expect(program("--start-phase1") == 0 && program("--wait-started") == 0)
        #expect(try network.run("is-alive").output == "DEVICE c0 OK\n")
        #expect(try network.run("start").output == "DEVICE c0 already STARTED\n")
        #expect(program("--stop") == 0)
        #expect(try network.run("is-alive").output == "DEVICE c0 FAIL\n")
    }
}
