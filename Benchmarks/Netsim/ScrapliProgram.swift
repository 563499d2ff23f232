/// The program with which scrapli reads the same devices. In Swift, so that the benchmark is one file to run.
enum ScrapliProgram {
    /// `python3 FILE HOST:PORT ...`: prints a line a transport: its name, the seconds of CPU for all devices, the bytes of
    /// the last one, the seconds that it took.
    static let text = #"""
        # What starting Python and importing costs is left out; ssh programs that it starts are counted.

        import os
        import resource
        import sys
        import time

        COMMAND = "show running-config"
        places = [(host, int(port)) for host, port in (word.rsplit(":", 1) for word in sys.argv[1:])]


        def cpu():
            total = 0.0
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
                use = resource.getrusage(who)
                total += use.ru_utime + use.ru_stime
            return total


        def classic():
            # scrapli up to 2025: transports written in Python, or the ssh program.
            from scrapli.driver.core import IOSXEDriver

            def read(host, port, transport):
                options = dict(host=host, port=port, auth_username="admin", auth_password="admin")
                options |= dict(auth_strict_key=False, ssh_config_file=False, transport=transport)
                with IOSXEDriver(**options) as device:
                    return len(device.send_command(COMMAND).result)

            return {name: lambda h, p, name=name: read(h, p, name) for name in ("system", "paramiko", "ssh2")}


        def native():
            # scrapli from 2026: a library of machine code below Python, with libssh2 or the ssh program.
            from scrapli import AuthOptions, Cli, TransportBinOptions, TransportSsh2Options

            def read(host, port, transport):
                auth = AuthOptions(username="admin", password="admin")
                options = dict(port=port, definition_file_or_name="cisco_iosxe", auth_options=auth)
                with Cli(host, **options, transport_options=transport()) as device:
                    return len(device.send_input(COMMAND).result)

            return {
                "bin": lambda h, p: read(h, p, TransportBinOptions),
                "libssh2": lambda h, p: read(h, p, TransportSsh2Options),
            }


        try:
            transports = classic()
        except ImportError:
            transports = native()
        for name, read in transports.items():
            try:
                size = read(*places[0])
            except Exception as error:  # not installed, or it cannot talk to the devices
                print(f"{name} unusable: {type(error).__name__}: {error}".replace("\n", " ")[:300], file=sys.stderr)
                continue
            before, start = cpu(), time.time()
            for host, port in places:
                size = read(host, port)
            print(name, f"{cpu() - before:.4f}", size, f"{time.time() - start:.2f}", flush=True)
        """#
}
