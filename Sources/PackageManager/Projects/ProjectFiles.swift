import Basics

/// The files that a project begins with, and the one that each update writes anew.
enum ProjectFiles {
    static let setupName = "setup.mk"

    /// What `ncs-project update` finds out, for the make file of the project.
    static func setup(_ project: ProjectMetaData, _ packages: [ProjectPackage], clones: [String]) -> String {
        let names = packages.map { DurableFiles.lastComponent($0.directory) }
        var network = ""
        for (index, device) in project.devices.enumerated() {
            let verb = index == 0 ? "create-network" : "add-to-network"
            network += "\tncs-netsim --dir netsim \(verb) packages/\(device.package) \(device.count) \(device.prefix)\n"
        }
        return """
            # Written by 'ncs-project update' from \(ProjectMetaData.fileName): changes here are lost.

            # In the order in which they are built: what a package requires comes before it.
            PACKAGES = \(names.joined(separator: " "))

            # Those that are clones of git repositories.
            GIT_PACKAGES = \(clones.joined(separator: " "))

            .PHONY: packages clean-packages netsim start-netsim stop-netsim delete-netsim

            packages:
            \t(for i in $(PACKAGES); do \\
            \t  if [ -f packages/$${i}/src/Makefile ]; then $(MAKE) -C packages/$${i}/src all || exit 1; \\
            \t  elif [ -f packages/$${i}/src/package-meta-data.xml.in ]; then \\
            \t    mkdir -p .build && ncs-package build packages/$${i} -o .build || exit 1; fi; \\
            \tdone)

            clean-packages:
            \t(for i in $(PACKAGES); do \\
            \t  if [ -f packages/$${i}/src/Makefile ]; then $(MAKE) -C packages/$${i}/src clean || exit 1; fi; \\
            \tdone)
            \trm -rf .build

            """ + (network.isEmpty ? noNetwork : networkTargets.replacing("@NETWORK@", with: network))
    }

    private static let noNetwork = """

        netsim start-netsim stop-netsim delete-netsim:

        """

    private static let networkTargets = """

        netsim: netsim/.netsiminfo

        netsim/.netsiminfo:
        \t$(MAKE) packages
        @NETWORK@\tmkdir -p ncs-cdb
        \tncs-netsim --dir netsim ncs-xml-init > ncs-cdb/netsim_devices_init.xml

        start-netsim: netsim
        \tncs-netsim --dir netsim start

        stop-netsim:
        \tif [ -d netsim ]; then ncs-netsim --dir netsim stop; fi

        delete-netsim: stop-netsim
        \trm -rf netsim ncs-cdb/netsim_devices_init.xml

        """

    static let makefile = """
        # The system of this project. What it is made of is in \(ProjectMetaData.fileName); after a change there call
        # 'ncs-project update'.

        all: packages netsim init-data

        include \(setupName)

        .PHONY: all init-data start stop cli cli-c cli-j clean reset gstat glog

        # Initial configuration: read as the system starts for the first time.
        init-data:
        \tif [ ! -d ncs-cdb ]; then mkdir ncs-cdb; fi
        \tif [ ! -d init_data ]; then mkdir init_data; fi
        \tcp init_data/* ncs-cdb/. > /dev/null 2>&1 || true

        start: start-netsim
        \tncs --stop > /dev/null 2>&1 || true
        \tncs

        stop: stop-netsim
        \tncs --stop || true

        cli: cli-c

        cli-c:
        \tncs_cli -C -u admin

        cli-j:
        \tncs_cli -J -u admin

        clean: clean-packages

        # Everything that the system has learnt is gone then.
        reset: stop delete-netsim
        \trm -rf ncs-cdb/cdb.sqlite* ncs-cdb/snapshots logs/* state/*

        # Of every package that is a clone: what was changed, and the last commit.
        gstat:
        \tncs-project git status --short

        glog:
        \tncs-project git --no-pager log -n 1

        """

    static func metaData(_ name: String) -> String {
        """
        <project-meta-data xmlns="\(ProjectMetaData.namespace)">
          <name>\(name)</name>
          <project-version>1.0</project-version>
          <description>Skeleton for a NCS project</description>

          <!-- Where packages are looked for that say no more than their name, and what packages require:
          <packages-store>
            <directory>
              <name>/where/archives/are</name>
            </directory>
            <git>
              <repo>ssh://git@git.example.com/packages</repo>
              <branch>stable</branch>
            </git>
          </packages-store>
          -->

          <!-- Simulated devices:
          <netsim>
            <device>
              <name>router</name>
              <prefix>ce</prefix>
              <num-devices>2</num-devices>
            </device>
          </netsim>
          -->

          <!-- The packages, each from <local/>, <url> or <git>:
          <package>
            <name>router</name>
            <local/>
          </package>
          -->

        </project-meta-data>

        """
    }

    static let readme = """
        A project of OpenNED: a system with its packages.

        \(ProjectMetaData.fileName)   what it is made of; after a change: ncs-project update
        Makefile    make all, start, stop, cli, clean, reset, gstat, glog
        setup.mk    written by ncs-project update
        ncs.conf    settings           packages/  the packages
        init_data/  initial configuration, copied to ncs-cdb/ by make all
        ncs-cdb/    the database       state/     packages in use, the store
        logs/       logs and traces    scripts/   commands of your own
        trust/      certificates that package signatures must lead to

        """
}
