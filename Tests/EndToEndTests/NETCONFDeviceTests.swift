import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// NETCONF at both ends: our driver with our devices, and a foreign client with our devices.
    @Suite struct NETCONFDeviceTests {
        private static let source = SharedData.path("nso-examples/router-nc-1.0")

        @Test(.enabled(if: source != nil, "no shared data"))
        func aPublicNETCONFPackageIsSyncedEditedAndRepaired() throws {
            let source = try #require(Self.source)
            try Lab.use("netconf-package") { lab in
                try Self.build(source, lab)
                try lab.shell("ncs-netsim create-network build/router-nc-1.0 2 r && ncs-netsim start")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim")
                try lab.startDaemon()
                try lab.synchronise(2)
                try lab.commit(
                    """
                    devices device r0..1 config sys dns server 192.0.2.53
                    no devices device r0 config sys routes inet route 10.50.0.0 16
                    """)
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                try lab.requireAgreement(["r0", "r1"])
                let log = try lab.shell("ncs-netsim log r0")
                try require(log, contains: "<lock>", "<edit-config>", "<validate>", "<commit>", "<unlock>")
                try require(try lab.onRouter("r0"), contains: "192.0.2.53")

                try lab.onRouterConfigure("r0", "sys dns server 198.51.100.1")
                #expect(try lab.outOfSync(["r0", "r1"]).keys.sorted() == ["r0"])
                let planned = try lab.operate("devices device r0 sync-to dry-run")
                try require(planned, contains: "nc:operation=\"delete\"", "198.51.100.1")
                try require(try lab.operate("devices device r0 sync-to"), contains: "result true")
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                #expect(!(try lab.onRouter("r0").contains("198.51.100.1")))

                try lab.shell("ncs-netsim fault r1 refuse-line commit 'no commit today'")
                let refused = try lab.refuse(
                    "config\ndevices device r0..1 config sys dns server 192.0.2.99\ncommit")
                try require(refused, contains: "device r1", "the device refuses commit", "no commit today")
                try lab.shell("ncs-netsim fault r1 clear")
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                #expect(!(try lab.onRouter("r0").contains("192.0.2.99")))
            }
        }

        static func build(_ source: String, _ lab: Lab) throws {
            try lab.shell(
                """
                mkdir -p build && cp -R \(source) build/ && chmod -R u+w build
                cp -R \(Repository.path("Tests/Fixtures/router-nc-1.0"))/. build/router-nc-1.0/
                make -C build/router-nc-1.0/src
                """)
        }

        private static let hasNcclient = (try? ChildProcess.run("python3", ["-c", "import ncclient"]).status) == 0

        @Test(.enabled(if: hasNcclient && source != nil, "ncclient is not installed, or no shared data"))
        func ncclientDrivesEveryOperation() throws {
            let source = try #require(Self.source)
            try Lab.use("ncclient") { lab in
                try lab.shell("cp -R \(source) package && chmod -R u+w package && mkdir package/load-dir")
                try lab.shell("ncs-netsim create-network package 1 r && ncs-netsim start")
                let port = try lab.shell("ncs-netsim get-port r0 netconf").filter(\.isNumber)
                let info = try lab.shell("cat netsim/.netsiminfo")
                let tcp = try #require(info.split(separator: "\n").first { $0.hasPrefix("netconf_tcp_ports") })
                    .filter(\.isNumber).dropFirst()
                try lab.directory.write("run/drive.py", Self.script)
                let python = try ChildProcess.run("python3", ["-c", "import sys; print(sys.executable)"]).output
                let outcome = try lab.attempt(
                    python.trimmingCharacters(in: .newlines), ["drive.py", port, String(tcp)])
                guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
                try require(outcome.output, contains: "all operations done")
            }
        }

        private static let script = #"""
            import re
            import sys
            from ncclient import manager
            from ncclient.operations import RPCError
            from ncclient.xml_ import to_ele

            base = 'urn:ietf:params:xml:ns:netconf:base:1.0'
            MONITORING = 'urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring'
            def connect():
                return manager.connect(host='127.0.0.1', port=int(sys.argv[1]), username='admin', password='admin',
                                       hostkey_verify=False, allow_agent=False, look_for_keys=False, timeout=60)
            def config(inner):
                return ('<config xmlns="%s" xmlns:nc="%s"><sys xmlns="http://example.com/router"><dns>%s</dns></sys></config>'
                        % (base, base, inner))
            def server(address, operation=None):
                attribute = ' nc:operation="%s"' % operation if operation else ''
                return config('<server%s><address>%s</address></server>' % (attribute, address))
            def refused(tag, work, *args, **named):
                try:
                    work(*args, **named)
                except RPCError as error:
                    assert error.tag == tag, (error.tag, error.message)
                else:
                    raise AssertionError('not refused: ' + tag)

            a, b = connect(), connect()
            assert ':candidate' in a.server_capabilities and ':confirmed-commit:1.1' in a.server_capabilities
            text = lambda m, source='running': m.get_config(source).data_xml
            # get, filters, with-defaults, get-schema
            assert 'netconf-state' in a.get().data_xml
            routes = ('subtree', '<sys xmlns="http://example.com/router"><dns/></sys>')
            assert '10.2.3.4' in a.get_config('running', filter=routes).data_xml
            assert 'interface' not in a.get_config('running', filter=routes).data_xml
            nothing = ('xpath', ({'r': 'http://example.com/router'}, "/r:sys/r:dns/r:server[r:address='10.2.3.4']"))
            assert '10.2.3.4' in a.get_config('running', filter=nothing).data_xml
            a.get_config('running', with_defaults='report-all')
            assert 'module router' in a.get_schema('router').data
            # what is listed can be had, in the revision that is listed
            listed = a.get(('subtree', '<netconf-state xmlns="%s"><schemas/></netconf-state>' % MONITORING)).data_xml
            schemas = re.findall('<identifier>([^<]*)</identifier>\\s*<version(?:/|>([^<]*)</version)>', listed)
            assert ('ietf-yang-library', '2019-01-04') in schemas and ('notifications', '2008-07-14') in schemas, schemas
            assert ('router-dns', '2008-11-04') in schemas or ('router-dns', '') in schemas, schemas
            for name, version in schemas:
                assert 'module ' + name in a.get_schema(name, version or None).data, name
            # edit-config: every operation
            a.edit_config(target='candidate', config=server('192.0.2.1'))
            a.edit_config(target='candidate', config=server('192.0.2.2', 'create'))
            refused('data-exists', a.edit_config, target='candidate', config=server('192.0.2.2', 'create'))
            a.edit_config(target='candidate', config=server('192.0.2.2', 'replace'))
            a.edit_config(target='candidate', config=server('192.0.2.2', 'delete'))
            refused('data-missing', a.edit_config, target='candidate', config=server('192.0.2.2', 'delete'))
            a.edit_config(target='candidate', config=server('192.0.2.2', 'remove'))
            refused('unknown-element', a.edit_config, target='candidate', config=config('<nonsense/>'))
            a.edit_config(target='candidate', config=server('192.0.2.3'), default_operation='none', test_option='set',
                          error_option='rollback-on-error')
            assert '192.0.2.1' in text(a, 'candidate') and '192.0.2.1' not in text(a)
            # validate, discard, commit
            a.validate('candidate')
            a.discard_changes()
            assert '192.0.2.1' not in text(a, 'candidate')
            a.edit_config(target='candidate', config=server('192.0.2.1'))
            a.commit()
            assert '192.0.2.1' in text(a)
            # confirmed commit: cancelled, confirmed, under a persist-id
            a.edit_config(target='candidate', config=server('192.0.2.4'))
            a.commit(confirmed=True, timeout='60')
            assert '192.0.2.4' in text(b)
            refused('in-use', b.commit)
            a.cancel_commit()
            assert '192.0.2.4' not in text(b)
            a.edit_config(target='candidate', config=server('192.0.2.4'))
            a.commit(confirmed=True, timeout='60', persist='p')
            refused('invalid-value', b.commit, persist_id='q')
            b.commit(persist_id='p')
            assert '192.0.2.4' in text(a)
            # running, copy, delete
            a.edit_config(target='running', config=server('192.0.2.1', 'remove'))
            a.edit_config(target='running', config=server('192.0.2.5'))
            assert '192.0.2.5' in text(b)
            a.copy_config(source='running', target='candidate')
            refused('operation-not-supported', a.delete_config, 'running')
            a.discard_changes()
            # notifications, of a change over NETCONF; requests go on
            c = connect()
            c.create_subscription()
            a.edit_config(target='running', config=server('192.0.2.4', 'remove'))
            while True:
                heard = c.take_notification(timeout=120)
                assert heard is not None
                if '192.0.2.4' in heard.notification_xml and 'netconf-config-change' in heard.notification_xml:
                    break
            assert '192.0.2.4' not in text(c)
            c.close_session()
            # locks, sessions
            with a.locked('candidate'):
                refused('lock-denied', b.lock, 'candidate')
                refused('in-use', b.edit_config, target='candidate', config=server('192.0.2.6'))
            a.lock('running')
            refused('in-use', b.edit_config, target='running', config=server('192.0.2.6'))
            a.unlock('running')
            refused('operation-failed', a.unlock, 'running')
            a.lock('running')
            b.kill_session(a.session_id)
            b.lock('running')
            b.unlock('running')
            unknown = to_ele('<partial-lock xmlns="%s"><select>/</select></partial-lock>' % base)
            refused('operation-not-supported', b.dispatch, unknown)
            b.close_session()
            # plain TCP, with the line that some clients begin with
            import socket
            port = int(sys.argv[2])
            def talk(first):
                with socket.create_connection(('127.0.0.1', port), 60) as line:
                    line.sendall(first + b'<hello xmlns="%s"><capabilities><capability>urn:ietf:params:netconf:base:1.0'
                                 b'</capability></capabilities></hello>]]>]]>' % base.encode())
                    line.sendall(b'<rpc xmlns="%s" message-id="1"><get-config><source><running/></source></get-config>'
                                 b'</rpc>]]>]]><rpc xmlns="%s" message-id="2"><close-session/></rpc>]]>]]>'
                                 % (base.encode(), base.encode()))
                    heard = b''
                    while True:
                        more = line.recv(65536)
                        if not more:
                            return heard
                        heard += more
            for first in (b'', b'[admin;127.0.0.1;tcp;0;0;]\n'):
                heard = talk(first)
                assert b'192.0.2.5' in heard and heard.endswith(b'<ok/></rpc-reply>]]>]]>'), heard[-200:]
            print('all operations done')
            """#
    }
}
